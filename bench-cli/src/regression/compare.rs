//! Records of two sides, from what makes them comparable to their verdicts.

use std::collections::BTreeMap;

use super::judge::{RUNS, judge_ratios};
use super::normalise::Ratios;
use super::pairing::{PairedCell, pair};
use super::spread::{error_by_rounds, error_by_runs, pooled};
use super::{BetweenRuns, Cell, CellVerdict, Comparison, Floor, Rule};
use crate::record::{Fingerprint, Mismatch, Part, Run, State, mismatches};

/// What a comparison of records is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The change that matters, as a share.
    pub threshold: f64,
    /// The machine's own spread, if it was recorded.
    pub floor: Option<Floor>,
    /// What may differ between records all the same; `Implementation` stands for `Backend` too.
    pub ignored: Vec<Part>,
}

/// Why two sides cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The records, or the floor, come from different machines, systems or compilers.
    #[error("these records cannot be compared; they differ in\n{}", lines(mismatches))]
    Machines {
        /// Every part in which any record differs from the first of BASE.
        mismatches: Vec<Mismatch>,
    },
    /// The floor was recorded on another machine.
    #[error("the floor was recorded on another machine: {floor:?} against {records:?}")]
    FloorOfAnotherMachine {
        /// The CPU that the floor names.
        floor: String,
        /// The CPU that the records name.
        records: String,
    },
    /// Every cell that both sides have was computed by other code.
    #[error("no cell can be compared: {detail}")]
    OtherCode {
        /// What differs in the first of them.
        detail: String,
    },
    /// No cell stands on both sides.
    #[error("the two sides have no cell in common")]
    NothingInCommon,
}

impl CompareError {
    /// Whether it is the records' origin that forbids the comparison, and not what was asked for.
    #[must_use]
    pub const fn is_of_the_records(&self) -> bool {
        matches!(self, Self::Machines { .. } | Self::FloorOfAnotherMachine { .. } | Self::OtherCode { .. })
    }
}

/// The two-sided error that a comparison may make in any of its cells.
const LEVEL: f64 = 0.05;

/// Compares the runs of two sides, each in the order of their start.
///
/// # Errors
///
/// The two sides have nothing that can be compared.
pub fn compare_runs(base: &[Run], new: &[Run], options: &Options) -> Result<Comparison, CompareError> {
    let mut notes = check_machines(base, new, options)?;
    notes.extend(unfinished("BASE", base).chain(unfinished("NEW", new)));
    let pairing = pair(base, new, &options.ignored);
    notes.extend(pairing.notes);
    if pairing.cells.is_empty() {
        let [first, others @ ..] = pairing.unjudged.as_slice() else {
            return Err(CompareError::NothingInCommon);
        };
        if std::iter::once(first).chain(others).all(|cell| cell.because.is_other_code()) {
            return Err(CompareError::OtherCode { detail: format!("{}: {}", first.cell, first.detail) });
        }
    }
    let runs = base.len().min(new.len());
    if runs < RUNS && !pairing.cells.is_empty() {
        notes.push(few_runs(runs, options.floor.as_ref()));
    }
    let cells = judged(pairing.cells, options);
    Ok(Comparison::with_unjudged(options.threshold, cells, pairing.unjudged, notes))
}

fn judged(cells: Vec<PairedCell>, options: &Options) -> Vec<CellVerdict> {
    let level = LEVEL / cells.len().max(1) as f64;
    let cells: Vec<(Cell, Ratios)> =
        cells.into_iter().map(|paired| (paired.cell, Ratios::of(&paired.runs))).collect();
    let (similar, excess) = (similar(&cells), excess(&cells));
    let verdicts = cells.into_iter().filter_map(|(cell, ratios)| {
        let between_runs = if ratios.runs.len() >= RUNS {
            BetweenRuns::Measured { similar: similar.get(&cell.kind()).copied().unwrap_or(0.0), excess }
        } else {
            let spread = options.floor.as_ref().and_then(|floor| floor.spread(&cell));
            spread.map_or(BetweenRuns::Unknown, |spread| BetweenRuns::Recorded { spread })
        };
        let rule = Rule { threshold: options.threshold, level, between_runs, shift: 0.0 };
        Some(CellVerdict { judgement: judge_ratios(&ratios, &rule)?, cell })
    });
    verdicts.collect()
}

/// The usual standard error over runs, for each kind of cell.
fn similar(cells: &[(Cell, Ratios)]) -> BTreeMap<String, f64> {
    let mut kinds: BTreeMap<String, Vec<(f64, usize)>> = BTreeMap::new();
    for (cell, ratios) in cells {
        if let Some(error) = error_by_runs(&ratios.runs) {
            kinds.entry(cell.kind()).or_default().push((error, ratios.runs.len()));
        }
    }
    kinds.into_iter().filter_map(|(kind, errors)| Some((kind, pooled(errors.into_iter())?))).collect()
}

/// How many times more than their rounds let expect runs usually differ.
fn excess(cells: &[(Cell, Ratios)]) -> f64 {
    let excesses = cells.iter().filter_map(|(_, ratios)| {
        let expected = error_by_rounds(&ratios.runs).filter(|error| *error > 0.0)?;
        Some((error_by_runs(&ratios.runs)? / expected, ratios.runs.len()))
    });
    pooled(excesses).unwrap_or(1.0).max(1.0)
}

/// That all records are of one machine; what may differ and does is told.
fn check_machines(base: &[Run], new: &[Run], options: &Options) -> Result<Vec<String>, CompareError> {
    let Some(first) = base.first() else { return Err(CompareError::NothingInCommon) };
    let print = Fingerprint::of(first);
    let mut found: Vec<Mismatch> = Vec::new();
    for run in base.iter().chain(new) {
        let new = mismatches(&print, &Fingerprint::of(run))
            .into_iter()
            .filter(|mismatch| !found.contains(mismatch));
        let new: Vec<_> = new.collect();
        found.extend(new);
    }
    let (ignored, mismatches): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|mismatch| options.ignored.contains(&mismatch.part));
    if !mismatches.is_empty() {
        return Err(CompareError::Machines { mismatches });
    }
    match &options.floor {
        Some(floor) if floor.machine.cpu != first.machine.cpu => Err(CompareError::FloorOfAnotherMachine {
            floor: floor.machine.cpu.clone(),
            records: first.machine.cpu.clone(),
        }),
        _ => Ok(ignored.iter().map(|mismatch| format!("compared all the same: {mismatch}")).collect()),
    }
}

fn unfinished<'a>(side: &'a str, runs: &'a [Run]) -> impl Iterator<Item = String> + 'a {
    let unfinished = runs.iter().filter(|run| run.state != State::Complete);
    unfinished.map(move |run| {
        format!("{side}: the run of {} did not end; what it had measured counts", run.started)
    })
}

fn few_runs(runs: usize, floor: Option<&Floor>) -> String {
    let few = if runs == 1 { "one run a side".to_owned() } else { format!("{runs} runs a side") };
    match floor {
        Some(_) => format!("{few}: intervals are widened by what this machine's own measurements differ by"),
        None => format!(
            "{few}, and no floor of this machine is recorded: nothing can be called; {RUNS} runs a side can be"
        ),
    }
}

fn lines(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(|mismatch| format!("  {mismatch}")).collect::<Vec<_>>().join("\n")
}
