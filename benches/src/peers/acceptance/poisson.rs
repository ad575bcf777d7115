//! Messages that come at random, and how long each is on its way.
//!
//! The loop is open: departures are drawn before the clock starts and never slip, and a message that leaves late, for whatever
//! reason, has been under way since it should have left. None is left out.
//!
//! The sender does as a connection's thread does that looks which messages are due, and hands them over whenever the engine
//! has room: [`BURSTS`] are under way, one that runs and one that waits, and what becomes due meanwhile goes out together as
//! the next. That is the very path on which the worker's capacity is measured, with as many bursts and as many messages at
//! most, and it must be: handing over costs so much for each burst that a worker which is given everything at once, in bursts
//! of a few messages, can do less than with full ones, and messages that are not among those hundred and twenty-eight lie
//! beyond its core's own cache. A sender that gave no heed to that would not load a worker to 80 % of what it can do. It would
//! overload it after the first pause of any of the two threads, and for long: the more wait, the slower they are.

use std::num::NonZeroU64;
use std::time::Duration;

use fastrand::Rng;
use hdrhistogram::Histogram;
use smbsign::measure::clock::Clock;
use smbsign_engine::batch::{LaneScheduler, Message, Occupancy, Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::offload::{Burst, Completion, Config, OffloadEngine, QueuePair};
use smbsign_engine::protocol::SigningAlgorithm;
use smbsign_engine::traffic::{Arrival, Clock as _, Schedule};

use super::super::shot::{WrongTag, prepared};
use super::super::work_set::random_keys;
use super::letter::{Belonging, Letter, Sessions, sequence};

/// Bursts that are under way at most: one runs while the next waits.
const BURSTS: usize = 2;
const LETTERS: usize = BURSTS * Burst::<Letter>::MAX_MESSAGES;

/// An engine with one worker, and messages at home.
pub(super) struct Poisson {
    // Before the engine, which would else abandon what it has out.
    pair: QueuePair<Letter>,
    _engine: OffloadEngine<Letter>,
    sessions: Sessions,
    home: Vec<Completion<Letter>>,
    bursts: Vec<Burst<Letter>>,
    bytes: usize,
    rng: Rng,
}

impl Poisson {
    pub(super) fn new(
        (algorithm, bytes): (SigningAlgorithm, usize),
        core: usize,
        backend: Backend,
        rng: &mut Rng,
    ) -> Self {
        let config = Config { backend, cores: vec![core], queue_depth: BURSTS, ..Config::default() };
        let engine = OffloadEngine::start(config).expect("a core of this process");
        let sessions = Sessions::register(&engine, algorithm, (LETTERS, Belonging::Fixed), rng);
        let home = (0..LETTERS)
            .map(|number| Completion {
                job: sessions.address(Letter::new(algorithm, bytes, number, rng), number),
                outcome: Ok(Outcome::Waiting),
            })
            .collect();
        Self {
            pair: engine.queue_pair(),
            _engine: engine,
            sessions,
            home,
            bursts: (0..BURSTS).map(|_| Burst::new()).collect(),
            bytes,
            rng: rng.fork(),
        }
    }

    /// Lets messages come for so long, so many bytes in a nanosecond on average.
    pub(super) fn round(
        &mut self,
        bytes_per_ns: f64,
        duration: Duration,
        clock: &Clock,
    ) -> Result<Delays, WrongTag> {
        let rate = NonZeroU64::new((bytes_per_ns * 8e9) as u64).unwrap_or(NonZeroU64::MIN);
        // Drawn before the clock starts: a sender of millions of messages a second has no time for logarithms.
        let mut schedule = Schedule::new(rate, 1, Arrival::Poisson, self.rng.u64(..));
        let end = duration.as_nanos() as u64;
        let departures =
            std::iter::from_fn(|| Some(schedule.depart(self.bytes as f64)).filter(|at| *at < end));
        let departures: Vec<u64> = departures.collect();
        let mut due = departures.as_slice();
        let mut delays = Delays::default();
        let start = clock.now();
        while !due.is_empty() || self.pair.outstanding() > 0 {
            self.depart(&mut due, start, clock.now(), &mut delays);
            while let Some(burst) = self.pair.poll() {
                self.arrive(burst, clock.now(), &mut delays);
            }
        }
        self.check()?;
        Ok(delays)
    }

    /// All messages that are due go out in one burst, if there is room for it.
    fn depart(&mut self, due: &mut &[u64], start: u64, now: u64, delays: &mut Delays) {
        let Self { pair, home, bursts, .. } = self;
        let is_due = |due: &[u64]| due.first().is_some_and(|at| start + at <= now);
        if !is_due(due) {
            return;
        }
        let Some(mut burst) = bursts.pop() else { return };
        while is_due(due)
            && !burst.is_full()
            && let Some(Completion { mut job, .. }) = home.pop()
            && let Some(at) = due.split_off_first()
        {
            job.parcel.departed = start + at;
            delays.until_sent.saturating_record(now - job.parcel.departed);
            assert!(burst.push(job).is_ok(), "it is not full");
        }
        pair.submit(burst).expect("room for as many bursts as there are");
    }

    fn arrive(&mut self, mut burst: Burst<Letter>, now: u64, delays: &mut Delays) {
        let Self { home, bursts, .. } = self;
        for completion in burst.drain() {
            delays.until_back.saturating_record(now.saturating_sub(completion.job.parcel.departed));
            home.push(completion);
        }
        bursts.push(burst);
    }

    /// Holds every message, as it came back last, to another implementation.
    fn check(&self) -> Result<(), WrongTag> {
        let mut sent = self.home.iter().filter(|completion| completion.job.parcel.departed > 0);
        sent.try_for_each(|completion| self.sessions.check(completion))
    }
}

/// How long messages were under way, in nanoseconds since each should have departed.
#[derive(Debug, Clone)]
pub(super) struct Delays {
    /// Until it was handed over: how late its sender was, and how long it had to wait for room.
    pub(super) until_sent: Histogram<u64>,
    /// Until it was back.
    pub(super) until_back: Histogram<u64>,
}

impl Default for Delays {
    fn default() -> Self {
        const LONGEST_NS: u64 = 60_000_000_000;
        let empty = || Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("bounds that a histogram takes");
        Self { until_sent: empty(), until_back: empty() }
    }
}

impl Delays {
    /// Adds another round's.
    pub(super) fn merge(&mut self, other: &Self) {
        for (to, from) in
            [(&mut self.until_sent, &other.until_sent), (&mut self.until_back, &other.until_back)]
        {
            to.add(from).expect("histograms of equal bounds");
        }
    }
}

/// What 99 of 100 took at most, in microseconds.
pub(super) fn p99_us(delays: &Histogram<u64>) -> f64 {
    delays.value_at_quantile(0.99) as f64 / 1e3
}

/// Messages that a group of the lanes holds, as its steps tell that ran two.
pub(super) fn lanes_of_a_group(
    (algorithm, bytes): (SigningAlgorithm, usize),
    backend: Backend,
    rng: &mut Rng,
) -> usize {
    const FEW: u64 = 2;
    let key = prepared(algorithm, backend, &random_keys(1, rng)).remove(0);
    let mut letters: Vec<_> =
        (0..FEW).map(|number| Letter::new(algorithm, bytes, number as usize, rng)).collect();
    let messages = letters.iter_mut().map(|letter| Message {
        sequence: sequence(algorithm),
        ..Message::whole(&key, letter.bytes_mut(), Operation::Sign)
    });
    let mut messages: Vec<_> = messages.collect();
    let mut scheduler = LaneScheduler::new(backend);
    scheduler.run(&mut messages.iter_mut());
    let Occupancy { busy, offered } = scheduler.occupancy();
    (offered * FEW / busy.max(1)) as usize
}
