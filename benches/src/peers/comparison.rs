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
use super::rounds::{Entry, Pace, Rounds, Visit, measure};
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
        let mut bench = Bench {
            plan,
            peers,
            arena: Arena::new(Arena::LARGEST, plan.seed),
            clock: Clock::new(),
            rng: Rng::with_seed(plan.seed),
        };
        let cells = plan.cells();
        let mut found: Vec<Option<(Cell, Rounds)>> = cells.iter().map(|_| None).collect();
        for visit in 0..VISITS {
            for (&wanted, found) in cells.iter().zip(&mut found) {
                let rounds = rounds_of_visit(visit, wanted.2, plan.pace.rounds);
                if rounds > 0 {
                    let (algorithm, extent, set) = wanted;
                    progress(&format!("{algorithm}, {extent}, {set}"));
                    bench.visit(wanted, rounds, found)?;
                }
            }
        }
        for (cell, rounds) in found.iter().flatten() {
            comparison.missing.extend(rounds.refusals.iter().map(|(library, refusal)| Absent {
                peer: library.name(),
                reason: format!("{}, {}: {refusal}", cell.extent, cell.set),
            }));
            comparison.rows.extend(Row::of(*cell, rounds));
        }
        comparison.bars = judge(&comparison.rows);
        Ok(comparison)
    }
}

/// How often a hot cell is visited: what disturbs a machine may last for seconds. A cold one is laid out for longer than
/// that, and visited once.
const VISITS: usize = 3;

/// How many of a cell's rounds a visit has.
const fn rounds_of_visit(visit: usize, set: Set, rounds: usize) -> usize {
    match set {
        Set::Hot => (rounds + VISITS - 1 - visit) / VISITS,
        Set::Cold if visit == 0 => rounds,
        Set::Cold => 0,
    }
}

type Wanted = (SigningAlgorithm, Extent, Set);

struct Bench<'p> {
    plan: &'p Plan,
    peers: Vec<(Library, Box<dyn Peer>)>,
    arena: Arena,
    clock: Clock,
    rng: Rng,
}

impl Bench<'_> {
    /// Lays a cell out and measures some of its rounds; where no library computes it, nothing is found.
    fn visit(
        &mut self,
        (algorithm, extent, set): Wanted,
        rounds: usize,
        found: &mut Option<(Cell, Rounds)>,
    ) -> Result<(), WrongTag> {
        let Self { plan, peers, arena, clock, rng } = self;
        let mut taking = peers
            .iter()
            .filter(|(library, peer)| takes(*library, peer.as_ref(), algorithm, extent))
            .peekable();
        if taking.peek().is_none() {
            return Ok(());
        }
        let mut work = WorkSet::lay_out(arena, algorithm, (extent, set), plan.sessions, rng);
        let contenders = taking.flat_map(|(library, peer)| {
            let contenders = peer.contenders(algorithm, work.keys());
            contenders.into_iter().map(|contender| Entry::new(*library, contender))
        });
        let is_wanted = |entry: &Entry| {
            found.as_ref().is_none_or(|(_, known)| known.has_in_full(entry.library, entry.contender.call()))
        };
        let entries: Vec<_> = contenders.filter(is_wanted).collect();
        if entries.is_empty() {
            return Ok(());
        }
        let mut ours = Ours::new(algorithm, plan.backend, work.keys());
        let visit = if found.is_some() { Visit::Again } else { Visit::First };
        let pace = Pace { rounds, ..plan.pace };
        let measured = measure(&mut work, (set, visit), &mut ours, entries, pace, (clock, rng))?;
        let cell = Cell { algorithm, extent, set, set_bytes: work.bytes(), messages: work.len() };
        match found {
            Some((_, known)) => known.append(measured),
            None => *found = Some((cell, measured)),
        }
        Ok(())
    }
}

impl Plan {
    /// Every cell, in the order of the rows; 64 KiB also as the most that ipsec-mb takes.
    fn cells(&self) -> Vec<Wanted> {
        let twin =
            |extent: Extent| (extent == Extent::Bytes(64 << 10)).then_some(Extent::Bytes(LONGEST_FOR_ALL));
        let mut extents: Vec<Extent> =
            self.extents.iter().flat_map(|&extent| twin(extent).into_iter().chain([extent])).collect();
        extents.dedup();
        let mut cells = Vec::new();
        for &algorithm in &self.algorithms {
            for &extent in &extents {
                cells.extend(self.sets.iter().map(|&set| (algorithm, extent, set)));
            }
        }
        cells
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_visits_have_all_rounds_together() {
        for rounds in 1..20 {
            for set in Set::ALL {
                let visits = (0..VISITS).map(|visit| rounds_of_visit(visit, set, rounds));
                assert_eq!(visits.sum::<usize>(), rounds, "{set}");
            }
        }
    }
}
