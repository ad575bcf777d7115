//! One thread's way into the engine and back.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::bell::{Bell, ring_all, ring_first};
use super::burst::{Burst, Failure};
use super::parcel::Parcel;
use super::patience::Patience;
use super::shared::{Change, Shared};
use super::stats::{Count, Counters};
use super::sync::ArrayQueue;

/// Bursts with a longer message wait in a queue of their own, so that they hold no short ones back: what SMB1 can still
/// send is short.
const LONG_BYTES: usize = 128 << 10;

/// One thread's way into the engine and back: submits bursts, and polls those that were its own.
///
/// Give each connection thread its own; a connection needs none, and a worker looks at every pair as it looks for work.
/// Dropped, it gives up what it has not polled ([`Stats::abandoned`](super::Stats::abandoned)).
pub struct QueuePair<P: Parcel> {
    pair: Arc<Pair<P>>,
    shared: Arc<Shared<P>>,
    patience: Patience,
    /// Bursts submitted and not polled.
    out: usize,
}

/// Why a burst was not accepted; here it is.
#[derive(thiserror::Error)]
pub enum SubmitError<P> {
    /// As many bursts are out as [`Config::queue_depth`](super::Config::queue_depth) allows: poll, and try again.
    #[error("the queue is full")]
    Full(Burst<P>),
    /// The engine takes no more.
    #[error("the engine has shut down")]
    ShutDown(Burst<P>),
}

impl<P> fmt::Debug for SubmitError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Full(_) => "Full(..)",
            Self::ShutDown(_) => "ShutDown(..)",
        })
    }
}

impl<P> SubmitError<P> {
    /// The burst.
    #[must_use]
    pub fn into_burst(self) -> Burst<P> {
        match self {
            Self::Full(burst) | Self::ShutDown(burst) => burst,
        }
    }
}

impl<P: Parcel> QueuePair<P> {
    pub(super) fn new(shared: Arc<Shared<P>>, number: usize) -> Self {
        let patience = Patience::new(shared.config.waiting);
        let depth = shared.config.queue_depth;
        let pair = Arc::new(Pair {
            number,
            short: ArrayQueue::new(depth),
            long: ArrayQueue::new(depth),
            done: ArrayQueue::new(depth),
            bell: patience.bell(),
            counters: Arc::clone(&shared.counters),
        });
        shared.tell_workers(|| Change::Join(Arc::clone(&pair)));
        Self { pair, shared, patience, out: 0 }
    }

    /// Gives a burst to the workers. Bursts may come back in another order; the messages of each keep theirs.
    ///
    /// # Errors
    /// [`SubmitError`] gives it back: nothing waits here, and nothing is dropped.
    pub fn submit(&mut self, mut burst: Burst<P>) -> Result<(), SubmitError<P>> {
        let messages = burst.len() as u64;
        let counters = self.shared.counters.pair(self.pair.number);
        if self.shared.closing.has_begun() {
            counters.add(Count::GivenBack, messages);
            return Err(SubmitError::ShutDown(burst));
        }
        burst.queue(Instant::now());
        let queue = if burst.longest() > LONG_BYTES { &self.pair.long } else { &self.pair.short };
        // No queue has room for more than may be out, so that a burst that comes back always finds a place.
        let pushed = if self.out < queue.capacity() { queue.push(burst) } else { Err(burst) };
        if let Err(burst) = pushed {
            counters.add(Count::GivenBack, messages);
            return Err(SubmitError::Full(burst));
        }
        self.out += 1;
        counters.add(Count::Submitted, messages);
        let (before, from) = self.shared.bells.split_at(self.pair.number % self.shared.bells.len());
        ring_first(from.iter().chain(before));
        Ok(())
    }

    /// A burst that has come back, if there is one.
    pub fn poll(&mut self) -> Option<Burst<P>> {
        if self.out == 0 {
            return None;
        }
        let burst = self.pair.done.pop().or_else(|| self.left_behind())?;
        self.out -= 1;
        self.patience.renew();
        Some(burst)
    }

