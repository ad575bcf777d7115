//! Which cells both sides have, and their trials side by side.

use std::collections::BTreeMap;

use super::comparison::{Because, Unjudged};
use super::{Cell, Pair, Sample};
use crate::record::{Fingerprint, Measurement, Part, Run, mismatches};

/// What can be judged, and what cannot.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// In the order in which BASE has them.
    pub(super) cells: Vec<PairedCell>,
    pub(super) unjudged: Vec<Unjudged>,
    /// What was left out.
    pub(super) notes: Vec<String>,
}

/// A cell of both sides.
#[derive(Debug)]
pub(super) struct PairedCell {
    pub(super) cell: Cell,
    /// Its pairs, by run.
    pub(super) runs: Vec<Vec<Pair>>,
}

/// A cell of one side.
struct Measured<'a> {
    cell: Cell,
    /// By the number of the run.
    runs: BTreeMap<usize, &'a Measurement>,
}

/// Pairs the runs of two sides, each in the order of their start: the first with the first.
pub(super) fn pair(base: &[Run], new: &[Run], ignored: &[Part]) -> Pairing {
    let mut pairing = Pairing::default();
    let runs = base.len().min(new.len());
    for (side, all) in [("BASE", base), ("NEW", new)] {
        if all.len() > runs {
            let note =
                format!("{side} has {} runs, the other side {runs}: its later ones are left out", all.len());
            pairing.notes.push(note);
        }
    }
    let base = pairing.measured("BASE", base, runs);
    let new = pairing.measured("NEW", new, runs);
    let (pairs, base, new) = matched(base, new, Cell::key);
    let (other_backends, base, new) = matched(base, new, |cell| cell.with_any_backend().key());
    for (base, new) in pairs.into_iter().chain(other_backends) {
        pairing.add(base, &new, ignored);
    }
    for (side, alone) in [("BASE", base), ("NEW", new)] {
        if let [first, others @ ..] = alone.as_slice() {
            let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            pairing.notes.push(format!("only {side} has {}{more}", first.cell));
        }
    }
    pairing
}

/// What both sides have under the same key, then what is left of either.
fn matched<'a>(
    base: Vec<Measured<'a>>,
    new: Vec<Measured<'a>>,
    key: impl Fn(&Cell) -> String,
) -> (Vec<(Measured<'a>, Measured<'a>)>, Vec<Measured<'a>>, Vec<Measured<'a>>) {
    let (mut pairs, mut base_alone, mut new_alone) = (Vec::new(), Vec::new(), Vec::new());
    let mut others = BTreeMap::new();
    for measured in new {
        new_alone.extend(others.insert(key(&measured.cell), measured));
    }
    for measured in base {
        match others.remove(&key(&measured.cell)) {
            Some(other) => pairs.push((measured, other)),
            None => base_alone.push(measured),
        }
    }
    new_alone.extend(others.into_values());
    (pairs, base_alone, new_alone)
}

impl Pairing {
    /// The cells of a side's first runs, in the order in which they first stand there.
    fn measured<'a>(&mut self, side: &str, all: &'a [Run], runs: usize) -> Vec<Measured<'a>> {
        let mut cells: Vec<Measured<'a>> = Vec::new();
        let mut places = BTreeMap::new();
        let mut repeated = 0_usize;
        for (number, run) in all.iter().take(runs).enumerate() {
            for measurement in &run.measurements {
                let cell = Cell::of(measurement);
                let place = *places.entry(cell.key()).or_insert(cells.len());
                match cells.get_mut(place) {
                    Some(known) if known.runs.contains_key(&number) => repeated += 1,
                    Some(known) => _ = known.runs.insert(number, measurement),
                    None => cells.push(Measured { cell, runs: BTreeMap::from([(number, measurement)]) }),
                }
            }
        }
        if repeated > 0 {
            self.notes
                .push(format!("{side} has {repeated} cells twice in one run: the first of each counts"));
        }
        cells
    }

    fn add(&mut self, base: Measured<'_>, new: &Measured<'_>, ignored: &[Part]) {
        let cell = base.cell;
        let sides = base.runs.iter().filter_map(|(run, base)| Some((*base, *new.runs.get(run)?)));
        let runs: Vec<_> = sides.map(|(base, new)| pairs(base, new)).collect();
        let unjudged = failure("BASE", base.runs.values())
            .or_else(|| failure("NEW", new.runs.values()))
            .or_else(|| other_code(base.runs.values().chain(new.runs.values()), ignored))
            .or_else(|| no_figures(&runs));
        match unjudged {
            Some((because, detail)) => self.unjudged.push(Unjudged { cell, because, detail }),
            None => self.cells.push(PairedCell { cell, runs }),
        }
    }
}

fn failure<'a>(
    side: &str,
    mut measured: impl Iterator<Item = &'a &'a Measurement>,
) -> Option<(Because, String)> {
    let error = measured.find_map(|measurement| measurement.error.as_ref())?;
    Some((Because::Error, format!("{side}: {error}")))
}

/// Another implementation is not this one made slower; nor may the runs of one side differ in it.
fn other_code<'a>(
    measured: impl Iterator<Item = &'a &'a Measurement>,
    ignored: &[Part],
) -> Option<(Because, String)> {
    let is_allowed = |part| ignored.contains(&part) || ignored.contains(&Part::Implementation);
    let mut prints = measured.map(|measurement| Fingerprint::of_cell(measurement));
    let first = prints.next()?;
    let differs = prints
        .find_map(|print| mismatches(&first, &print).into_iter().find(|found| !is_allowed(found.part)))?;
    let because = if differs.part == Part::Backend { Because::Backend } else { Because::Implementation };
    Some((because, differs.to_string()))
}

fn no_figures(runs: &[Vec<Pair>]) -> Option<(Because, String)> {
    let none = runs.iter().all(Vec::is_empty);
    none.then(|| (Because::NoFigures, "no run has trials of it on both sides".to_owned()))
}

/// The trials of a cell in two runs. Those that the machine left alone meet each other as far as they go, so that no quiet
/// trial is lost to a disturbed one; apart from that they meet in the order in which they were run.
fn pairs(base: &Measurement, new: &Measurement) -> Vec<Pair> {
    let samples = |measurement: &Measurement| {
        let mut trials: Vec<_> = measurement.trials.iter().collect();
        trials.sort_by_key(|trial| (trial.disturbed, trial.round, trial.order));
        trials.into_iter().filter_map(Sample::of).collect::<Vec<_>>()
    };
    samples(base).into_iter().zip(samples(new)).map(|(base, new)| Pair { base, new }).collect()
}
