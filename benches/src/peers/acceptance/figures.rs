//! Which ratios, and what is asked of them.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Parser;
use fastrand::Rng;
use serde::Serialize;
use smbsign::command::run::duration;
use smbsign::measure::clock::Clock;
use smbsign::output::OutputOptions;
use smbsign::record::{Machine, Run, Tool};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::SigningAlgorithm::{self, AesCmac, AesGmac, Md5};

use super::super::bars::Verdict;
use super::super::extent::{Extent, Mix};
use super::super::report::{self, Column};
use super::super::rounds::Pace;
use super::super::shot::{WrongTag, prepared};
use super::super::statistics::Estimate;
use super::super::work_set::{Arena, MOST_KEYS, random_keys};
use super::sides::{DrawnSessions, Lanes, Messages, OneByOne, Side, TwoThreads, has_two_cores, one_session};

/// Measure what is asked of smbsign's lanes beside other libraries: mixed lengths, sessions, AVX2, two threads
///
/// Every figure is a ratio of two measurements of our own, made round by round in one run. Exit codes: 0 measured, whatever
/// the verdicts · 2 usage or input error · 5 a signature was wrong.
#[derive(Debug, Clone, Parser)]
#[command(name = "bars", version)]
pub struct Options {
    /// Kernels of all figures but those of AVX2 [default: the best that this CPU has]
    #[arg(long, value_name = "NAME")]
    pub backend: Option<Backend>,
    /// Rounds of each figure
    #[arg(long, value_name = "N", default_value = "9")]
    pub rounds: NonZeroUsize,
    /// How long one measurement takes at least
    #[arg(long, value_name = "TIME", default_value = "4ms", value_parser = duration)]
    pub duration: Duration,
    /// Seed of keys, bytes and orders
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Form and destination of the results.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// A ratio, and what is asked of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What is set against what.
    pub figure: &'static str,
    /// The algorithm.
    pub algorithm: &'static str,
    /// Length or mix of the messages.
    pub messages: String,
    /// What else tells it from its neighbours: sessions.
    pub detail: String,
    /// The median over rounds.
    pub ratio: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What is asked; nothing where the figure is only shown.
    pub bar: Option<f64>,
    /// Whether the ratio must reach the bar or stay within it.
    pub bound: Bound,
    /// Whether it does.
    pub verdict: Option<Verdict>,
}

/// Which side of a bar is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// At least the bar.
    AtLeast,
    /// At most the bar.
    AtMost,
}

/// What was found: `smbsign.bars/1`.
#[derive(Debug, Clone, Serialize)]
pub struct Acceptance {
    /// The name of this form and its version.
    pub schema: &'static str,
    /// What measured.
    pub tool: Tool,
    /// Where.
    pub machine: Machine,
    /// The command line.
    pub command: String,
    /// When.
    pub started: String,
    /// Our backend.
    pub backend: &'static str,
    /// The figures.
    pub figures: Vec<Figure>,
    /// What could not be measured here.
    pub left_out: Vec<String>,
}

/// Messages of 1 KiB to 64 KiB, where AVX2 has its bars.
const LONG: [usize; 3] = [1 << 10, 4 << 10, 64 << 10];
const MOST_SESSIONS: usize = 100_000;

/// Measures every figure.
///
/// # Errors
/// A wrong signature.
pub fn measure(options: &Options, run: &Run) -> Result<Acceptance, WrongTag> {
    let backend = options.backend.unwrap_or_else(Backend::detect);
    let mut bench = Bench {
        pace: Pace { rounds: options.rounds.get(), duration: options.duration },
        clock: Clock::new(),
        rng: Rng::with_seed(options.seed),
        arenas: [1, 2, 3].map(|which| Arena::new(Arena::HOT, options.seed + which)),
        figures: Vec::new(),
        left_out: Vec::new(),
    };
    bench.mixed_lengths(backend)?;
    bench.sessions(backend)?;
    bench.outstanding(backend)?;
    match Backend::available().find(|backend| backend.name() == "avx2") {
        Some(avx2) => bench.lanes_against_one_by_one(avx2)?,
        None => bench.left_out.push("lanes of AVX2: this CPU does not have it".to_owned()),
    }
    if has_two_cores() {
        bench.two_threads(backend)?;
    } else {
        bench.left_out.push("two threads: this process may use one CPU alone".to_owned());
    }
    Ok(Acceptance {
        schema: "smbsign.bars/1",
        tool: run.tool.clone(),
        machine: run.machine.clone(),
        command: run.command.clone(),
        started: run.started.to_string(),
        backend: backend.name(),
        figures: bench.figures,
        left_out: bench.left_out,
    })
}

