//! A worker's thread.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::fault::Place;
use super::front::{Front, LONG_MESSAGES, Progress};
use super::pair::Taken;
use super::parcel::Parcel;
use super::patience::{Patience, Pause};
use super::round::Round;
use super::shared::Shared;
use super::stats::{Count, Line};
use crate::mac::PreparedKey;

/// Looks for bursts, runs them and gives them back, until the engine closes.
pub(super) struct Worker<P: Parcel> {
    shared: Arc<Shared<P>>,
    number: usize,
    patience: Patience,
    /// Short messages, by rounds.
    front: Front<P>,
    /// Long messages, between whose steps the short ones have their rounds.
    long: Round,
    long_bursts: Vec<Taken<P>>,
    /// The keys of the long messages: the front's table may change while they run.
    long_keys: Vec<Option<Arc<PreparedKey>>>,
}

impl<P: Parcel> Worker<P> {
    pub(super) fn new(shared: Arc<Shared<P>>, number: usize, patience: Patience) -> Self {
        Self {
            number,
            patience,
            front: Front::new(Arc::clone(&shared), number),
            long: Round::new(shared.config.backend, LONG_MESSAGES),
            long_bursts: Vec::with_capacity(LONG_MESSAGES),
            long_keys: Vec::with_capacity(LONG_MESSAGES),
            shared,
        }
    }

    /// Serves until the engine closes, however often it panics.
    pub(super) fn run(mut self) {
        // What a panic leaves behind is given back or made anew before anything else looks at it.
        while self.panics(Self::serve) {
            self.panics(Self::recover);
        }
        self.shared.closing.leave(self.front.pairs().iter().map(|pair| &pair.bell));
    }

    /// Whether this panics; it is counted then.
    fn panics(&mut self, work: fn(&mut Self)) -> bool {
        let Err(payload) = catch_unwind(AssertUnwindSafe(|| work(self))) else {
            return false;
        };
        self.line().add(Count::Panics, 1);
        // The payload is the caller's, and may panic as it is dropped; what it panics with is not dropped.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(payload);
        }
        true
    }

    fn serve(&mut self) {
        loop {
            let closing = self.shared.closing.has_begun();
            let short = self.front.turn(closing);
            let long = self.run_long();
            match (short, long) {
                (Progress::Ran, _) | (_, Progress::Ran) => self.patience.renew(),
                (Progress::Gathers(deadline), _) => self.pause(Some(deadline)),
                _ if closing => return,
                _ => self.pause(None),
            }
        }
    }

    fn pause(&mut self, deadline: Option<Instant>) {
        self.shared.faults.pass(Place::Idle);
        let Self { shared, front, patience, .. } = self;
        let ready = || front.has_work() || shared.closing.has_begun();
        if patience.pause(deadline, ready) == Pause::Slept {
            self.line().add(Count::WakeUps, 1);
        }
    }

    /// Runs long messages, if there are any, and short ones between their steps.
    fn run_long(&mut self) -> Progress {
        let Self { front, long, long_bursts, long_keys, shared, number, .. } = self;
        front.take_long(long_bursts);
        if long_bursts.is_empty() {
            return Progress::Idle;
        }
        front.learn();
        let started = Instant::now();
        // To count references costs a long message nothing.
        let ids = long_bursts.iter().flat_map(|taken| taken.burst.keys());
        long_keys.extend(ids.map(|id| front.keys().find(id).cloned()));
        let mut keys = long_keys.iter();
        let bursts = long_bursts.iter_mut().map(|taken| &mut taken.burst);
        let key = |_| keys.next().and_then(Option::as_deref);
        let (before, busy_before) = (long.occupancy(), front.busy());
        let mut tally = long.run(bursts, key, &shared.faults, || {
            front.turn(false);
        });
        long_keys.clear();
        let ended = Instant::now();
        // The rounds of short messages have counted their own time.
        let within = front.busy().saturating_sub(busy_before);
        let busy = ended.saturating_duration_since(started).saturating_sub(within);
        tally.add_round(busy, before, long.occupancy());
        shared.counters.worker(*number).add_all(&tally);
        for mut taken in long_bursts.drain(..) {
            taken.settle(started, ended);
        }
        Progress::Ran
    }

    /// Gives back what a panic has left in this worker's hands, as failed.
    fn recover(&mut self) {
        self.long_keys.clear();
        self.long = Round::new(self.shared.config.backend, LONG_MESSAGES);
        self.front.recover();
        self.long_bursts.clear();
    }

    fn line(&self) -> &Line {
        self.shared.counters.worker(self.number)
    }
}
