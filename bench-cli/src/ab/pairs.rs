//! Both sides of every cell, round by round.

use super::{Played, Record};
use crate::record::{Measurement, Run};
use crate::regression::{Cell, Pair, Sample};

/// A cell, and what both sides took for it in each round that has both.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedCell {
    /// Where it stands, as NEW measured it.
    pub cell: Cell,
    /// In the order of the rounds.
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
            let (Some(base), Some(new)) = (sample(beside), sample(measured)) else { continue };
            let (cell, pair) = (Cell::of(measured), Pair { base, new });
            match cells.iter_mut().find(|known| known.cell == cell) {
                Some(known) => known.pairs.push(pair),
                None => cells.push(PairedCell { cell, pairs: vec![pair] }),
            }
        }
    }
    cells
}

fn sample(measured: &Measurement) -> Option<Sample> {
    measured.trials.first().and_then(Sample::of)
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
