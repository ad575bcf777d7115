//! How a thread waits.

use std::hint;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bell::{Bell, Sleeper};

/// How a thread waits for work, or for a burst that it has submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// It looks again and again: shortest delay, and a core of its own.
    Spin,
    /// It looks for so long, and then sleeps.
    SpinThenPark(Duration),
    /// It sleeps at once. A deadline of [`Config::max_wait`](super::Config::max_wait) then passes late by as much as the
    /// system's timers do, 50 µs on an ordinary Linux.
    Park,
}

/// A thread's waiting from the last time that it found something.
pub(super) struct Patience {
    waiting: Waiting,
    idle_since: Option<Instant>,
    sleeper: Sleeper,
}

/// What a pause was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    Spun,
    Slept,
}

impl Patience {
    pub(super) fn new(waiting: Waiting) -> Self {
        Self { waiting, idle_since: None, sleeper: Sleeper::new() }
    }

    pub(super) fn bell(&self) -> Arc<Bell> {
        self.sleeper.bell()
    }

    /// Something was found: the next wait begins anew.
    pub(super) const fn renew(&mut self) {
        self.idle_since = None;
    }

    /// Waits a little, or sleeps until the bell rings or the deadline has passed.
    pub(super) fn pause(&mut self, deadline: Option<Instant>, ready: impl FnOnce() -> bool) -> Pause {
        let spin = match self.waiting {
            Waiting::Spin => true,
            Waiting::Park => false,
            Waiting::SpinThenPark(limit) => {
                self.idle_since.get_or_insert_with(Instant::now).elapsed() < limit
            }
        };
        if spin {
            hint::spin_loop();
            return Pause::Spun;
        }
        self.sleeper.sleep(deadline, ready);
        Pause::Slept
    }
}
