//! The end of an engine: nothing more is accepted, workers leave when they find nothing, and what came too late is its
//! owner's again.

use std::sync::Arc;

use super::bell::{Bell, ring_all};
use super::sync::{AtomicBool, AtomicUsize, Ordering};

/// Whether an engine's end has begun, and whether it is over.
pub(super) struct Closing {
    begun: AtomicBool,
    /// Workers that may still look at queues.
    serving: AtomicUsize,
}

impl Closing {
    /// Of an engine with so many workers.
    pub(super) fn new(workers: usize) -> Self {
        Self { begun: AtomicBool::new(false), serving: AtomicUsize::new(workers) }
    }

    /// It begins, and these workers are to know.
    pub(super) fn begin(&self, workers: &[Arc<Bell>]) {
        self.begun.store(true, Ordering::Release);
        ring_all(workers);
    }

    /// Whether it has begun. A worker asks *before* it looks at the queues: what was queued before the end began, it then
    /// finds.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// A worker leaves: it has given back what it had, and looks at no queue again. Who waits for a burst that came too late
    /// must look again.
    pub(super) fn leave<'a>(&self, pairs: impl IntoIterator<Item = &'a Arc<Bell>>) {
        self.serving.fetch_sub(1, Ordering::Release);
        ring_all(pairs);
    }

    /// Whether all workers have left. What they gave back is seen by who looks *after* it asked, and what is still queued
    /// then is its owner's.
    pub(super) fn is_over(&self) -> bool {
        self.serving.load(Ordering::Acquire) == 0
    }
}
