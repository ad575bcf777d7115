//! A worker's short messages: what waits in all queues, in rounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::burst::Burst;
use super::fault::Place;
use super::keys::Keys;
use super::pair::{Pair, Taken};
use super::parcel::Parcel;
use super::round::Round;
use super::shared::{Change, Shared};
use super::stats::Count;

/// Messages and bytes of a round: enough to fill the lanes several times, so that those which drain at its end cost little,
/// and few enough that nobody waits for long.
const ROUND_MESSAGES: usize = 512;
const ROUND_BYTES: usize = 4 << 20;
/// What a round should take, by the rate of the one before. A round costs about a microsecond beside its messages, so that a
/// longer one gains little; and who waits for its end spins for no longer, and has to be woken, which costs the worker as much
/// as thirty messages.
const ROUND_TIME: Duration = Duration::from_micros(30);
/// However long they take: fewer would leave lanes empty, and a round with empty lanes says too little of the next one's rate.
const LEAST_MESSAGES: usize = 64;
/// Long messages that run together: two groups of the widest kernel.
pub(super) const LONG_MESSAGES: usize = 128;

/// How far a turn got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// A round ran.
    Ran,
    /// Bursts wait for more to come, until then at most.
    Gathers(Instant),
    /// There was nothing to do.
    Idle,
}

/// The queues that a worker looks at, the keys that it knows, and the bursts that it gathers for its next round.
pub(super) struct Front<P: Parcel> {
    shared: Arc<Shared<P>>,
    number: usize,
    pairs: Vec<Arc<Pair<P>>>,
    /// The pair to look at first: each gives one burst in turn.
    next: usize,
    keys: Keys,
    round: Round,
    gathered: Gathered<P>,
    /// The clock as it was read when the last round was given back, until something else happens.
    clock: Option<Instant>,
    /// Time spent in rounds.
    busy: Duration,
}

/// Bursts of a round to come.
struct Gathered<P> {
    bursts: Vec<Taken<P>>,
    messages: usize,
    bytes: usize,
    /// Messages that are no reason to stop, whatever they take.
    least: usize,
    /// What [`ROUND_TIME`] is enough for.
    enough_bytes: usize,
    /// When the oldest was queued.
    since: Option<Instant>,
}

impl<P: Parcel> Front<P> {
    pub(super) fn new(shared: Arc<Shared<P>>, number: usize) -> Self {
        Self {
            number,
            pairs: Vec::new(),
            next: 0,
            keys: Keys::new(shared.config.max_keys),
            round: Round::new(shared.config.backend, ROUND_MESSAGES),
            gathered: Gathered::new(shared.config.min_fill),
            clock: None,
            busy: Duration::ZERO,
            shared,
        }
    }

    /// The pairs that this worker knows.
    pub(super) fn pairs(&self) -> &[Arc<Pair<P>>] {
        &self.pairs
    }

    /// The keys that this worker knows.
    pub(super) const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Time spent in rounds so far.
    pub(super) const fn busy(&self) -> Duration {
        self.busy
    }

    /// Whether there is anything to do that was not there before.
    pub(super) fn has_work(&self) -> bool {
        !self.shared.inboxes[self.number].is_empty() || self.pairs.iter().any(|pair| pair.has_work())
    }

    /// Learns of keys and pairs.
    pub(super) fn learn(&mut self) {
        let inbox = &self.shared.inboxes[self.number];
        while !inbox.is_empty()
            && let Some(change) = inbox.pop()
        {
            match change {
                Change::Insert(id, key) => self.keys.insert(id, key),
                Change::Remove(id) => self.keys.remove(id),
                Change::Join(pair) => self.pairs.push(pair),
                Change::Leave(number) => self.pairs.retain(|pair| pair.number != number),
            }
        }
    }

    /// Takes what waits, and runs it if it need not or must not wait for more.
    pub(super) fn turn(&mut self, closing: bool) -> Progress {
        self.learn();
        self.gather();
        let Some(since) = self.gathered.since else {
            self.clock = None;
            return Progress::Idle;
        };
        let now = self.clock.take().unwrap_or_else(Instant::now);
        let max_wait = self.shared.config.max_wait;
        // A burst may have been queued after the clock was read: it has not waited, and without a wait runs all the same.
        if now.saturating_duration_since(since) < max_wait && !closing && !self.is_enough() {
            return Progress::Gathers(since + max_wait);
        }
        // A burst's keys were registered before it was submitted: now that it is here, so are they.
        self.learn();
        self.run(now);
        Progress::Ran
    }

    fn is_enough(&self) -> bool {
        self.gathered.messages >= self.shared.config.min_fill || !self.gathered.has_room()
    }