    /// The next burst that comes back; `None` if none is out. Waits as [`Config::waiting`](super::Config::waiting) says.
    pub fn wait(&mut self) -> Option<Burst<P>> {
        while self.out > 0 {
            if let Some(burst) = self.poll() {
                return Some(burst);
            }
            let Self { pair, shared, patience, .. } = self;
            patience.pause(None, || !pair.done.is_empty() || shared.closing.is_over());
        }
        None
    }

    /// Bursts that were submitted and have not been polled.
    #[must_use]
    pub const fn outstanding(&self) -> usize {
        self.out
    }

    /// A burst that came when the workers had looked for the last time.
    fn left_behind(&self) -> Option<Burst<P>> {
        if !self.shared.closing.is_over() {
            return None;
        }
        // A worker may have given its last burst back after this thread had looked for it.
        let done = self.pair.done.pop();
        done.or_else(|| {
            let mut burst = self.pair.take_any()?;
            burst.fail(Failure::ShutDown);
            self.shared.counters.pair(self.pair.number).add(Count::Failed, burst.len() as u64);
            Some(burst)
        })
    }
}

impl<P: Parcel> Drop for QueuePair<P> {
    fn drop(&mut self) {
        self.shared.tell_workers(|| Change::Leave(self.pair.number));
    }
}

/// What a queue pair shares with the workers.
pub(super) struct Pair<P> {
    pub(super) number: usize,
    short: ArrayQueue<Burst<P>>,
    long: ArrayQueue<Burst<P>>,
    done: ArrayQueue<Burst<P>>,
    pub(super) bell: Arc<Bell>,
    counters: Arc<Counters>,
}

impl<P> Pair<P> {
    /// Whether a burst waits for a worker.
    pub(super) fn has_work(&self) -> bool {
        !self.short.is_empty() || !self.long.is_empty()
    }

    /// A burst of short messages.
    pub(super) fn take_short(&self) -> Option<Burst<P>> {
        take(&self.short)
    }

    /// A burst with a long message.
    pub(super) fn take_long(&self) -> Option<Burst<P>> {
        take(&self.long)
    }

    fn take_any(&self) -> Option<Burst<P>> {
        self.take_short().or_else(|| self.take_long())
    }
}

/// Looking is cheap, and mostly in vain; to take from an empty queue costs a fence.
fn take<T>(queue: &ArrayQueue<T>) -> Option<T> {
    if queue.is_empty() { None } else { queue.pop() }
}

/// Nobody can poll any more: what is still here is given up.
impl<P> Drop for Pair<P> {
    fn drop(&mut self) {
        let counters = self.counters.pair(self.number);
        while let Some(burst) = self.done.pop() {
            counters.add(Count::Abandoned, burst.len() as u64);
        }
        while let Some(burst) = self.take_any() {
            counters.add(Count::Abandoned, burst.len() as u64);
            counters.add(Count::Failed, burst.len() as u64);
        }
    }
}

/// A burst in a worker's hands. However it leaves them, also by a panic, it goes back to its pair: once, because it is
/// owned, and always, because it is dropped.
pub(super) struct Taken<P> {
    pub(super) burst: Burst<P>,
    pair: Arc<Pair<P>>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Settled,
}

impl<P> Taken<P> {
    pub(super) const fn new(burst: Burst<P>, pair: Arc<Pair<P>>) -> Self {
        Self { burst, pair, state: State::Running }
    }

    /// All its messages have outcomes.
    pub(super) fn settle(&mut self, started: Instant, ended: Instant) {
        self.burst.ran(started, ended);
        self.state = State::Settled;
    }
}

impl<P> Drop for Taken<P> {
    fn drop(&mut self) {
        let mut burst = self.burst.take();
        if self.state == State::Running {
            burst.fail(Failure::Panicked);
            self.pair.counters.pair(self.pair.number).add(Count::Failed, burst.len() as u64);
        }
        let refused = self.pair.done.push(burst);
        debug_assert!(refused.is_ok(), "no more bursts are out than this queue has room for");
        ring_all([&self.pair.bell]);
    }
}
