//! What is measured, in which order.

use fastrand::Rng;
use serde::Serialize;
use smbsign::measure::clock::Clock;
use smbsign::record::{Machine, Run, Tool};
use smbsign_engine::kernels::Backend;

use super::super::rounds::Pace;
use super::super::shot::WrongTag;
use super::super::work_set::Arena;
use super::cores::two_cores;
use super::figure::{Figure, Pairs};
use super::options::{Options, Theme};
use super::sides::Side;

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

/// Measures what was asked for.
///
/// # Errors
/// A wrong signature.
pub fn measure(options: &Options, run: &Run) -> Result<Acceptance, WrongTag> {
    let backend = options.making.backend();
    let mut bench = Bench {
        pace: options.making.pace(),
        clock: Clock::new(),
        rng: Rng::with_seed(options.making.seed),
        arenas: [1, 2, 3].map(|which| Arena::new(Arena::HOT, options.making.seed + which)),
        figures: Vec::new(),
        left_out: Vec::new(),
    };
    for theme in options.themes() {
        bench.measure(*theme, backend)?;
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

/// What all figures need, and those that there are.
pub(super) struct Bench {
    pub(super) pace: Pace,
    pub(super) clock: Clock,
    pub(super) rng: Rng,
    pub(super) arenas: [Arena; 3],
    pub(super) figures: Vec<Figure>,
    left_out: Vec<String>,
}

impl Bench {
    fn measure(&mut self, theme: Theme, backend: Backend) -> Result<(), WrongTag> {
        match (theme, two_cores()) {
            (Theme::MixedLengths, _) => self.mixed_lengths(backend),
            (Theme::Sessions, _) => self.sessions(backend),
            (Theme::Outstanding, _) => self.outstanding(backend),
            (Theme::Avx2, _) => match Backend::available().find(|backend| backend.name() == "avx2") {
                Some(avx2) => self.lanes_against_one_by_one(avx2),
                None => self.leave_out(theme, "this CPU does not have it"),
            },
            (Theme::Parked, _) => match self.parked(backend) {
                Ok(()) => Ok(()),
                Err(error) => self.leave_out(theme, &error.to_string()),
            },
            (Theme::TwoThreads, Some(cores)) => self.two_threads(backend, cores),
            (Theme::OneWorker, Some(cores)) => self.one_worker(backend, cores),
            (Theme::TwoWorkers, Some(cores)) => self.two_workers(backend, cores),
            (Theme::OffloadSessions, Some(cores)) => self.offload_sessions(backend, cores),
            (Theme::Idle, Some(cores)) => self.idle(backend, cores),
            (Theme::Poisson, Some(cores)) => self.poisson(backend, cores),
            (_, None) => self.leave_out(theme, "this process may use one CPU alone"),
        }
    }

    fn leave_out(&mut self, theme: Theme, reason: &str) -> Result<(), WrongTag> {
        self.left_out.push(format!("{}: {reason}", theme.name()));
        Ok(())
    }
}

/// The rates of two sides in GB/s, round by round, who is first drawn for each.
pub(super) fn rates(
    pace: Pace,
    (clock, rng): (&Clock, &mut Rng),
    mut one: impl Side,
    mut other: impl Side,
) -> Result<Pairs, WrongTag> {
    let mut rounds = Vec::with_capacity(pace.rounds);
    for _ in 0..pace.rounds {
        let (one, other) = if rng.bool() {
            let one = one.shoot(clock)?;
            (one, other.shoot(clock)?)
        } else {
            let other = other.shoot(clock)?;
            (one.shoot(clock)?, other)
        };
        rounds.push((one.gbps(), other.gbps()));
    }
    Ok(Pairs { rounds, unit: "GB/s" })
}
