//! Both sides of every cell, round by round.

use super::{Name, Played, Record};
use crate::record::{Measurement, Run, Trial};
use crate::regression::{Cell, Pair, Sample};

/// A cell, and what both sides took for it in each round that has both.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedCell {
    /// Where it stands, as NEW measured it.
    pub cell: Cell,
    /// What ran: backend and implementation of OLD, then of NEW.
    pub code: [String; 2],
    /// One for each round, in their order.
    pub pairs: Vec<Pair>,
    /// Why a side has no figures, if one has none.
    pub error: Option<String>,
}

/// The pairs of all cells, in the order in which NEW's records have them.
#[must_use]
pub fn paired(rounds: &[Played]) -> Vec<PairedCell> {
    let mut cells: Vec<PairedCell> = Vec::new();
    for played in rounds {
        let (Some(Record { run: old, .. }), Some(Record { run: new, .. })) = (&played.old, &played.new)
        else {
            continue;
        };
        for new_side in &new.measurements {
            let Some(old_side) = counterpart(new_side, new, old) else { continue };
            let cell = Cell::of(new_side);
            let at = cells.iter().position(|known| known.cell == cell).unwrap_or_else(|| {
                let code =
                    [old_side, new_side].map(|side| format!("{} ({})", side.backend, side.implementation));
                cells.push(PairedCell { cell, code, pairs: Vec::new(), error: None });
                cells.len() - 1
            });
            cells[at].pairs.extend(round_pair(old_side, new_side));
            for (name, side) in Name::BOTH.into_iter().zip([old_side, new_side]) {
                if let Some(error) = &side.error {
                    cells[at].error.get_or_insert_with(|| format!("{name}: {error}"));
                }
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
    Some(pair(base, median(times.iter().map(|(old, new)| (new / old).ln()))?))
}

/// A pair of which only the ratio matters, from that of each slice as logarithms. Nothing without slices.
#[must_use]
pub fn pair_of_slices(log_ratios: &[f64]) -> Option<Pair> {
    Some(pair(1.0, median(log_ratios.iter().copied())?))
}

fn pair(base: f64, log_ratio: f64) -> Pair {
    let sample = |time| Sample { time, probe_ns: None, clock_ghz: None, disturbed: false };
    Pair { base: sample(base), new: sample(base * log_ratio.exp()) }
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
    let has_several_backends = |run: &Run| {
        let mut backends = run.measurements.iter().map(|cell| &cell.backend);
        backends.next().is_some_and(|first| backends.any(|backend| backend != first))
    };
    let asks_for_backends = has_several_backends(new) || has_several_backends(old);
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
