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
            match trial::run(plan, cell, seed_of_trial(plan.settings.seed, done), keep, &clock) {
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
