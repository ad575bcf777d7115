//! The whole comparison: which cells, what each found, and what is asked of them.

use fastrand::Rng;
use serde::Serialize;
use smbsign::measure::clock::Clock;
use smbsign::record::{Machine, Run, Tool};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::SigningAlgorithm;

use super::contender::Peer;
use super::extent::{Extent, LONGEST_FOR_ALL, Set};
use super::libraries::Library;
use super::rounds::{Entry, Pace, measure};
use super::row::{BarRow, Cell, Row, judge};
use super::shot::{Ours, WrongTag};
use super::work_set::{Arena, WorkSet};

/// What is compared.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The algorithms.
    pub algorithms: Vec<SigningAlgorithm>,
    /// Sizes and mixes.
    pub extents: Vec<Extent>,
    /// Hot, cold.
    pub sets: Vec<Set>,
    /// The libraries.
    pub libraries: Vec<Library>,
    /// Our backend.
    pub backend: Backend,
    /// Different keys in use at most.
    pub sessions: usize,
    /// How a cell is measured.
    pub pace: Pace,
    /// Seed of keys, bytes and orders.
    pub seed: u64,
}

/// A library that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its name.
    pub peer: &'static str,
    /// Its version.
    pub version: String,
}

/// A library that was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// Its name.
    pub peer: &'static str,
    /// Why it is not compared with.
    pub reason: String,
}

/// What a comparison found: `smbsign.peers/1`.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
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
    /// Nanoseconds that a measurement takes at least.
    pub duration_ns: u128,
    /// The libraries.
    pub libraries: Vec<Found>,
    /// Those that are missing, and calls that did not take some messages.
    pub missing: Vec<Absent>,
    /// A row per cell and peer.
    pub rows: Vec<Row>,
    /// What is asked of the hot cells, against the best peer of each.
    pub bars: Vec<BarRow>,
}

impl Comparison {
    /// The name of the form.
    pub const SCHEMA: &'static str = "smbsign.peers/1";

    /// Measures what the plan says; `progress` hears of each cell before it begins.
    ///
    /// # Errors
    /// A wrong tag: nothing is told of a comparison that had one.
    pub fn run(plan: &Plan, run: &Run, progress: &mut dyn FnMut(&str)) -> Result<Self, WrongTag> {
        let mut comparison = Self {
            schema: Self::SCHEMA,
            tool: run.tool.clone(),
            machine: run.machine.clone(),
            command: run.command.clone(),
            started: run.started.to_string(),
            backend: plan.backend.name(),
            duration_ns: plan.pace.duration.as_nanos(),
            libraries: Vec::new(),
            missing: Vec::new(),
            rows: Vec::new(),
            bars: Vec::new(),
        };
        let mut peers = Vec::new();
        for library in &plan.libraries {
            let name = library.name();
            match library.open() {
                Ok(peer) => {
                    comparison.libraries.push(Found { peer: name, version: peer.version() });
                    peers.push((*library, peer));
                }
                Err(missing) => {
                    comparison.missing.push(Absent { peer: name, reason: missing.to_string() });
                }
            }
        }
        let (mut arena, clock) = (Arena::new(Arena::LARGEST, plan.seed), Clock::new());
        let mut rng = Rng::with_seed(plan.seed);
        for &algorithm in &plan.algorithms {
            for extent in cells(&plan.extents) {
                for &set in &plan.sets {
                    progress(&format!("{algorithm}, {extent}, {set}"));
                    let taking = peers
                        .iter()
                        .filter(|(library, peer)| takes(*library, peer.as_ref(), algorithm, extent));
                    let taking: Vec<_> = taking.collect();
                    if taking.is_empty() {
                        continue;
                    }
                    let cell = (extent, set);
                    let mut work = WorkSet::lay_out(&mut arena, algorithm, cell, plan.sessions, &mut rng);
                    let entries = taking.iter().flat_map(|(library, peer)| {
                        let contenders = peer.contenders(algorithm, work.keys());
                        contenders.into_iter().map(|contender| Entry::new(*library, contender))
                    });
                    let entries: Vec<_> = entries.collect();
                    if entries.is_empty() {
                        continue;
                    }
                    let mut ours = Ours::new(algorithm, plan.backend, work.keys());
                    let rounds = measure(&mut work, set, &mut ours, entries, plan.pace, (&clock, &mut rng))?;
                    comparison.missing.extend(rounds.refusals.iter().map(|(library, refusal)| Absent {
                        peer: library.name(),
                        reason: format!("{extent}, {set}: {refusal}"),
                    }));
                    let (set_bytes, messages) = (work.bytes(), work.len());
                    let cell = Cell { algorithm, extent, set, set_bytes, messages };
                    comparison.rows.extend(Row::of(cell, &rounds));
                }
            }
        }
        comparison.bars = judge(&comparison.rows);
        Ok(comparison)
    }
}

/// The extents asked for; 64 KiB also as the most that ipsec-mb takes.
fn cells(extents: &[Extent]) -> Vec<Extent> {
    let twin =
        |extent: &Extent| (*extent == Extent::Bytes(64 << 10)).then_some(Extent::Bytes(LONGEST_FOR_ALL));
    let mut cells: Vec<Extent> =
        extents.iter().flat_map(|extent| twin(extent).into_iter().chain([*extent])).collect();
    cells.dedup();
    cells
}

/// Whether a library is measured in a cell: ipsec-mb at 65,280 bytes in the place of 64 KiB, the others there.
fn takes(library: Library, peer: &dyn Peer, algorithm: SigningAlgorithm, extent: Extent) -> bool {
    match extent {
        Extent::Bytes(LONGEST_FOR_ALL) => library == Library::IpsecMb,
        Extent::Bytes(bytes) if bytes == 64 << 10 => library != Library::IpsecMb,
        Extent::Bytes(bytes) => bytes <= peer.longest(algorithm),
        Extent::Mixed(_) => true,
    }
}
