//! What is asked of the lanes beside other libraries, and of the offload engine: each figure sets two measurements of our own
//! against each other, round by round, in one run.
//!
//! ```text
//! options    the command line                       figure     what was found, and what is asked of it
//! bench      what is measured in which order        report     table, JSON, CSV, Markdown
//! lanes      figures of the lanes                   sides      what they set against each other
//! offload    figures of the offload engine          letter     a message that an engine can own
//! served     messages through an engine             cores      where threads run
//! alone      one message through an idle engine     parked     what idle workers cost
//! poisson    messages that come at random
//! ```

mod alone;
mod bench;
mod cores;
mod figure;
mod lanes;
mod letter;
mod offload;
mod options;
mod parked;
mod poisson;
mod report;
mod served;
mod sides;

pub use bench::{Acceptance, measure};
pub use figure::{Bound, Figure, Unit};
pub use options::{Options, Theme};
