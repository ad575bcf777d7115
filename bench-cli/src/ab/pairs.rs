//! Both sides of every cell, round by round.

use super::{Played, Record};
use crate::record::{Measurement, Run, Trial};
use crate::regression::{Cell, Pair, Sample};

/// A cell, and what both sides took for it in each round that has both.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedCell {
    /// Where it stands, as NEW measured it.
    pub cell: Cell,
    /// One for each round, in their order.
    pub pairs: Vec<Pair>,
}

/// The pairs of all cells, in the order in which NEW's records have them.
#[must_use]
pub fn paired(rounds: &[Played]) -> Vec<PairedCell> {
    let mut cells: Vec<PairedCell> = Vec::new();
    for played in rounds {
        let (Some(Record { run: old, .. }), Some(Record { run: new, .. })) = (&played.old, &played.new) else {
            continue;
        };
        for measured in &new.measurements {
            let Some(beside) = counterpart(measured, new, old) else { continue };
            let Some(pair) = round_pair(beside, measured) else { continue };
            let cell = Cell::of(measured);
            match cells.iter_mut().find(|known| known.cell == cell) {
                Some(known) => known.pairs.push(pair),
                None => cells.push(PairedCell { cell, pairs: vec![pair] }),
            }
        }
    }
    cells
}

/// One pair of all slices of a round: the median of their log ratios.
///
/// The slices of a round are a few milliseconds each and take turns, so that whatever slows the machine for longer slows
/// both sides, and what is shorter spoils a slice or two, which the median leaves out. Nothing is left to normalise.
fn round_pair(old: &Measurement, new: &Measurement) -> Option<Pair> {
    let time = |trial: &Trial| Sample::of(trial).map(|sample| sample.time);
    let slices = old.trials.iter().zip(&new.trials);
    let times: Vec<_> = slices.filter_map(|(old, new)| Some((time(old)?, time(new)?))).collect();
    let base = median(times.iter().map(|(old, _)| *old))?;
    let ratio = median(times.iter().map(|(old, new)| (new / old).ln()))?.exp();
    let sample = |time| Sample { time, probe_ns: None, clock_ghz: None, disturbed: false };
    Some(Pair { base: sample(base), new: sample(base * ratio) })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let (upper, lower) = (values.get(values.len() / 2)?, values.get(values.len().checked_sub(1)? / 2)?);
    Some(f64::midpoint(*lower, *upper))
}

/// What OLD measured for the same question.
///
/// Where each side used one backend, its best or the one that was asked for, the backends are answers and may differ,
/// and so may the buffers that their lanes fill.
fn counterpart<'a>(measured: &Measurement, new: &Run, old: &'a Run) -> Option<&'a Measurement> {
    let asks_for_backends = [new, old].iter().any(|run| {
        let backend = |at: usize| run.measurements.get(at).map(|cell| &cell.backend);
        (1..run.measurements.len()).any(|at| backend(at) != backend(0))
    });
    let question = |measured: &Measurement| {
        let mut cell = Cell { set_bytes: 0, ..Cell::of(measured) };
        if !asks_for_backends {
            cell.backend.clear();
        }
        cell
    };
    let wanted = question(measured);
    old.measurements.iter().find(|other| question(other) == wanted)
}
