//! What a message costs, and what its bytes: a line through the sizes that a run has measured at max.

mod line;

use std::collections::BTreeMap;

use smbsign_engine::protocol::Dialect;

use crate::record::{Fit, FittedTime, Measurement, Protection, Trial};
use line::Fitted;

/// The lines of a run: one for each protection, engine, direction and whatever else the cells differ in but their sizes,
/// where there are three sizes at least. All cells of a run lie in the same kind of set.
#[must_use]
pub fn fits<'a>(measurements: impl IntoIterator<Item = &'a Measurement>) -> Vec<Fit> {
    let mut families: Vec<Vec<&Measurement>> = Vec::new();
    for cell in measurements.into_iter().filter(|cell| is_one_size(cell)) {
        match families.iter_mut().find(|family| family.first().is_some_and(|first| are_alike(first, cell))) {
            Some(family) => family.push(cell),
            None => families.push(vec![cell]),
        }
    }
    families.iter().filter_map(|family| fit(family)).collect()
}

/// Whether the cell is one of those that the line goes through.
#[must_use]
pub fn covers(fit: &Fit, cell: &Measurement) -> bool {
    is_one_size(cell)
        && fit.dialects.contains(&cell.dialect)
        && fit.protection == cell.protection
        && fit.engine == cell.engine
        && fit.backend == cell.backend
        && fit.direction == cell.direction
        && fit.profile == cell.profile
        && fit.transmit == cell.transmit
        && (fit.workers, fit.outstanding) == (cell.workers, cell.outstanding)
        && fit.max_wait_us == cell.max_wait_us
        && fit.sessions == cell.sessions
}

/// Whether a cell has figures of messages of one length, as fast as they can be done.
fn is_one_size(cell: &Measurement) -> bool {
    cell.error.is_none()
        && cell.offered_gbps.is_none()
        && ["bulk-read", "bulk-write"].contains(&&*cell.profile)
}

/// Whether two cells differ in nothing but their size, and in dialects whose messages are the same under the MAC.
fn are_alike(one: &Measurement, other: &Measurement) -> bool {
    let conditions = |cell: &Measurement| {
        let asked = (cell.protection, cell.engine, cell.direction, cell.transmit);
        (family(cell.dialect), asked, cell.max_wait_us, cell.workers, cell.sessions, cell.outstanding)
    };
    let texts = |cell: &Measurement| [&cell.implementation, &cell.backend, &cell.profile].map(String::clone);
    conditions(one) == conditions(other) && texts(one) == texts(other)
}

/// SMB1, 2.x or 3.x: what signs them differs, and in SMB1 the header.
const fn family(dialect: Dialect) -> u8 {
    match dialect {
        Dialect::Smb1 => 1,
        Dialect::Smb202 | Dialect::Smb210 => 2,
        Dialect::Smb300 | Dialect::Smb302 | Dialect::Smb311 => 3,
    }
}

fn fit(family: &[&Measurement]) -> Option<Fit> {
    let first = *family.first()?;
    let has_baseline = family.iter().flat_map(|cell| &cell.trials).all(|trial| trial.unsigned_ns.is_some());
    let time = match first.protection {
        Protection::Unsigned => FittedTime::Busy,
        _ if has_baseline => FittedTime::Added,
        _ => FittedTime::Busy,
    };
    // Dialects of a family are measured apart, and each size counts once.
    let mut sizes: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for cell in family {
        sizes.entry(cell.message_bytes).or_default().push(ns_per_message(cell, time)?);
    }
    let points: Vec<_> =
        sizes.into_iter().filter_map(|(bytes, costs)| Some((bytes as f64, median(costs)?))).collect();
    let Fitted { line, errors, residual } = Fitted::through(&points)?;
    let mut dialects: Vec<_> = family.iter().map(|cell| cell.dialect).collect();
    dialects.sort();
    dialects.dedup();
    Some(Fit {
        dialects,
        protection: first.protection,
        engine: first.engine,
        max_wait_us: first.max_wait_us,
        implementation: first.implementation.clone(),
        backend: first.backend.clone(),
        workers: first.workers,
        sessions: first.sessions,
        outstanding: first.outstanding,
        direction: first.direction,
        profile: first.profile.clone(),
        transmit: first.transmit,
        time,
        message_bytes: points.iter().map(|(bytes, _)| *bytes as u64).collect(),
        ns_per_message: line.fixed,
        ns_per_message_error: errors.fixed,
        ns_per_byte: line.slope,
        ns_per_byte_error: errors.slope,
        largest_residual: residual,
    })
}

/// The median over the trials that the machine left alone, over all where it left none alone.
fn ns_per_message(cell: &Measurement, time: FittedTime) -> Option<f64> {
    let of = |trial: &Trial| {
        let ns = match time {
            FittedTime::Added => trial.added_ns()?,
            FittedTime::Busy => trial.busy_ns as f64,
        };
        (trial.messages > 0).then(|| ns / trial.messages as f64)
    };
    let quiet: Vec<_> = cell.quiet_trials().filter_map(of).collect();
    median(if quiet.is_empty() { cell.trials.iter().filter_map(of).collect() } else { quiet })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (upper, lower) = (values.get(values.len() / 2)?, values.get(values.len().checked_sub(1)? / 2)?);
    Some(f64::midpoint(*lower, *upper))
}