struct Bench {
    pace: Pace,
    clock: Clock,
    rng: Rng,
    arenas: [Arena; 3],
    figures: Vec<Figure>,
    left_out: Vec<String>,
}

/// What a figure is called, and what is asked of it.
struct Asked {
    figure: &'static str,
    algorithm: SigningAlgorithm,
    messages: String,
    detail: String,
    bar: Option<f64>,
    bound: Bound,
}

impl Asked {
    fn answered(self, ratio: Estimate) -> Figure {
        let Self { figure, algorithm, messages, detail, bar, bound } = self;
        let judge = match bound {
            Bound::AtLeast => Verdict::of,
            Bound::AtMost => Verdict::of_at_most,
        };
        Figure {
            figure,
            algorithm: algorithm.name(),
            messages,
            detail,
            ratio: ratio.median,
            low: ratio.low,
            high: ratio.high,
            bar,
            bound,
            verdict: bar.map(|bar| judge(bar, ratio)),
        }
    }
}

impl Bench {
    /// Mixed lengths as a share of equal ones of the mean length.
    fn mixed_lengths(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
        for algorithm in SigningAlgorithm::ALL {
            for (mix, of_cmac) in Mix::ALL.into_iter().zip([0.8, 0.55, 0.5]) {
                let keys = |extent| Messages { sessions: MOST_KEYS, ..one_session(algorithm, extent) };
                let mixed = Lanes::new(one, keys(Extent::Mixed(mix)), backend, *pace, (clock, rng))?;
                let equal = Lanes::new(two, keys(Extent::Bytes(mix.mean())), backend, *pace, (clock, rng))?;
                let asked = Asked {
                    figure: "mixed lengths ÷ equal lengths",
                    algorithm,
                    messages: mix.name().to_owned(),
                    detail: format!("{} B on average", mix.mean()),
                    bar: (algorithm == AesCmac).then_some(of_cmac),
                    bound: Bound::AtLeast,
                };
                figures.extend(rates(*pace, (clock, rng), mixed, equal)?.map(|ratio| asked.answered(ratio)));
            }
        }
        Ok(())
    }

