//! Figures of the offload engine.

use std::io;

use smbsign_engine::kernels::Backend;
use smbsign_engine::offload::{Config, Waiting};
use smbsign_engine::protocol::SigningAlgorithm::{self, AesCmac, AesGmac};

use super::super::extent::{Extent, Mix};
use super::super::rounds::Pace;
use super::super::shot::WrongTag;
use super::super::statistics::median;
use super::super::work_set::MOST_KEYS;
use super::alone::Alone;
use super::bench::{Bench, rates};
use super::cores::{OnCore, on_core};
use super::figure::{Asked, Bound, Pairs};
use super::lanes::{DRAWN_TIMES, MOST_SESSIONS};
use super::letter::Belonging;
use super::parked::Parked;
use super::poisson::{Delays, Poisson, lanes_of_a_group, p99_us};
use super::served::{Arrangement, Feeding, Served, Timed};
use super::sides::{Lanes, Messages, Side as _, TwoThreads, one_session};

/// What is asked of one worker beside a scheduler that is fed directly.
const OF_ONE_WORKER: [(Extent, f64); 4] = [
    (Extent::Mixed(Mix::SHORT), 0.7),
    (Extent::Bytes(1 << 10), 0.85),
    (Extent::Bytes(4 << 10), 0.85),
    (Extent::Bytes(64 << 10), 0.85),
];

/// Messages at random come for so many times the other measurements' time: long enough for hundreds beyond a percentile, and no
/// longer, so that a machine that stands still for a moment spoils one round and not most.
const POISSON_TIMES: u32 = 2;
/// And for so many times the other figures' rounds.
const POISSON_ROUNDS: usize = 5;
/// How many times a full group may take one in a hundred messages at 80 % of what a worker can do.
const GROUPS_AT_P99: f64 = 10.0;

