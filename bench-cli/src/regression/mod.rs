//! Did it get slower? Two sides, measured round by round, and for each cell a verdict that says how sure it is.
//!
//! Pure: no files, no clock, no options of a command line. What is in here is the same for two sets of records and for
//! two programs that are measured side by side.
//!
//! From records to verdicts: `pairing` finds the cells that both sides have and puts their trials side by side;
//! `normalise` makes a log ratio of each pair, less what the machine did meanwhile; `interval` says between which ratios
//! the truth lies, `spread` how much runs differ among themselves; `judge` decides; `comparison` tells it of all cells
//! together.
//!
//! METHODOLOGY.md, "Did it get slower?", has the method in one place, with the error rates that it was found to have.

mod cell;
mod compare;
mod comparison;
mod floor;
mod interval;
mod judge;
mod normalise;
mod pairing;
mod sample;
mod spread;
mod verdict;

pub use cell::Cell;
pub use compare::{CompareError, Options, compare_runs};
pub use comparison::{Because, CellVerdict, Comparison, SmallestCallable, Unjudged};
pub use floor::{CellFloor, Floor, FloorError};
pub use interval::{Interval, order_statistics};
pub use judge::{BetweenRuns, Judgement, Rule, judge};
pub use sample::{Pair, Sample};
pub use verdict::Verdict;