    /// Takes what this worker's own pairs have; those of others only where it would else have nothing to do, since their
    /// messages lie in other cores' caches.
    fn gather(&mut self) {
        let (number, workers) = (self.number, self.shared.bells.len());
        self.gather_from(|pair| pair.number % workers == number);
        if self.gathered.bursts.is_empty() && workers > 1 {
            self.gather_from(|_| true);
        }
    }

    /// Takes a burst from each of these pairs in turn, until none has any or the round is full.
    fn gather_from(&mut self, is_asked: impl Fn(&Pair<P>) -> bool) {
        let mut empty = 0;
        while empty < self.pairs.len() && self.gathered.has_room() {
            let pair = self.next_pair().filter(|pair| is_asked(pair));
            match pair.and_then(|pair| Some(Taken::new(pair.take_short()?, Arc::clone(pair)))) {
                Some(taken) => {
                    empty = 0;
                    self.gathered.add(taken);
                }
                None => empty += 1,
            }
        }
    }

    /// Takes bursts of long messages, likewise.
    pub(super) fn take_long(&mut self, bursts: &mut Vec<Taken<P>>) {
        let (mut empty, mut messages) = (0, 0);
        let full = LONG_MESSAGES - Burst::<P>::MAX_MESSAGES;
        while empty < self.pairs.len() && messages <= full && bursts.len() < LONG_MESSAGES {
            match self.next_pair().and_then(|pair| Some(Taken::new(pair.take_long()?, Arc::clone(pair)))) {
                Some(taken) => {
                    empty = 0;
                    messages += taken.burst.len();
                    bursts.push(taken);
                }
                None => empty += 1,
            }
        }
    }

    fn next_pair(&mut self) -> Option<&Arc<Pair<P>>> {
        let at = if self.next < self.pairs.len() { self.next } else { 0 };
        self.next = at + 1;
        self.pairs.get(at)
    }

    fn run(&mut self, started: Instant) {
        let Self { shared, keys, round, gathered, .. } = self;
        let before = round.occupancy();
        let bursts = gathered.bursts.iter_mut().map(|taken| {
            keys.expect(taken.burst.keys());
            &mut taken.burst
        });
        let key = |id| keys.find(id).map(|key| &**key);
        let mut tally = round.run(bursts, key, &shared.faults, || ());
        let ended = Instant::now();
        let busy = ended.saturating_duration_since(started);
        gathered.pace(busy);
        tally.add_round(busy, before, round.occupancy());
        // Before the bursts go back: who has polled them all sees them counted.
        shared.counters.worker(self.number).add_all(&tally);
        gathered.bursts.iter_mut().for_each(|taken| taken.settle(started, ended));
        gathered.give_back(|| shared.faults.pass(Place::MidPublish));
        // To give them back is work as well; where the next round follows at once, it begins here.
        let over = Instant::now();
        let giving = over.saturating_duration_since(ended);
        shared.counters.worker(self.number).add(Count::BusyNanoseconds, giving.as_nanos() as u64);
        self.busy += busy + giving;
        self.clock = Some(over);
    }

    /// Gives back what a panic has left behind, as failed.
    pub(super) fn recover(&mut self) {
        self.round = Round::new(self.shared.config.backend, ROUND_MESSAGES);
        self.clock = None;
        self.gathered.give_back(|| ());
    }
}

impl<P> Gathered<P> {
    /// For rounds of at least so many messages, if there are as many.
    fn new(min_fill: usize) -> Self {
        Self {
            bursts: Vec::with_capacity(ROUND_MESSAGES),
            messages: 0,
            bytes: 0,
            least: LEAST_MESSAGES.max(min_fill),
            enough_bytes: ROUND_BYTES,
            since: None,
        }
    }

    /// Whether another burst may be added. Empty bursts count, too.
    fn has_room(&self) -> bool {
        self.messages + Burst::<P>::MAX_MESSAGES <= ROUND_MESSAGES
            && self.bytes < ROUND_BYTES
            && (self.messages < self.least || self.bytes < self.enough_bytes)
            && self.bursts.len() < ROUND_MESSAGES
    }

    fn add(&mut self, taken: Taken<P>) {
        self.messages += taken.burst.len();
        self.bytes = self.bytes.saturating_add(taken.burst.bytes());
        let queued = taken.burst.times().map(|times| times.queued);
        self.since = self.since.into_iter().chain(queued).min();
        self.bursts.push(taken);
    }

    /// This round took so long: how many bytes are enough for the next.
    fn pace(&mut self, busy: Duration) {
        let bytes = self.bytes as u128 * ROUND_TIME.as_nanos() / busy.as_nanos().max(1);
        self.enough_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    }

    fn give_back(&mut self, mut before_each: impl FnMut()) {
        (self.messages, self.bytes, self.since) = (0, 0, None);
        for taken in self.bursts.drain(..) {
            before_each();
            drop(taken);
        }
    }
}
