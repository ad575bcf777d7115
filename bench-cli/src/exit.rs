//! What the exit code tells a script.

use std::process::ExitCode;

/// The answer, as an exit code. Codes keep their meaning across commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and the answer is good.
    Good = 0,
    /// Done, and the answer is bad: a signature failed, a regression, a pair that cannot connect.
    Bad = 1,
    /// The command line or its input cannot be used. Errors that a command returns end here.
    Input = 2,
    /// Done, but the figures do not decide.
    Inconclusive = 3,
    /// The records come from machines that cannot be compared.
    Incomparable = 4,
    /// An algorithm did not give its known answer, so nothing was measured.
    SelfCheckFailed = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
