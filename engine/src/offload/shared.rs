//! What all threads of an engine see.

use std::sync::Arc;

use super::bell::{Bell, ring_all};
use super::closing::Closing;
use super::config::Config;
use super::fault::Faults;
use super::keys::KeyId;
use super::pair::Pair;
use super::stats::Counters;
use super::sync::SegQueue;
use crate::mac::PreparedKey;

pub(super) struct Shared<P> {
    pub(super) config: Config,
    pub(super) counters: Arc<Counters>,
    /// One for each worker.
    pub(super) bells: Box<[Arc<Bell>]>,
    /// One for each worker: what it is to learn before its next round.
    pub(super) inboxes: Box<[SegQueue<Change<P>>]>,
    pub(super) closing: Closing,
    pub(super) faults: Faults,
}

/// What a worker is to learn.
pub(super) enum Change<P> {
    /// A key was registered.
    Insert(KeyId, Arc<PreparedKey>),
    /// A key was removed.
    Remove(KeyId),
    /// There is a new queue pair.
    Join(Arc<Pair<P>>),
    /// The queue pair of this number was dropped.
    Leave(usize),
}

impl<P> Shared<P> {
    /// Tells every worker, and wakes those that sleep: a removed key is to be erased now.
    pub(super) fn tell_workers(&self, change: impl Fn() -> Change<P>) {
        for inbox in &self.inboxes {
            inbox.push(change());
        }
        ring_all(&self.bells);
    }
}
