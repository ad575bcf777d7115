//! Messages through an engine whose workers always find more.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;

use fastrand::Rng;
use smbsign::measure::clock::Clock;
use smbsign_engine::kernels::Backend;
use smbsign_engine::offload::{Burst, Completion, Config, OffloadEngine, QueuePair, Waiting};
use smbsign_engine::traffic::Clock as _;

use super::super::extent::Set;
use super::super::rounds::{Dose, Pace, fastest};
use super::super::shot::{Shot, WrongTag, elapsed};
use super::cores::stay_on;
use super::letter::{Belonging, Letter, Sessions};
use super::sides::{Messages, Side};

/// How a thread keeps the workers busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feeding {
    /// What comes back goes out again at once, from a core of its own.
    Onward,
    /// All messages are submitted, then the thread sleeps until all are back: on a worker's core, so that the two take turns
    /// and change places twice for a whole set.
    Ahead,
}

/// On which cores workers run, and those who send them messages.
#[derive(Debug, Clone)]
pub(super) struct Arrangement {
    pub(super) workers: Vec<usize>,
    pub(super) senders: Vec<usize>,
    pub(super) feeding: Feeding,
}

/// Whose time is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timed {
    /// The senders', from the first submission until all messages are back.
    Senders,
    /// What the workers spend on rounds: it holds what messages cost them, also where they wait for the senders.
    Workers,
}

/// An engine, and threads that each send it a set of messages over and over.
pub(super) struct Served {
    // Before the engine, which would else abandon what they have out.
    senders: Vec<Sender>,
    engine: OffloadEngine<Letter>,
    senders_on: Vec<usize>,
    feeding: Feeding,
    timed: Timed,
    dose: Dose,
}

/// One thread's messages.
struct Sender {
    pair: QueuePair<Letter>,
    sessions: Sessions,
    /// Full bursts that are not out.
    ready: Vec<Burst<Letter>>,
    /// Messages on their way from one burst into the next.
    done: Vec<Completion<Letter>>,
    messages: usize,
    bytes: usize,
}

/// A set is sent in so many bursts at least: one runs while another is with its sender.
const BURSTS: usize = 2;

impl Served {
    pub(super) fn new(
        messages: Messages,
        (arrangement, belonging): (Arrangement, Belonging),
        backend: Backend,
        pace: Pace,
        (clock, rng): (&Clock, &mut Rng),
    ) -> Result<Self, WrongTag> {
        let Arrangement { workers, senders: senders_on, feeding } = arrangement;
        let engine = OffloadEngine::start(Config {
            backend,
            workers: workers.len(),
            cores: workers,
            queue_depth: 256,
            waiting: match feeding {
                Feeding::Onward => Config::default().waiting,
                Feeding::Ahead => Waiting::Park,
            },
            ..Config::default()
        })
        .expect("the cores of this process");
        let senders: Vec<Sender> =
            senders_on.iter().map(|_| Sender::new(&engine, messages, belonging, rng)).collect();
        let count = senders.iter().map(|sender| sender.messages).min().unwrap_or(0);
        let (timed, dose) = (Timed::Senders, Dose::once(count));
        let mut side = Self { senders, engine, senders_on, feeding, timed, dose };
        let shown = fastest(|| side.once(side.dose, clock))?;
        // A dose is what each sender sends.
        let shown = Shot { messages: shown.messages / side.senders.len() as f64, ..shown };
        side.dose = Dose::of(shown, pace.duration, count, (count, Set::Hot));
        Ok(side)
    }

    /// The same, measured by somebody's time.
    pub(super) fn timed_by(self, timed: Timed) -> Self {
        Self { timed, ..self }
    }