impl Bench {
    /// One worker, whose sender has a core of its own, against a scheduler that is fed directly.
    pub(super) fn one_worker(
        &mut self,
        backend: Backend,
        [core, sender]: [usize; 2],
    ) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, ..], figures, .. } = self;
        for algorithm in SigningAlgorithm::ALL {
            for (extent, bar) in OF_ONE_WORKER {
                // Where a hot set is one burst, another is with its sender meanwhile.
                let sets = if extent.mean() < 64 << 10 { 1 } else { 2 };
                let messages = Messages { sessions: MOST_KEYS, sets, ..one_session(algorithm, extent) };
                let served = Served::new(
                    messages,
                    (fed_from_another_core(core, sender), Belonging::Fixed),
                    backend,
                    *pace,
                    (clock, rng),
                )?;
                let lanes = Lanes::new(one, messages, backend, *pace, (clock, rng))?;
                let asked = Asked {
                    figure: "one worker ÷ lanes",
                    algorithm: algorithm.name(),
                    messages: extent.to_string(),
                    detail: String::new(),
                    bar: Some(bar),
                    bound: Bound::AtLeast,
                };
                let lanes = OnCore { core, side: lanes };
                figures.extend(asked.ratio(&rates(*pace, (clock, rng), served, lanes)?));
            }
        }
        Ok(())
    }

    /// Two workers that share their cores with those who feed them, against one: how many times its rate, beside what two
    /// threads with lanes are against one.
    pub(super) fn two_workers(&mut self, backend: Backend, cores: [usize; 2]) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, three], figures, .. } = self;
        for algorithm in SigningAlgorithm::ALL {
            for bytes in [4 << 10, 64 << 10] {
                let messages =
                    Messages { sessions: MOST_KEYS, ..one_session(algorithm, Extent::Bytes(bytes)) };
                let fed = |cores: &[usize]| Arrangement {
                    workers: cores.to_vec(),
                    senders: cores.to_vec(),
                    feeding: Feeding::Ahead,
                };
                let mut served = |cores: &[usize]| {
                    Served::new(messages, (fed(cores), Belonging::Fixed), backend, *pace, (clock, rng))
                };
                let (mut worker, mut workers) = (served(&cores[..1])?, served(&cores)?);
                let mut lanes = |arena| Lanes::new(arena, messages, backend, *pace, (clock, rng));
                let mut thread = OnCore { core: cores[0], side: lanes(one)? };
                let mut threads = TwoThreads::on(cores, [lanes(two)?, lanes(three)?]);
                let mut rounds = Vec::with_capacity(pace.rounds);
                for _ in 0..pace.rounds {
                    let mut order: [u8; 4] = [0, 1, 2, 3];
                    rng.shuffle(&mut order);
                    let mut gbps = [0.0; 4];
                    for side in order {
                        gbps[usize::from(side)] = match side {
                            0 => workers.shoot(clock)?,
                            1 => worker.shoot(clock)?,
                            2 => threads.shoot(clock)?,
                            _ => thread.shoot(clock)?,
                        }
                        .gbps();
                    }
                    rounds.push((gbps[0] / gbps[1], gbps[2] / gbps[3]));
                }
                let asked = Asked {
                    figure: "two workers ÷ one, to two threads ÷ one",
                    algorithm: algorithm.name(),
                    messages: Extent::Bytes(bytes).to_string(),
                    detail: String::new(),
                    bar: Some(0.95),
                    bound: Bound::AtLeast,
                };
                figures.extend(asked.ratio(&Pairs { rounds, unit: "times" }));
            }
        }
        Ok(())
    }

    /// A session drawn for each message, against one session, through an engine: what a message takes of the worker's time, and
    /// how long it takes until messages are back. That may be more: where two cores' caches are far apart, to fetch what came back
    /// takes as long as many a short message, and then it is the sender whose time is seen, with one session and with many.
    pub(super) fn offload_sessions(
        &mut self,
        backend: Backend,
        [core, sender]: [usize; 2],
    ) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, figures, .. } = self;
        let pace = &Pace { duration: pace.duration * DRAWN_TIMES, ..*pace };
        for algorithm in SigningAlgorithm::ALL {
            for (bytes, bar) in [(128, 1.5), (4 << 10, 1.3)] {
                let cells = [100, 1_000, 10_000, MOST_SESSIONS].map(|sessions| {
                    [
                        (sessions, Timed::Workers, "a worker's time with drawn sessions ÷ with one"),
                        (sessions, Timed::Senders, "time through a worker with drawn sessions ÷ with one"),
                    ]
                });
                for (sessions, timed, figure) in cells.into_iter().flatten() {
                    let mut of = |sessions| {
                        let messages = Messages { sessions, ..one_session(algorithm, Extent::Bytes(bytes)) };
                        let how = (fed_from_another_core(core, sender), Belonging::Drawn);
                        let served = Served::new(messages, how, backend, *pace, (clock, rng));
                        served.map(|served| served.timed_by(timed))
                    };
                    let (alone, many) = (of(1)?, of(sessions)?);
                    let only_shown = algorithm == AesGmac && bytes == 128;
                    let asked = Asked {
                        figure,
                        algorithm: algorithm.name(),
                        messages: Extent::Bytes(bytes).to_string(),
                        detail: format!("{sessions} sessions"),
                        bar: (!only_shown).then_some(bar),
                        bound: Bound::AtMost,
                    };
                    // Rates turned round are times.
                    figures.extend(asked.ratio(&rates(*pace, (clock, rng), alone, many)?));
                }
            }
        }
        Ok(())
    }

    /// One message through an idle engine, against signing it on the spot.
    pub(super) fn idle(&mut self, backend: Backend, [core, sender]: [usize; 2]) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, figures, .. } = self;
        let bytes = 4 << 10;
        let ways = [
            ("spins", Waiting::Spin, Some(2.0)),
            ("spins for 50 µs, then parks", Config::default().waiting, None),
            ("parks", Waiting::Park, None),
        ];
        for (detail, waiting, bar) in ways {
            for algorithm in SigningAlgorithm::ALL {
                let mut alone = Alone::new((algorithm, bytes), (waiting, core), backend, rng);
                let rounds = on_core(sender, || {
                    alone.round(clock)?;
                    (0..pace.rounds).map(|_| alone.round(clock)).collect::<Result<_, _>>()
                })?;
                let asked = Asked {
                    figure: "a message through an idle engine − on the spot",
                    algorithm: algorithm.name(),
                    messages: Extent::Bytes(bytes).to_string(),
                    detail: detail.to_owned(),
                    bar,
                    bound: Bound::AtMost,
                };
                figures.extend(asked.difference(&Pairs { rounds, unit: "µs" }));
            }
        }
        Ok(())
    }

    /// The CPU time of a worker that has nothing to do, against the time that passes.
    pub(super) fn parked(&mut self, backend: Backend) -> io::Result<()> {
        let Self { pace, rng, figures, .. } = self;
        for keys in [0, MOST_SESSIONS] {
            let parked = Parked::new(Config::default().waiting, keys, backend, rng);
            let rounds = (0..pace.rounds).map(|_| parked.round()).collect::<io::Result<_>>()?;
            let asked = Asked {
                figure: "a parked worker's CPU time ÷ time",
                algorithm: "",
                messages: String::new(),
                detail: format!("{keys} keys"),
                bar: Some(0.01),
                bound: Bound::AtMost,
            };
            figures.extend(asked.ratio(&Pairs { rounds, unit: "µs" }));
        }
        Ok(())
    }

    /// What 99 of 100 messages take that come at random, at 80 % of what a worker can do, against a full group's time.
    pub(super) fn poisson(&mut self, backend: Backend, [core, sender]: [usize; 2]) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, ..], figures, .. } = self;
        let (algorithm, bytes) = (AesCmac, 4 << 10);
        let messages = Messages { sessions: MOST_KEYS, ..one_session(algorithm, Extent::Bytes(bytes)) };
        let arrangement = (fed_from_another_core(core, sender), Belonging::Fixed);
        let mut capacity = Served::new(messages, arrangement, backend, *pace, (clock, rng))?;
        let lanes = lanes_of_a_group((algorithm, bytes), backend, rng);
        let group = Messages { outstanding: Some(lanes), ..messages };
        let side = Lanes::new(one, group, backend, *pace, (clock, rng))?;
        let mut group = OnCore { core, side };
        let mut poisson = Poisson::new((algorithm, bytes), core, backend, rng);
        for load in [0.5, 0.8] {
            let (mut until_back, mut until_sent) = (Vec::new(), Vec::new());
            let mut together = Delays::default();
            for _ in 0..pace.rounds * POISSON_ROUNDS {
                let bytes_per_ns = load * capacity.shoot(clock)?.gbps();
                let shot = group.shoot(clock)?;
                let group_us = shot.ns / shot.messages * lanes as f64 / 1e3;
                let delays =
                    on_core(sender, || poisson.round(bytes_per_ns, pace.duration * POISSON_TIMES, clock))?;
                until_back.push((p99_us(&delays.until_back), group_us));
                until_sent.push((p99_us(&delays.until_sent), group_us));
                together.merge(&delays);
            }
            let group_us = median(until_back.iter().map(|round| round.1)).unwrap_or(f64::NAN);
            let of_all = vec![(p99_us(&together.until_back), group_us)];
            let figures_of = [
                ("", until_back, (load == 0.8).then_some(GROUPS_AT_P99)),
                (", until they are sent", until_sent, None),
                (", all rounds as one", of_all, None),
            ];
            for (of, rounds, bar) in figures_of {
                let asked = Asked {
                    figure: "p99 of messages at random ÷ a full group's time",
                    algorithm: algorithm.name(),
                    messages: Extent::Bytes(bytes).to_string(),
                    detail: format!("at {:.0} % of a worker's capacity{of}", load * 100.0),
                    bar,
                    bound: Bound::AtMost,
                };
                figures.extend(asked.ratio(&Pairs { rounds, unit: "µs" }));
            }
        }
        Ok(())
    }
}

/// A sender whose core is not the worker's.
fn fed_from_another_core(worker: usize, sender: usize) -> Arrangement {
    Arrangement { workers: vec![worker], senders: vec![sender], feeding: Feeding::Onward }
}
