//! Progress and notes on stderr.

use std::fmt::Display;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Verbosity;

/// A progress bar that draws only on a terminal, and the notes that may appear beside it. Cleared when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    verbosity: Verbosity,
}

impl Progress {
    pub(crate) fn new(steps: u64, verbosity: Verbosity) -> Self {
        let target = match verbosity {
            Verbosity::Quiet => ProgressDrawTarget::hidden(),
            Verbosity::Normal => ProgressDrawTarget::stderr(), // hides itself where there is no terminal
        };
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(steps), target).with_style(style);
        Self { bar, verbosity }
    }

    /// Keeps the remaining time moving while a step is long. Not for measuring: it wakes a thread.
    #[must_use]
    pub fn ticking(self) -> Self {
        self.bar.enable_steady_tick(Duration::from_millis(200));
        self
    }

    /// Says what is being done.
    pub fn doing(&self, what: impl Display) {
        self.bar.set_message(what.to_string());
    }

    /// One more step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// A line on stderr that stays, unless quiet was asked for.
    pub fn note(&self, note: impl Display) {
        match self.verbosity {
            Verbosity::Quiet => {}
            Verbosity::Normal => self.bar.suspend(|| eprintln!("{note}")),
        }
    }

    /// An error's line on stderr, which appears in any case.
    pub fn error(&self, error: impl Display) {
        self.bar.suspend(|| eprintln!("{error}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
