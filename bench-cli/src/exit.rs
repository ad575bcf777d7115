//! What the exit code tells a script.

use std::io;
use std::process::ExitCode;

use crate::ab::SideError;
use crate::measure::SelfCheckError;
use crate::regression::CompareError;
use crate::report::MixedRecords;

/// The answer, as an exit code. Codes keep their meaning across commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and the answer is good.
    Good = 0,
    /// Done, and the answer is bad: a signature failed, a regression, a pair that cannot connect.
    Bad = 1,
    /// The command line or its input cannot be used. Most errors that a command returns end here.
    Input = 2,
    /// Done, but what there is does not decide; or a run was interrupted, and this is what it had measured.
    Inconclusive = 3,
    /// The records come from machines that cannot be compared.
    Incomparable = 4,
    /// An algorithm did not give its known answer, so nothing was measured.
    SelfCheckFailed = 5,
}

impl Exit {
    /// What an error that ended a command amounts to.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        if is_broken_pipe(error) {
            Self::Good
        } else if failed_self_check(error) {
            Self::SelfCheckFailed
        } else if error.is::<MixedRecords>()
            || error.downcast_ref().is_some_and(CompareError::is_of_the_records)
        {
            Self::Incomparable
        } else {
            Self::Input
        }
    }
}

/// Whether an algorithm gave a wrong answer, here or on a side of a comparison.
fn failed_self_check(error: &anyhow::Error) -> bool {
    let of_a_side = matches!(error.downcast_ref(), Some(SideError::SelfCheck { .. }));
    of_a_side || error.is::<SelfCheckError>()
}

/// Whether the reader of the results has only seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_leaves_is_no_error() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("cannot write");
        assert_eq!(Exit::of(&error), Exit::Good);
        assert_eq!(Exit::of(&anyhow::anyhow!("no such file")), Exit::Input);
    }
}
