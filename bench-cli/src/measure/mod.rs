//! Measures what a [`Plan`] asks for, and gives the record's rows.
//!
//! ```text
//! settings   what a run is asked for              capture_profile  a real capture as traffic
//! mix        tables of exchanges as traffic
//! plan       which cells, in which order          self_check       known answers first
//! trial      one cell's workers over one window   worker           one thread: wait, work, keep
//! serial, lanes                                   the engines: a chunk of messages generated, signed, transmitted
//! offload                                         the engine with threads of its own, and the thread that feeds it
//! workplace, duty, keys, chunk, transmit          what they work with
//! sample, latency                                 what is kept of them
//! memory     how fast the set itself is read and copied
//! clock, system, disturbance                      the core's clock, the probe, what the machine did meanwhile
//! summary    trials to rows                       server           what a real server spends
//! dump       kept messages as a capture          handicap         a delay of known size, in builds that ask for it
//! rehearsal  a worker before a clock of readings
//! ```
//!
//! # What the figures mean
//! *Busy* time is that of numbering, signing and copying messages; waiting for departures is apart from it, and so is all
//! recording. The unsigned baseline does the same less the signature, so that *added* CPU is the signature's alone.
//! Latency runs from the intended departure at the link's rate to the end of a message's work, so that a worker that falls
//! behind shows it in every message behind.
//!
//! A trial is *disturbed* when the machine probe beside it moved by more than 3 %, when the hypervisor gave the core to
//! others, or when the worker waited for its core for more than 1 % of the window (`disturbance` fixes the rule).
//! Disturbed trials count only where a cell has no other. Involuntary context switches are recorded, and judged by the time
//! that they cost.
//!
//! A percentile with fewer than ten samples beyond it is null. Latency is split: *queued* from the intended departure to the
//! moment when work on the message's chunk begins, *signing* from there to its end, transmission included.
//!
//! Encrypted cells seal each frame from where it lies into the transmit buffer, which with `--transmit none` is there for
//! them alone, and open the other way; their messages are longer on the wire by the transform header.

mod capture_profile;
mod chunk;
pub mod clock;
mod disturbance;
mod dump;
mod duty;
#[cfg(feature = "handicap")]
mod handicap;
mod keys;
mod lanes;
mod latency;
mod memory;
mod mix;
mod offload;
mod plan;
mod rehearsal;
mod sample;
mod self_check;
mod serial;
mod server;
mod settings;
mod summary;
mod system;
mod transmit;
mod trial;
mod worker;
mod workplace;

use std::ops::ControlFlow;

pub use capture_profile::{ReplayedCapture, ReplayedMessage};
pub use dump::{Dump, DumpError};
#[cfg(feature = "handicap")]
pub use handicap::{Handicap, InvalidHandicap};
pub use keys::implementation;
pub use mix::Mix;
pub use plan::{Cell, LeftOut, Plan, PlanError};
pub use rehearsal::{Rehearsal, RehearsalError};
pub use self_check::{SelfCheckError, self_check};
pub use settings::{Baseline, Keep, ProfileChoice, Settings};

use crate::record::Measurement;
use clock::Clock;
use disturbance::probe_ns;
use summary::{CellTrials, median, summarise};
use trial::{Prepared, TrialError};

/// Who wants to know how a run goes on.
pub trait Observer {
    /// A trial of this cell is about to start, after `done` others; `Break` ends the run with what was measured.
    fn trial_starts(&mut self, cell: &Cell, done: usize) -> ControlFlow<()>;

    /// A round is over: the rows of every cell measured so far, each beside its baseline of the same rounds.
    ///
    /// Rounds are interleaved, so that all cells are finished in the last one; until then rows have fewer trials.
    fn round_ends(&mut self, rows: &[Measurement]);

    /// A cell has had its last trial; `rows` gives what the end of a round would.
    fn cell_ends(&mut self, _rows: &dyn Fn() -> Vec<Measurement>) {}
}

/// What a run found.
#[derive(Debug)]
pub struct Measured {
    /// A row per cell, in the plan's order.
    pub measurements: Vec<Measurement>,
    /// The messages that were kept, if the settings asked for them.
    pub dump: Dump,
}

/// Runs every trial of the plan. The caller runs [`self_check`] before.
pub fn measure(plan: &Plan, observer: &mut dyn Observer) -> Measured {
    measure_prepared(plan, observer, trial::prepare)
}

