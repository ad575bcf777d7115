//! Did it get slower? Two sides, measured round by round, and for each cell a verdict that says how sure it is.
//!
//! Pure: no files, no clock, no options of a command line. What is in here is the same for two sets of records and for
//! two programs that are measured side by side.

mod cell;
mod comparison;
mod floor;
mod judge;
mod sample;

pub use cell::Cell;
pub use comparison::{CellVerdict, CompareError, Comparison, Options, compare_runs};
pub use floor::{CellFloor, Floor};
pub use judge::{BetweenRuns, Judgement, Rule, Verdict, judge};
pub use sample::{Pair, Sample};
