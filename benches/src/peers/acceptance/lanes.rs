//! Figures of the lanes.

use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::SigningAlgorithm::{self, AesCmac, AesGmac, Md5};

use super::super::extent::{Extent, Mix};
use super::super::rounds::Pace;
use super::super::shot::{WrongTag, prepared};
use super::super::work_set::{MOST_KEYS, random_keys};
use super::bench::{Bench, rates};
use super::cores::OnCore;
use super::figure::{Asked, Bound};
use super::sides::{DrawnSessions, Lanes, Messages, OneByOne, TwoThreads, one_session};

/// Messages of 1 KiB to 64 KiB, where AVX2 has its bars.
const LONG: [usize; 3] = [1 << 10, 4 << 10, 64 << 10];
/// The most sessions that are drawn from.
pub(super) const MOST_SESSIONS: usize = 100_000;
/// Drawn sessions are measured for so many times the other measurements' time. Sides take turns, and in a shorter one most of the
/// most sessions would be drawn for the first time since the other side ran: what is seen then is how their keys come back into
/// the caches.
pub(super) const DRAWN_TIMES: u32 = 15;

impl Bench {
    /// Mixed lengths as a share of equal ones of the mean length.
    pub(super) fn mixed_lengths(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
        for algorithm in SigningAlgorithm::ALL {
            for (mix, of_cmac) in Mix::ALL.into_iter().zip([0.8, 0.55, 0.5]) {
                let keys = |extent| Messages { sessions: MOST_KEYS, ..one_session(algorithm, extent) };
                let mixed = Lanes::new(one, keys(Extent::Mixed(mix)), backend, *pace, (clock, rng))?;
                let equal = Lanes::new(two, keys(Extent::Bytes(mix.mean())), backend, *pace, (clock, rng))?;
                let asked = Asked {
                    figure: "mixed lengths ÷ equal lengths",
                    algorithm: algorithm.name(),
                    messages: mix.name().to_owned(),
                    detail: format!("{} B on average", mix.mean()),
                    bar: (algorithm == AesCmac).then_some(of_cmac),
                    bound: Bound::AtLeast,
                };
                figures.extend(asked.ratio(&rates(*pace, (clock, rng), mixed, equal)?));
            }
        }
        Ok(())
    }

    /// A session drawn for each message, against one session: time per message.
    pub(super) fn sessions(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
        let pace = &Pace { duration: pace.duration * DRAWN_TIMES, ..*pace };
        for algorithm in SigningAlgorithm::ALL {
            let keys = prepared(algorithm, backend, &random_keys(MOST_SESSIONS, rng));
            for (bytes, bar) in [(128, 1.5), (4 << 10, 1.3)] {
                for sessions in [100, 1_000, 10_000, MOST_SESSIONS] {
                    let cell = (algorithm, Extent::Bytes(bytes));
                    let alone = DrawnSessions::new(one, cell, &keys[..1], backend, *pace, (clock, rng))?;
                    let many =
                        DrawnSessions::new(two, cell, &keys[..sessions], backend, *pace, (clock, rng))?;
                    let only_shown = algorithm == AesGmac && bytes == 128;
                    let asked = Asked {
                        figure: "time with drawn sessions ÷ with one",
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

    /// One session with 16 messages under way, against a set of messages with a key each, and against 16 of them at a time: the
    /// second shows what the session costs, the first what so few messages cost beside it. With 32 they fill the widest kernel.
    pub(super) fn outstanding(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
        let extent = Extent::Bytes(64 << 10);
        for algorithm in SigningAlgorithm::ALL {
            for (of_one, outstanding, detail) in
                [(16, None, ""), (16, Some(16), "16 outstanding of each"), (32, None, "")]
            {
                let session = Messages { outstanding: Some(of_one), ..one_session(algorithm, extent) };
                let many = Messages { sessions: MOST_KEYS, outstanding, ..one_session(algorithm, extent) };
                let session = Lanes::new(one, session, backend, *pace, (clock, rng))?;
                let many = Lanes::new(two, many, backend, *pace, (clock, rng))?;
                let asked = Asked {
                    figure: match of_one {
                        16 => "one session, 16 outstanding ÷ many sessions",
                        _ => "one session, 32 outstanding ÷ many sessions",
                    },
                    algorithm: algorithm.name(),
                    messages: extent.to_string(),
                    detail: detail.to_owned(),
                    bar: (algorithm == AesCmac && of_one == 16).then_some(0.95),
                    bound: Bound::AtLeast,
                };
                figures.extend(asked.ratio(&rates(*pace, (clock, rng), session, many)?));
            }
        }
        Ok(())
    }

    /// A backend's lanes against its own single-message code.
    pub(super) fn lanes_against_one_by_one(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
        for (algorithm, bar) in [(AesCmac, 4.0), (Md5, 6.0)] {
            for bytes in LONG {
                let messages =
                    Messages { sessions: MOST_KEYS, ..one_session(algorithm, Extent::Bytes(bytes)) };
                let lanes = Lanes::new(one, messages, backend, *pace, (clock, rng))?;
                let serial = OneByOne::new(two, messages, backend, *pace, (clock, rng))?;
                let asked = Asked {
                    figure: "lanes of AVX2 ÷ one message after another",
                    algorithm: algorithm.name(),
                    messages: Extent::Bytes(bytes).to_string(),
                    detail: String::new(),
                    bar: Some(bar),
                    bound: Bound::AtLeast,
                };
                figures.extend(asked.ratio(&rates(*pace, (clock, rng), lanes, serial)?));
            }
        }
        Ok(())
    }

    /// Two threads with a set each, against one: how many times its rate.
    pub(super) fn two_threads(&mut self, backend: Backend, cores: [usize; 2]) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, three], figures, .. } = self;
        for algorithm in SigningAlgorithm::ALL {
            for bytes in [4 << 10, 64 << 10] {
                let messages =
                    Messages { sessions: MOST_KEYS, ..one_session(algorithm, Extent::Bytes(bytes)) };
                let alone = Lanes::new(one, messages, backend, *pace, (clock, rng))?;
                let both = [
                    Lanes::new(two, messages, backend, *pace, (clock, rng))?,
                    Lanes::new(three, messages, backend, *pace, (clock, rng))?,
                ];
                let asked = Asked {
                    figure: "two threads ÷ one thread",
                    algorithm: algorithm.name(),
                    messages: Extent::Bytes(bytes).to_string(),
                    detail: String::new(),
                    bar: None,
                    bound: Bound::AtLeast,
                };
                let alone = OnCore { core: cores[0], side: alone };
                let both = TwoThreads::on(cores, both);
                figures.extend(asked.ratio(&rates(*pace, (clock, rng), both, alone)?));
            }
        }
        Ok(())
    }
}
