//! What a record's values must be beyond their types, so that whoever computes with them need not ask.
//!
//! Figures that the trials give by computing are not computed again: they are for reading, the trials for comparing.

use std::collections::HashSet;

use super::{Fit, Latency, Measurement, Percentiles, Problem, Run, Trial};

/// Up to here a double holds every integer.
const EXACT: u64 = 1 << 53;

/// Checks every value that could lead a computation astray.
///
/// # Errors
///
/// The first that cannot be, with its place.
pub(super) fn run(run: &Run) -> Result<(), Problem> {
    positive("machine.cores", run.machine.cores as u64)?;
    each("measurements", &run.measurements, cell)?;
    each("fits", &run.fits, fit)
}

fn fit(fit: &Fit) -> Result<(), Problem> {
    positive("workers", fit.workers as u64)?;
    for (key, figure) in [
        ("ns_per_message", fit.ns_per_message.abs()),
        ("ns_per_message_error", fit.ns_per_message_error),
        ("ns_per_byte", fit.ns_per_byte.abs()),
        ("ns_per_byte_error", fit.ns_per_byte_error),
        ("largest_residual", fit.largest_residual),
        ("max_wait_us", fit.max_wait_us.unwrap_or(0.0)),
    ] {
        amount(key, Some(figure))?;
    }
    fit.message_bytes.iter().try_for_each(|bytes| exact("message_bytes", Some(*bytes)))
}

fn cell(cell: &Measurement) -> Result<(), Problem> {
    positive("workers", cell.workers as u64)?;
    for (key, count) in [
        ("sessions", cell.sessions.map(|sessions| sessions as u64)),
        ("outstanding", cell.outstanding.map(|outstanding| outstanding as u64)),
        ("message_bytes", Some(cell.message_bytes)),
        ("set_bytes", Some(cell.set_bytes)),
        ("verified", Some(cell.verified)),
    ] {
        exact(key, count)?;
    }
    for (key, figure) in [
        ("wire_bytes_per_message", Some(cell.wire_bytes_per_message)),
        ("max_wait_us", cell.max_wait_us),
        ("memory_read_mbytes_per_s", cell.memory_read_mbytes_per_s),
        ("memory_copy_mbytes_per_s", cell.memory_copy_mbytes_per_s),
        ("offered_gbps", cell.offered_gbps),
        ("achieved_gbps", Some(cell.achieved_gbps)),
        ("backlog_ms_end", cell.backlog_ms_end),
        ("messages_per_s", Some(cell.messages_per_s)),
        ("signed_mbytes_per_s", Some(cell.signed_mbytes_per_s)),
        ("payload_mbytes_per_s", Some(cell.payload_mbytes_per_s)),
        ("vs_unsigned", cell.vs_unsigned),
        ("cores_used", Some(cell.cores_used)),
        ("pacer_cores", cell.pacer_cores),
        ("thread_cpu_s", cell.thread_cpu_s),
        ("cycles_per_byte", cell.cycles_per_byte),
        ("occupancy", cell.occupancy),
        ("achieved_gbps_all_trials", Some(cell.achieved_gbps_all_trials)),
    ] {
        amount(key, figure)?;
    }
    // Differences of two measured times, which noise can turn below zero.
    for (key, difference) in [
        ("added_cpu_ns_per_message", cell.added_cpu_ns_per_message),
        ("added_cpu_s_per_gb", cell.added_cpu_s_per_gb),
        ("vs_server", cell.vs_server),
    ] {
        amount(key, difference.map(f64::abs))?;
    }
    cell.latency_ns.as_ref().map_or(Ok(()), latency).map_err(|problem| problem.within("latency_ns"))?;
    each("trials", &cell.trials, trial)?;
    agree("rounds", u64::from(cell.rounds), "trials", cell.trials.len())?;
    let disturbed = cell.trials.iter().filter(|trial| trial.disturbed).count();
    agree("disturbed_trials", cell.disturbed_trials as u64, "disturbed trials", disturbed)?;
    let mut rounds = HashSet::new();
    match cell.trials.iter().position(|trial| !rounds.insert(trial.round)) {
        Some(twice) => Err(wrong(format!("trials[{twice}].round"), "is that of an earlier trial")),
        None => Ok(()),
    }
}

fn trial(trial: &Trial) -> Result<(), Problem> {
    positive("wall_ns", trial.wall_ns)?;
    positive("probe_ns", trial.probe_ns.unwrap_or(1))?;
    for (key, count) in [
        ("messages", Some(trial.messages)),
        ("bytes", Some(trial.bytes)),
        ("busy_ns", Some(trial.busy_ns)),
        ("cpu_ns", trial.cpu_ns),
        ("unsigned_ns", trial.unsigned_ns),
        ("steal_ns", trial.steal_ns),
        ("involuntary_switches", trial.involuntary_switches),
    ] {
        exact(key, count)?;
    }
    if trial.messages == 0 && trial.bytes > 0 {
        return Err(wrong("bytes", format!("are {}, of no message", trial.bytes)));
    }
    amount("clock_ghz", trial.clock_ghz)?;
    if trial.clock_ghz == Some(0.0) { Err(wrong("clock_ghz", "is 0")) } else { Ok(()) }
}

fn latency(latency: &Latency) -> Result<(), Problem> {
    rising(&latency.total)?;
    for (key, share) in [("queued", &latency.queued), ("signing", &latency.signing)] {
        share.as_ref().map_or(Ok(()), rising).map_err(|problem| problem.within(key))?;
    }
    Ok(())
}

fn rising(percentiles: &Percentiles) -> Result<(), Problem> {
    let Percentiles { p50, p90, p99, p99_9, max, hdr: _ } = percentiles;
    let mut slowest = 0;
    for (key, value) in [("p50", p50), ("p90", p90), ("p99", p99), ("p99_9", p99_9), ("max", max)] {
        exact(key, *value)?;
        let Some(value) = *value else { continue };
        if value < slowest {
            return Err(wrong(key, format!("is {value}, less than a percentile below it")));
        }
        slowest = value;
    }
    Ok(())
}

fn each<T>(list: &str, values: &[T], check: fn(&T) -> Result<(), Problem>) -> Result<(), Problem> {
    values.iter().enumerate().try_for_each(|(index, value)| {
        check(value).map_err(|problem| problem.within(&format!("{list}[{index}]")))
    })
}

fn positive(key: &str, count: u64) -> Result<(), Problem> {
    if count == 0 { Err(wrong(key, "is 0")) } else { exact(key, Some(count)) }
}

fn exact(key: &str, count: Option<u64>) -> Result<(), Problem> {
    match count {
        Some(count) if count > EXACT => Err(wrong(key, format!("is {count}, more than {EXACT}"))),
        _ => Ok(()),
    }
}

fn amount(key: &str, figure: Option<f64>) -> Result<(), Problem> {
    match figure {
        Some(figure) if !(0.0..=EXACT as f64).contains(&figure) => {
            Err(wrong(key, format!("is {figure}, not from 0 to {EXACT}")))
        }
        _ => Ok(()),
    }
}

fn agree(key: &str, said: u64, list: &str, counted: usize) -> Result<(), Problem> {
    if said == counted as u64 {
        Ok(())
    } else {
        Err(wrong(key, format!("is {said}, but there are {counted} {list}")))
    }
}

fn wrong(key: impl Into<String>, wrong: impl Into<String>) -> Problem {
    Problem::Value { place: key.into(), wrong: wrong.into() }
}
