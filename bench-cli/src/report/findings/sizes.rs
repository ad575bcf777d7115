//! The cost of a message against the cost of its bytes, where a run has several sizes.

use super::Cells;
use super::spread::Spread;
use super::words::{small, work_and_maker};
use crate::fit;
use crate::record::{Fit, Measurement};
use crate::report::conditions::{Aspect, Conditions};
use crate::report::figures::{bytes, decimal};

/// The line through two sizes means something when they lie this far apart.
const APART: u64 = 4;

pub(super) fn findings(cells: &Cells<'_>, fits: &[Fit]) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut covered: Vec<&Measurement> = Vec::new();
    let candidates = cells.best_first();
    for cell in &candidates {
        // As with other costs, the place where this one is seen best decides.
        if covered.iter().any(|other| are_alike_at_any_link(cell, other)) {
            continue;
        }
        covered.push(cell);
        if fits.iter().any(|fit| fit::covers(fit, cell)) {
            continue;
        }
        let family = |other: &&&Measurement| other.dialect == cell.dialect && are_alike(cell, other);
        let smallest = candidates.iter().filter(family).min_by_key(|cell| cell.message_bytes);
        let largest = candidates.iter().filter(family).max_by_key(|cell| cell.message_bytes);
        if let (Some(small), Some(large)) = (smallest, largest)
            && let Some(text) = sentence(small, large)
        {
            let told = [Aspect::Size, Aspect::Set];
            sentences.push(format!("{text} {}", cells.source(&[small, large], &told)));
        }
    }
    sentences
}

/// Whether cells differ in size alone. A set is whole messages and a hot one at least two, so that its bytes follow the
/// size; within a factor of eight it is the same kind of set.
fn are_alike(one: &Measurement, other: &Measurement) -> bool {
    one.link == other.link && are_alike_at_any_link(one, other)
}

fn are_alike_at_any_link(one: &Measurement, other: &Measurement) -> bool {
    let others = |cell| {
        let (message_bytes, set_bytes) = (0, 0);
        Conditions { link: "", arrival: None, message_bytes, set_bytes, ..Conditions::of(cell) }
    };
    let (less, more) = (one.set_bytes.min(other.set_bytes), one.set_bytes.max(other.set_bytes));
    one.protection == other.protection && others(one) == others(other) && more / less.max(1) < 8
}

/// The line through the costs of two messages; `None` where the rounds leave open whether it begins above zero.
fn sentence(small_one: &Measurement, large_one: &Measurement) -> Option<String> {
    let (short, long) = (small_one.message_bytes, large_one.message_bytes);
    if short == 0 || long / short < APART {
        return None;
    }
    let (little, much) = (Spread::of_added_per_message(small_one)?, Spread::of_added_per_message(large_one)?);
    let line = |little: f64, much: f64| {
        let per_byte = (much - little) / (long - short) as f64;
        (little - per_byte * short as f64, per_byte)
    };
    let (per_message, per_byte) = line(little.median, much.median);
    let (least, _) = line(little.low, much.high);
    (least > 0.0 && per_byte > 0.0).then(|| {
        format!(
            "{} costs {} ns a message and {} ns a byte: below {} bytes it is the message that costs, above the bytes \
             ({} to {})",
            work_and_maker(small_one),
            decimal(per_message, 0),
            small(per_byte),
            decimal(per_message / per_byte, 0),
            bytes(short),
            bytes(long),
        )
    })
}
