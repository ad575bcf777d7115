//! Sleeping until something has changed, without missing that it did.
//!
//! `engine/tests/bell_model.rs` runs this protocol between threads, which is our own, under every interleaving
//! with a few preemptions and every outcome of the memory model that loom knows.

use std::sync::Arc;
use std::time::Instant;

use super::sync::{AtomicBool, Ordering, Parker, Unparker, fence};

/// Wakes one thread, if it sleeps.
pub(super) struct Bell {
    asleep: AtomicBool,
    unparker: Unparker,
}

/// The thread's side of its bell.
pub(super) struct Sleeper {
    bell: Arc<Bell>,
    parker: Parker,
}

impl Sleeper {
    pub(super) fn new() -> Self {
        let parker = Parker::new();
        let bell = Bell { asleep: AtomicBool::new(false), unparker: parker.unparker().clone() };
        Self { bell: Arc::new(bell), parker }
    }

    pub(super) fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.bell)
    }

    /// Sleeps until the bell rings or the deadline has passed, unless `ready`; it may also end for no reason.
    ///
    /// Either this thread sees in `ready` what changed before a ring, or who rings sees it asleep: between what each writes
    /// and what it then reads of the other stands a fence.
    pub(super) fn sleep(&self, deadline: Option<Instant>, ready: impl FnOnce() -> bool) {
        self.bell.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !ready() {
            match deadline {
                Some(deadline) => self.parker.park_deadline(deadline),
                None => self.parker.park(),
            }
        }
        self.bell.asleep.store(false, Ordering::Relaxed);
    }
}

/// Wakes the first of these threads that sleeps. What it is to find must have been written before.
pub(super) fn ring_first<'a>(bells: impl IntoIterator<Item = &'a Arc<Bell>>) {
    fence(Ordering::SeqCst);
    let _ = bells.into_iter().any(|bell| bell.wake());
}

/// Wakes all of these threads that sleep.
pub(super) fn ring_all<'a>(bells: impl IntoIterator<Item = &'a Arc<Bell>>) {
    fence(Ordering::SeqCst);
    for bell in bells {
        bell.wake();
    }
}

impl Bell {
    fn wake(&self) -> bool {
        // Of several that ring at once, one wakes; a thread that is awake costs a read.
        let exchange =
            || self.asleep.compare_exchange(true, false, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let sleeps = self.asleep.load(Ordering::Relaxed) && exchange();
        if sleeps {
            self.unparker.unpark();
        }
        sleeps
    }
}
