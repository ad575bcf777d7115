//! What the reader should not trust: a line on disturbed trials, one for each error, one for each kind of warning.

use std::collections::BTreeMap;

use super::figures::count;
use crate::record::{Measurement, Run, State};

pub(super) fn doubts(run: &Run) -> Vec<String> {
    let mut doubts = Vec::new();
    match run.state {
        State::Complete => {}
        State::Measuring => doubts.push("Trials were still to come when this was written.".to_owned()),
        State::Interrupted => {
            doubts.push("Interrupted: these are the trials that were run until then.".to_owned());
        }
    }
    let trials: usize = run.measurements.iter().map(|cell| cell.trials.len()).sum();
    let disturbed: usize = run.measurements.iter().map(|cell| cell.disturbed_trials).sum();
    let trials_in_words = count(trials, "trial");
    match disturbed {
        _ if trials == 0 => {}
        0 => doubts.push(format!("{trials_in_words}, none disturbed.")),
        _ => doubts.push(format!(
            "{disturbed} of {trials_in_words} disturbed by the machine; cells marked * have no other."
        )),
    }
    for cell in &run.measurements {
        doubts.extend(cell.error.as_ref().map(|error| format!("{}: {error}", place(cell))));
    }
    for warned in kinds_of_warnings(&run.measurements).into_values() {
        match warned.as_slice() {
            [] => {}
            [(cell, warning)] => doubts.push(format!("{}: {warning}", place(cell))),
            [(cell, warning), ..] => {
                doubts.push(format!("{}, such as {}: {warning}", count(warned.len(), "cell"), place(cell)));
            }
        }
    }
    doubts
}

fn place(cell: &Measurement) -> String {
    format!("{} {} at {}", cell.dialect, cell.protection, cell.link)
}

/// Warnings that differ only in their figures are of one kind.
fn kinds_of_warnings(cells: &[Measurement]) -> BTreeMap<String, Vec<(&Measurement, &str)>> {
    let mut kinds: BTreeMap<String, Vec<(&Measurement, &str)>> = BTreeMap::new();
    for cell in cells {
        for warning in &cell.warnings {
            let kind = warning.chars().filter(|letter| !letter.is_ascii_digit()).collect();
            kinds.entry(kind).or_default().push((cell, warning));
        }
    }
    kinds
}
