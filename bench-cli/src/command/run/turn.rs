//! Who says when a trial may start.

use std::fmt::Display;
use std::io::{self, BufRead as _, Write as _};
use std::ops::ControlFlow;

/// What a line that announces a trial begins with.
pub(crate) const TURN: &str = "turn ";

/// When the next trial starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// When the one before is over.
    Own,
    /// When a line comes on stdin, after one on stdout that names the trial.
    InStep,
}

impl Pace {
    /// Waits until it is this trial's turn; `Break` when nobody will ever say so.
    pub(super) fn wait(self, cell: impl Display) -> ControlFlow<()> {
        match self {
            Self::Own => ControlFlow::Continue(()),
            Self::InStep => match ask(cell) {
                Ok(0) | Err(_) => ControlFlow::Break(()),
                Ok(_) => ControlFlow::Continue(()),
            },
        }
    }
}

/// Announces the trial and waits; 0 at the end of stdin.
fn ask(cell: impl Display) -> io::Result<usize> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{TURN}{cell}")?;
    stdout.flush()?;
    io::stdin().lock().skip_until(b'\n')
}