/// Runs every trial of the plan, as `prepare` (which takes a seed, and a clock for the workers) made it ready.
fn measure_prepared(
    plan: &Plan,
    observer: &mut dyn Observer,
    prepare: impl Fn(&Plan, Cell, u64, Keep, &Clock) -> Result<Prepared, TrialError>,
) -> Measured {
    let clock = Clock::new();
    let mut cells: Vec<CellTrials> = plan.cells.iter().map(|_| CellTrials::default()).collect();
    let mut measured = Measured { measurements: Vec::new(), dump: Dump::default() };
    let mut done = 0;
    'run: for round in plan.rounds() {
        for scheduled in round {
            let (index, cell) = (scheduled.cell, plan.cells[scheduled.cell]);
            if observer.trial_starts(&cell, done).is_break() {
                break 'run;
            }
            done += 1;
            if cells[index].error.is_some() {
                continue;
            }
            let keep = if scheduled.round == 0 { plan.settings.keep } else { Keep::Nothing };
            let seed = seed_of_trial(plan.settings.seed, done);
            let prepared = prepare(plan, cell, seed, keep, &clock);
            match prepared.and_then(|prepared| trial::run(plan, cell, seed, prepared)) {
                Ok(mut outcome) => {
                    measured.dump.extend(outcome.opening.take().map(|opening| (cell, opening)));
                    cells[index].trials.push((scheduled, outcome));
                }
                // A wrong signature makes the cell an error, not a figure.
                Err(error) => {
                    cells[index] = CellTrials { trials: Vec::new(), error: Some(error.to_string()) };
                }
            }
            if scheduled.round + 1 == plan.settings.rounds_at(cell.link) {
                observer.cell_ends(&|| rows(plan, &cells));
            }
        }
        measured.measurements = rows(plan, &cells);
        observer.round_ends(&measured.measurements);
    }
    measured.measurements = rows(plan, &cells);
    measured
}

fn rows(plan: &Plan, cells: &[CellTrials]) -> Vec<Measurement> {
    let probes = cells.iter().flat_map(|cell| &cell.trials).map(|(_, outcome)| probe_ns(outcome));
    let usual_probe_ns = median(probes).unwrap_or(1.0);
    (0..cells.len()).filter_map(|index| summarise(plan, index, cells, usual_probe_ns)).collect()
}

/// A seed of its own for every trial, far from those of its workers: no two trials share a key.
const fn seed_of_trial(seed: u64, trial: usize) -> u64 {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add((trial as u64) << 16)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smbsign_engine::protocol::{Dialect, SigningAlgorithm};
    use smbsign_engine::traffic::LinkRate;

    use super::*;
    use crate::record::{Direction, Engine, Protection};

    struct Silent;

    impl Observer for Silent {
        fn trial_starts(&mut self, _: &Cell, _: usize) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
        fn round_ends(&mut self, _: &[Measurement]) {}
    }

    /// A trial whose workers sign with other keys than their samples are checked with, and so make wrong tags as a wrong
    /// kernel does: all of them alike, so that they even verify their own.
    fn prepare_wrong(
        plan: &Plan,
        cell: Cell,
        seed: u64,
        keep: Keep,
        clock: &Clock,
    ) -> Result<Prepared, TrialError> {
        let mut prepared = trial::prepare(plan, cell, seed, keep, clock)?;
        for (worker, _) in &mut prepared {
            let generator = &mut worker.place.generator;
            let others = keys::Keys::new(cell.protection, generator.sessions(), !seed)?;
            worker.place.duty = duty::Duty::new(&others, cell.direction, plan.settings.backend, generator)?;
        }
        Ok(prepared)
    }

    #[test]
    fn a_kernel_that_makes_wrong_tags_makes_its_cells_errors_and_no_others() {
        let settings = Settings {
            dialects: vec![Dialect::Smb1, Dialect::Smb311],
            engines: Some(vec![Engine::Serial, Engine::Lanes]),
            protections: SigningAlgorithm::ALL.map(Protection::Signed).to_vec(),
            directions: vec![Direction::Sign, Direction::Verify],
            links: vec![LinkRate::Max],
            message_bytes: 300,
            duration: Some(Duration::from_millis(3)),
            rounds: Some(1),
            ..Settings::default()
        };
        for wrong in [Engine::Serial, Engine::Lanes] {
            let plan = Plan::new(settings.clone()).unwrap();
            let measured = measure_prepared(&plan, &mut Silent, |plan, cell, seed, keep, clock| {
                let prepare = if cell.engine == wrong { prepare_wrong } else { trial::prepare };
                prepare(plan, cell, seed, keep, clock)
            });
            for row in measured.measurements {
                let is_signed = matches!(row.protection, Protection::Signed(_));
                let name = format!("{} {} {} {}", row.dialect, row.protection, row.engine, row.direction);
                if is_signed && row.engine == wrong {
                    let error = row.error.unwrap_or_default();
                    assert!(error.contains("differs from the reference"), "{name}: {error}");
                    assert_eq!((row.trials.len(), row.achieved_gbps, row.verified), (0, 0.0, 0), "{name}");
                } else {
                    assert_eq!((row.error, row.trials.len()), (None, 1), "{name}");
                    assert!(row.achieved_gbps > 0.0 && (row.verified > 0) == is_signed, "{name}");
                }
            }
        }
    }
}
