//! What a run shows, in sentences for whoever plans a server: computed from its cells, absent where they do not show it.
//!
//! A cell speaks when at least two of its trials were left alone by the machine, so that it has a spread; two cells differ
//! when their spreads do not touch. Only cells under the same conditions are compared, and each sentence ends with them.
//!
//! ```text
//! links   who holds a link, at what share of unsigned and on how many cores
//! engines whether handing messages to other threads pays at a link
//! costs   one protection against another, verifying against signing
//! memory  what messages in no cache allow, and who comes how near
//! sizes   the cost of a message against the cost of its bytes, of two sizes
//! fits    the same of three sizes or more, with errors
//! ```

mod costs;
mod engines;
mod fits;
mod links;
mod memory;
mod sizes;
mod spread;
mod words;

use smbsign_engine::protocol::Dialect;

use super::conditions::{Aspect, Shared};
use crate::fit;
use crate::record::{Measurement, Protection};
use spread::speaks;
use words::ranged;

/// The sentences, each with its figures, their units and the cells that it is about.
#[must_use]
pub fn findings(measurements: &[Measurement]) -> Vec<String> {
    let cells = Cells {
        speaking: measurements.iter().filter(|cell| speaks(cell)).collect(),
        shared: Shared::of(measurements),
    };
    let mut sentences = links::findings(&cells);
    sentences.extend(engines::findings(&cells));
    sentences.extend(costs::findings(&cells));
    sentences.extend(memory::findings(&cells));
    let lines = fit::fits(cells.speaking.iter().copied());
    sentences.extend(sizes::findings(&cells, &lines));
    sentences.extend(fits::findings(&lines));
    sentences.extend(silent(measurements));
    sentences
}

/// The cells of a run that can show something.
struct Cells<'a> {
    speaking: Vec<&'a Measurement>,
    shared: Shared,
}

impl<'a> Cells<'a> {
    /// Signed and encrypted cells.
    fn protected(&self) -> impl Iterator<Item = &'a Measurement> {
        self.speaking
            .iter()
            .copied()
            .filter(|cell| !matches!(cell.protection, Protection::Unsigned | Protection::Null))
    }

    /// The same from where costs are seen best: unpaced cells before paced ones, fast links before slow ones, the newest
    /// dialect first.
    fn best_first(&self) -> Vec<&'a Measurement> {
        let mut cells: Vec<_> = self.protected().collect();
        cells.sort_by(|one, other| {
            let rate = |cell: &Measurement| cell.offered_gbps.unwrap_or(f64::INFINITY);
            rate(other).total_cmp(&rate(one)).then(other.dialect.cmp(&one.dialect))
        });
        cells
    }

    /// The end of a sentence: where its figures come from. Size and direction are always named, other conditions where the
    /// run has several, and those that the sentence itself names (`told`) are not.
    fn source(&self, cells: &[&Measurement], told: &[Aspect]) -> String {
        let Some(cell) = cells.first() else { return String::new() };
        let mut dialects: Vec<_> = cells.iter().map(|cell| cell.dialect).collect();
        dialects.sort();
        dialects.dedup();
        let dialects: Vec<_> = dialects.into_iter().map(Dialect::name).collect();
        let place = if told.contains(&Aspect::Link) {
            dialects.join(", ")
        } else {
            format!("{} at {}", dialects.join(", "), cell.link)
        };
        let conditions = self.shared.others(cell, &[Aspect::Size, Aspect::Direction], told);
        let separator = if conditions.is_empty() { "" } else { ", " };
        let rounds = cells.iter().map(|cell| cell.quiet_trials().count());
        format!("[{place}{separator}{conditions}; {} rounds]", ranged(rounds.map(|count| count as f64), 0))
    }
}

/// Cells that say nothing are not passed over in silence.
fn silent(measurements: &[Measurement]) -> Option<String> {
    let failed = measurements.iter().filter(|cell| cell.error.is_some()).count();
    let silent = measurements.iter().filter(|cell| !speaks(cell)).count();
    (silent > 0).then(|| {
        format!(
            "Nothing is said of {silent} of {} cells: {failed} failed, {} with fewer than {} undisturbed trials.",
            measurements.len(),
            silent - failed,
            spread::FEWEST_TRIALS,
        )
    })
}