    fn once(&mut self, dose: Dose, clock: &Clock) -> Result<Shot, WrongTag> {
        let Self { senders, engine, senders_on, feeding, timed, .. } = self;
        let before = engine.stats().busy;
        let (barrier, feeding) = (&Barrier::new(senders.len()), *feeding);
        let shots: Vec<Shot> = thread::scope(|scope| {
            let send = |(sender, core): (_, &usize)| {
                let (sender, core): (&mut Sender, usize) = (sender, *core);
                scope.spawn(move || {
                    stay_on(core);
                    barrier.wait();
                    sender.send(feeding, dose.passes, clock)
                })
            };
            let threads: Vec<_> = senders.iter_mut().zip(&*senders_on).map(send).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        });
        let busy = engine.stats().busy.saturating_sub(before);
        senders.iter_mut().try_for_each(Sender::check)?;
        if *timed == Timed::Workers {
            let sum = |of: fn(&Shot) -> f64| shots.iter().map(of).sum();
            let (bytes, messages) = (sum(|shot| shot.bytes), sum(|shot| shot.messages));
            return Ok(Shot { ns: busy.as_nanos() as f64, bytes, messages, ghz: 0.0 });
        }
        // Each at its own rate, as two threads with lanes are.
        let gbps: f64 = shots.iter().map(|shot| shot.gbps()).sum();
        let ns = shots.iter().map(|shot| shot.ns).fold(0.0, f64::max);
        let messages = shots.iter().map(|shot| shot.messages).sum();
        Ok(Shot { ns, bytes: gbps * ns, messages, ghz: 0.0 })
    }
}

impl Side for Served {
    fn shoot(&mut self, clock: &Clock) -> Result<Shot, WrongTag> {
        let dose = self.dose;
        dose.shoot(&mut 0, |dose| self.once(dose, clock))
    }
}

impl Sender {
    fn new(engine: &OffloadEngine<Letter>, messages: Messages, belonging: Belonging, rng: &mut Rng) -> Self {
        let Messages { algorithm, sessions, .. } = messages;
        let mut lengths = messages.lengths();
        rng.shuffle(&mut lengths);
        let count = match belonging {
            Belonging::Fixed => sessions.min(lengths.len()),
            Belonging::Drawn => sessions,
        };
        let sessions = Sessions::register(engine, algorithm, (count, belonging), rng);
        let size = (lengths.len() / BURSTS).clamp(1, Burst::<Letter>::MAX_MESSAGES);
        let mut ready = Vec::new();
        for (index, lengths) in lengths.chunks(size).enumerate() {
            let mut burst = Burst::new();
            for (number, bytes) in (index * size..).zip(lengths) {
                let job = sessions.address(Letter::new(algorithm, *bytes, number, rng), number);
                assert!(burst.push(job).is_ok(), "a burst has room for {size}");
            }
            ready.push(burst);
        }
        Self {
            pair: engine.queue_pair(),
            sessions,
            ready,
            done: Vec::with_capacity(size),
            messages: lengths.len(),
            bytes: lengths.iter().sum(),
        }
    }

    fn send(&mut self, feeding: Feeding, passes: usize, clock: &Clock) -> Shot {
        let start = clock.now();
        match feeding {
            Feeding::Onward => self.send_onward(passes),
            Feeding::Ahead => (0..passes).for_each(|_| self.send_ahead()),
        }
        let ns = elapsed(start, clock);
        let times = |one: usize| (one * passes) as f64;
        Shot { ns, bytes: times(self.bytes), messages: times(self.messages), ghz: 0.0 }
    }

    fn send_onward(&mut self, passes: usize) {
        let mut left = passes * self.ready.len();
        while left > 0 {
            let burst = match self.ready.pop() {
                Some(burst) => Some(burst),
                None => self.pair.wait(),
            };
            let Some(burst) = burst else { break };
            let burst = self.refill(burst);
            self.pair.submit(burst).expect("room for every burst");
            left -= 1;
        }
        while let Some(burst) = self.pair.wait() {
            self.ready.push(burst);
        }
    }

    fn send_ahead(&mut self) {
        while let Some(burst) = self.ready.pop() {
            let burst = self.refill(burst);
            self.pair.submit(burst).expect("room for every burst");
        }
        while let Some(burst) = self.pair.wait() {
            self.ready.push(burst);
        }
    }

    /// Draws other sessions for the messages of a burst, where they are drawn.
    fn refill(&mut self, mut burst: Burst<Letter>) -> Burst<Letter> {
        let Self { sessions, done, .. } = self;
        if sessions.belonging() == Belonging::Fixed {
            return burst;
        }
        done.extend(burst.drain());
        for Completion { job, .. } in done.drain(..) {
            assert!(burst.push(sessions.again(job)).is_ok(), "as many as were in it");
        }
        burst
    }

    /// Holds every message to another implementation.
    fn check(&mut self) -> Result<(), WrongTag> {
        let Self { sessions, ready, done, .. } = self;
        for burst in ready {
            done.extend(burst.drain());
            let wrong = done.iter().find_map(|completion| sessions.check(completion).err());
            for Completion { job, .. } in done.drain(..) {
                assert!(burst.push(job).is_ok(), "as many as were in it");
            }
            wrong.map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}
