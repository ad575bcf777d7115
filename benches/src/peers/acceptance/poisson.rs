//! Messages that come at random, and how long each is on its way.

use std::num::NonZeroU64;
use std::time::Duration;

use fastrand::Rng;
use smbsign::measure::clock::Clock;
use smbsign_engine::batch::{LaneScheduler, Message, Occupancy, Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::offload::{Burst, Completion, Config, OffloadEngine, QueuePair};
use smbsign_engine::protocol::SigningAlgorithm;
use smbsign_engine::traffic::{Arrival, Clock as _, Schedule};

use super::super::shot::{WrongTag, prepared};
use super::super::work_set::random_keys;
use super::letter::{Belonging, Letter, Sessions, sequence};

/// More messages are never under way; those that come then wait for their turn, which counts.
const LETTERS: usize = 1024;

/// How often the sender looks which messages are due, in nanoseconds, as a server's loop does that asks for what has come.
/// Bursts of one or two messages would cost the worker more than the messages.
const LOOK_NS: u64 = 2_000;

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
        let config = Config { backend, cores: vec![core], queue_depth: LETTERS, ..Config::default() };
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
            bursts: (0..LETTERS).map(|_| Burst::new()).collect(),
            bytes,
            rng: rng.fork(),
        }
    }

    /// Lets messages come for so long, so many bytes in a nanosecond on average; nanoseconds from each departure to the
    /// moment in which the message is back, ascending.
    pub(super) fn round(
        &mut self,
        bytes_per_ns: f64,
        duration: Duration,
        clock: &Clock,
    ) -> Result<Vec<u64>, WrongTag> {
        let rate = NonZeroU64::new((bytes_per_ns * 8e9) as u64).unwrap_or(NonZeroU64::MIN);
        let expected = bytes_per_ns * duration.as_nanos() as f64 / self.bytes as f64;
        let mut delays = Vec::with_capacity((expected * 1.5) as usize);
        // Drawn before the clock starts: a sender of millions of messages a second has no time for logarithms.
        let mut schedule = Schedule::new(rate, 1, Arrival::Poisson, self.rng.u64(..));
        let end = duration.as_nanos() as u64;
        let departures =
            std::iter::from_fn(|| Some(schedule.depart(self.bytes as f64)).filter(|at| *at < end));
        let departures: Vec<u64> = departures.collect();
        let mut due = departures.as_slice();
        let start = clock.now();
        let mut next_look = start;
        while !due.is_empty() || self.pair.outstanding() > 0 {
            let now = clock.now();
            if now >= next_look {
                self.depart(&mut due, start, now);
                next_look = now + LOOK_NS;
            }
            while let Some(burst) = self.pair.poll() {
                self.arrive(burst, clock.now(), &mut delays);
            }
        }
        delays.sort_unstable();
        self.check()?;
        Ok(delays)
    }

    /// All messages that are due go out in one burst.
    fn depart(&mut self, due: &mut &[u64], start: u64, now: u64) {
        let Self { pair, home, bursts, .. } = self;
        let is_due = |due: &[u64]| due.first().is_some_and(|at| start + at <= now);
        if !is_due(due) || home.is_empty() {
            return;
        }
        let mut burst = bursts.pop().expect("there are as many bursts as messages");
        while is_due(due)
            && !burst.is_full()
            && let Some(Completion { mut job, .. }) = home.pop()
            && let Some(at) = due.split_off_first()
        {
            job.parcel.departed = start + at;
            assert!(burst.push(job).is_ok(), "it is not full");
        }
        pair.submit(burst).expect("room for as many bursts as there are messages");
    }

    fn arrive(&mut self, mut burst: Burst<Letter>, now: u64, delays: &mut Vec<u64>) {
        let Self { home, bursts, .. } = self;
        for completion in burst.drain() {
            delays.push(now.saturating_sub(completion.job.parcel.departed));
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