    /// A session drawn for each message, against one session: time per message.
    fn sessions(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
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
                        algorithm,
                        messages: Extent::Bytes(bytes).to_string(),
                        detail: format!("{sessions} sessions"),
                        bar: (!only_shown).then_some(bar),
                        bound: Bound::AtMost,
                    };
                    // Rates turned round are times.
                    let ratio = rates(*pace, (clock, rng), alone, many)?;
                    figures.extend(ratio.map(|ratio| asked.answered(ratio)));
                }
            }
        }
        Ok(())
    }

    /// One session with 16 messages under way, against a set of messages with a key each.
    fn outstanding(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
        let extent = Extent::Bytes(64 << 10);
        for algorithm in SigningAlgorithm::ALL {
            let few = Messages { outstanding: Some(16), ..one_session(algorithm, extent) };
            let many = Messages { sessions: MOST_KEYS, ..one_session(algorithm, extent) };
            let few = Lanes::new(one, few, backend, *pace, (clock, rng))?;
            let many = Lanes::new(two, many, backend, *pace, (clock, rng))?;
            let asked = Asked {
                figure: "one session, 16 outstanding ÷ many sessions",
                algorithm,
                messages: extent.to_string(),
                detail: String::new(),
                bar: (algorithm == AesCmac).then_some(0.95),
                bound: Bound::AtLeast,
            };
            figures.extend(rates(*pace, (clock, rng), few, many)?.map(|ratio| asked.answered(ratio)));
        }
        Ok(())
    }

    /// A backend's lanes against its own single-message code.
    fn lanes_against_one_by_one(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, _], figures, .. } = self;
        for (algorithm, bar) in [(AesCmac, 4.0), (Md5, 6.0)] {
            for bytes in LONG {
                let messages =
                    Messages { sessions: MOST_KEYS, ..one_session(algorithm, Extent::Bytes(bytes)) };
                let lanes = Lanes::new(one, messages, backend, *pace, (clock, rng))?;
                let serial = OneByOne::new(two, messages, backend, *pace, (clock, rng))?;
                let asked = Asked {
                    figure: "lanes of AVX2 ÷ one message after another",
                    algorithm,
                    messages: Extent::Bytes(bytes).to_string(),
                    detail: String::new(),
                    bar: Some(bar),
                    bound: Bound::AtLeast,
                };
                figures.extend(rates(*pace, (clock, rng), lanes, serial)?.map(|ratio| asked.answered(ratio)));
            }
        }
        Ok(())
    }

    /// Two threads with a set each, against one: how many times its rate.
    fn two_threads(&mut self, backend: Backend) -> Result<(), WrongTag> {
        let Self { pace, clock, rng, arenas: [one, two, three], figures, .. } = self;
        for algorithm in SigningAlgorithm::ALL {
            for bytes in [4 << 10, 64 << 10] {
                let messages =
                    Messages { sessions: MOST_KEYS, ..one_session(algorithm, Extent::Bytes(bytes)) };
                let alone = Lanes::new(one, messages, backend, *pace, (clock, rng))?;
                let sides = [
                    Lanes::new(two, messages, backend, *pace, (clock, rng))?,
                    Lanes::new(three, messages, backend, *pace, (clock, rng))?,
                ];
                let asked = Asked {
                    figure: "two threads ÷ one thread",
                    algorithm,
                    messages: Extent::Bytes(bytes).to_string(),
                    detail: String::new(),
                    bar: None,
                    bound: Bound::AtLeast,
                };
                let ratio = rates(*pace, (clock, rng), TwoThreads { sides }, alone)?;
                figures.extend(ratio.map(|ratio| asked.answered(ratio)));
            }
        }
        Ok(())
    }
}

/// The rate of one side ÷ that of the other, round by round, who is first drawn for each.
fn rates(
    pace: Pace,
    (clock, rng): (&Clock, &mut Rng),
    mut one: impl Side,
    mut other: impl Side,
) -> Result<Option<Estimate>, WrongTag> {
    let mut ratios = Vec::with_capacity(pace.rounds);
    for _ in 0..pace.rounds {
        let (one, other) = if rng.bool() {
            let one = one.shoot(clock)?;
            (one, other.shoot(clock)?)
        } else {
            let other = other.shoot(clock)?;
            (one.shoot(clock)?, other)
        };
        ratios.push(one.gbps() / other.gbps());
    }
    Ok(Estimate::of(ratios))
}

const COLUMNS: [Column<Figure>; 7] = [
    ("Figure", |one| one.figure.to_owned()),
    ("Algorithm", |one| one.algorithm.to_owned()),
    ("Messages", |one| one.messages.clone()),
    ("", |one| one.detail.clone()),
    ("Ratio", |one| format!("{:.2} ({:.2}–{:.2})", one.ratio, one.low, one.high)),
    ("Bar", |one| {
        let sign = if one.bound == Bound::AtLeast { "≥" } else { "≤" };
        one.bar.map(|bar| format!("{sign} {bar}")).unwrap_or_default()
    }),
    ("Verdict", |one| one.verdict.map(Verdict::name).unwrap_or_default().to_owned()),
];

impl Acceptance {
    /// For people.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn table(&self, sink: &mut dyn Write) -> io::Result<()> {
        writeln!(sink, "{}, {} CPUs; smbsign on {}\n", self.machine.cpu, self.machine.cores, self.backend)?;
        writeln!(sink, "{}", report::ruled(&COLUMNS, 4, &self.figures).trim_fmt())?;
        self.left_out.iter().try_for_each(|what| writeln!(sink, "not measured: {what}"))
    }

    /// For programs.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn json(&self, sink: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *sink, self)?;
        writeln!(sink)
    }

    /// For spreadsheets.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn csv(&self, sink: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(sink);
        self.figures.iter().try_for_each(|figure| writer.serialize(figure))?;
        writer.flush()
    }
}
