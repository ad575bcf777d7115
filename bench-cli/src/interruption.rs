//! Ctrl-C, as a question that work asks itself between two steps.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether somebody asked for the run to end.
#[derive(Debug)]
pub struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// From here on the first Ctrl-C or termination signal asks, and the second ends the process, with the exit code that
    /// shells give a process which died of the signal.
    ///
    /// # Errors
    ///
    /// The system refuses to register the signals.
    pub fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(Self(asked))
    }

    /// Whether the first signal came.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
