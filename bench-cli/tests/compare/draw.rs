//! Records whose truth is known, drawn from worlds that are noisy in known ways.

use fastrand::Rng;
use smbsign::record::{Measurement, Protection, Run, SCHEMA, State, Tool, Trial};
use smbsign_engine::protocol::Dialect;

use super::example;

/// How measurements of one machine scatter. All figures are log ratios, one standard deviation where there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) rounds: u32,
    pub(crate) noise: Noise,
    /// What whole runs differ by, each cell by itself.
    pub(crate) offset: f64,
    /// By how much a run's last round is slower than its first: each run its own, up to this and either way.
    pub(crate) drift: f64,
    /// Episodes that slow the probe; the cell takes this share of them.
    pub(crate) follows_probe: Option<f64>,
}

/// What a single trial differs by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Noise {
    /// Normal.
    Normal(f64),
    /// Student's t with three degrees of freedom, times this: no fourth moment, barely a third.
    HeavyTails(f64),
    /// Normal; and one trial in so many is slower by 20 to 45 %, as beside a busy neighbour.
    Episodes(f64, u32),
}

pub(crate) const CALM: World =
    World { rounds: 9, noise: Noise::Normal(0.01), offset: 0.003, drift: 0.0, follows_probe: None };

impl Noise {
    fn draw(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Normal(size) => size * normal(rng),
            Self::HeavyTails(size) => {
                let squares: f64 = (0..3).map(|_| normal(rng).powi(2)).sum();
                size * normal(rng) / (squares / 3.0).sqrt()
            }
            Self::Episodes(size, one_in) => {
                let slowed = rng.u32(..one_in) == 0;
                size * normal(rng) + if slowed { 0.20 + 0.25 * rng.f64() } else { 0.0 }
            }
        }
    }
}

/// Box and Muller's.
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

/// Cells of a run that names three dialects, at one link.
pub(crate) fn cells(link: &str) -> Vec<Measurement> {
    let dialects = [Dialect::Smb1, Dialect::Smb210, Dialect::Smb300, Dialect::Smb311];
    let cells =
        dialects.into_iter().flat_map(|dialect| Protection::of(dialect).map(move |what| (dialect, what)));
    cells.map(|(dialect, protection)| example::cell(dialect, protection, link)).collect()
}

/// One run of these cells in a world, each slower than its truth by so much.
pub(crate) fn run(world: &World, cells: &[Measurement], slower: f64, rng: &mut Rng) -> Run {
    let drift = world.drift * (2.0 * rng.f64() - 1.0);
    let measurements = cells.iter().map(|cell| {
        let offset = world.offset * normal(rng);
        let trials: Vec<Trial> = (0..world.rounds)
            .map(|round| {
                let passed = f64::from(round) / f64::from(world.rounds.max(2) - 1) - 0.5;
                let probe = world.follows_probe.map_or(0.0, |_| (0.05 * normal(rng)).abs());
                let followed = world.follows_probe.map_or(0.0, |share| share * probe);
                let off = slower.ln() + offset + drift * passed + followed + world.noise.draw(rng);
                trial(round, off, probe)
            })
            .collect();
        Measurement { rounds: world.rounds, trials, ..cell.clone() }
    });
    let measurements = measurements.collect();
    record(measurements)
}

fn trial(round: u32, off: f64, probe: f64) -> Trial {
    let busy_ns = (8e7 * off.exp()).round() as u64;
    Trial {
        round,
        order: 0,
        messages: 1_000,
        bytes: 65_536_000,
        wall_ns: busy_ns,
        busy_ns,
        cpu_ns: Some(busy_ns),
        probe_ns: Some((25_000.0 * probe.exp()).round() as u64),
        unsigned_ns: None,
        clock_ghz: Some(3.9),
        steal_ns: Some(0),
        involuntary_switches: Some(0),
        disturbed: false,
    }
}

/// A run of these measurements on the example machine.
pub(crate) fn record(measurements: Vec<Measurement>) -> Run {
    Run {
        schema: SCHEMA.to_owned(),
        tool: Tool { version: "0.1.0".to_owned(), commit: None, rustc: Some("rustc 1.95.0".to_owned()) },
        machine: example::machine(),
        command: "smbsign run".to_owned(),
        started: "2026-01-02T03:04:05Z".parse().unwrap(),
        state: State::Complete,
        config: serde_json::Value::Null,
        measurements,
        fits: Vec::new(),
        findings: Vec::new(),
    }
}
