//! Messages that go to the engine and come back together.

use std::time::{Duration, Instant};
use std::{fmt, mem};

use super::keys::KeyId;
use super::parcel::Parcel;
use crate::batch::{Operation, Outcome};
use crate::kernels::prefetch_to_write;
use crate::protocol::SequenceNumber;

/// A message to be signed or verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job<P> {
    /// The session's key, as it was registered.
    pub key: KeyId,
    /// What to do.
    pub operation: Operation,
    /// SMB1's number; SMB2 takes none.
    pub sequence: Option<SequenceNumber>,
    /// The message.
    pub parcel: P,
}

/// A [`Job`] that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion<P> {
    /// The job as it was submitted; its message may be signed now.
    pub job: Job<P>,
    /// What became of it, or why it was not judged.
    pub outcome: Result<Outcome, Failure>,
}

/// Why a message came back without having been signed or verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The key was removed, or was never registered with this engine. The message is as it was.
    #[error("the key is not registered")]
    UnknownKey,
    /// A worker panicked while it held the message, whose signature field may or may not have been written. To submit it
    /// again is safe: a message signed twice is signed alike.
    #[error("a worker panicked")]
    Panicked,
    /// The engine shut down before a worker saw the message, which is as it was.
    #[error("the engine has shut down")]
    ShutDown,
}

/// When a burst was where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// It was submitted.
    pub queued: Instant,
    /// Its round began.
    pub started: Instant,
    /// Its round ended: all its messages were signed or judged.
    pub ended: Instant,
}

impl Times {
    /// How long it was queued, [`Config::max_wait`](super::Config::max_wait) included.
    #[must_use]
    pub fn queueing(&self) -> Duration {
        self.started.saturating_duration_since(self.queued)
    }

    /// How long its round took.
    #[must_use]
    pub fn signing(&self) -> Duration {
        self.ended.saturating_duration_since(self.started)
    }
}

/// Up to 64 messages that go to the engine and come back together. It keeps its memory: fill, submit, poll and drain the
/// same bursts over and over, and nothing is allocated.
///
/// A burst comes back when its last message is done. Short messages that must not wait for a long one belong into another.
pub struct Burst<P> {
    entries: Vec<Entry<P>>,
    bytes: usize,
    longest: usize,
    times: Option<Times>,
}

pub(super) struct Entry<P> {
    pub(super) job: Job<P>,
    /// `Ok(Waiting)` until it is settled for the first time.
    pub(super) outcome: Result<Outcome, Failure>,
}

impl<P> Burst<P> {
    /// The most messages that a burst holds.
    pub const MAX_MESSAGES: usize = 64;

    /// An empty burst, with room for [`Self::MAX_MESSAGES`].
    #[must_use]
    pub fn new() -> Self {
        Self { entries: Vec::with_capacity(Self::MAX_MESSAGES), bytes: 0, longest: 0, times: None }
    }

    /// Takes the burst out, and leaves one without memory.
    pub(super) fn take(&mut self) -> Self {
        mem::replace(self, Self { entries: Vec::new(), bytes: 0, longest: 0, times: None })
    }

    /// How many messages it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds no message.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether it holds as many messages as it can.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.entries.len() >= Self::MAX_MESSAGES
    }

    /// Takes all messages out, in the order in which they were put in. The burst is empty then, and as good as new.
    pub fn drain(&mut self) -> impl ExactSizeIterator<Item = Completion<P>> {
        (self.bytes, self.longest, self.times) = (0, 0, None);
        self.entries.drain(..).map(|Entry { job, outcome }| Completion { job, outcome })
    }

    /// When it was where; `None` unless it has come back from a worker.
    #[must_use]
    pub const fn times(&self) -> Option<Times> {
        self.times
    }

    /// What its MACs cover, in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What the MAC of its longest message covers, in bytes.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// The keys of all messages, whose entries it asks for. They lie in the caches of the core that filled the burst, and their
    /// outcomes are about to be written: all are asked for before the first is read, and for both at once.
    pub(super) fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.entries.iter().for_each(prefetch_to_write);
        self.entries.iter().map(|entry| entry.job.key)
    }

    /// All messages, once [`Self::keys`] has asked for them.
    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry<P>> {
        self.entries.iter_mut()
    }

    /// Begins its way through the engine. Outcomes stay as they are, since who runs or fails it writes each: a burst that is
    /// submitted as it came back stays in the worker's caches.
    pub(super) fn queue(&mut self, now: Instant) {
        self.times = Some(Times { queued: now, started: now, ended: now });
    }

    /// Its round began and ended. A worker's last clock read may be older than the burst.
    pub(super) fn ran(&mut self, started: Instant, ended: Instant) {
        if let Some(times) = &mut self.times {
            times.started = started.max(times.queued);
            times.ended = ended.max(times.queued);
        }
    }

    /// Fails every message.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.entries.iter_mut().for_each(|entry| entry.outcome = Err(failure));
    }
}

impl<P: Parcel> Burst<P> {
    /// Puts a message in.
    ///
    /// # Errors
    /// Gives the message back if the burst is full.
    #[inline]
    pub fn push(&mut self, mut job: Job<P>) -> Result<(), Job<P>> {
        if self.is_full() {
            return Err(job);
        }
        let (head, body) = job.parcel.pieces();
        let head_bytes = head.len();
        let bytes = body.fold(head_bytes, |sum, piece| sum.saturating_add(piece.len()));
        self.bytes = self.bytes.saturating_add(bytes);
        self.longest = self.longest.max(bytes);
        self.entries.push(Entry { job, outcome: Ok(Outcome::Waiting) });
        Ok(())
    }
}

impl<P> fmt::Debug for Burst<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Burst({} messages, {} bytes)", self.len(), self.bytes)
    }
}

impl<P> Default for Burst<P> {
    fn default() -> Self {
        Self::new()
    }
}
