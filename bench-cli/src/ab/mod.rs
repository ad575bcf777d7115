//! Two binaries of this program on one machine, taking turns trial by trial.
//!
//! ```text
//! side     one process of one binary: started, told when it may go on, heard, ended
//! round    a fresh process of each; who goes first in which cell; both records
//! order    whose turn comes first, at random and yet balanced
//! looks    after how many rounds the result is looked at, and what each look may spend of the level
//! pairs    both sides of every cell, round by round
//! verdict  what they say of every cell            floor    and what they say where nothing was changed
//! keep     every round's records as they come
//! ```
//!
//! Memory layout, page colours and the moment of starting differ from process to process: a fresh one for every round
//! makes the round the replicate. Within a round both sides run the same arguments and seed with `run --in-step`, so that
//! they come to the same trials in the same order with the same keys; only one of them runs at any time.

mod floor;
mod keep;
mod looks;
mod order;
mod pairs;
mod round;
mod side;
mod verdict;

pub use floor::floor;
pub use keep::Keeper;
pub use looks::{InvalidLooks, Looks};
pub use order::first;
pub use pairs::{PairedCell, pair_of_slices, paired};
pub use round::{Contest, Ended, Played};
pub use side::{Name, Record, SideError};
pub use verdict::{Look, is_decided};
