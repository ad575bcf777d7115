//! What tools that follow benchmarks over time are given: each cell by a name, with its figures over all runs.

use std::collections::HashMap;

use super::escape::word;
use crate::record::{Measurement, Run, Trial};
use crate::regression::Cell;

/// A cell, and what measured it: one measurement per run.
pub(super) struct Benchmark<'a> {
    pub(super) name: String,
    pub(super) measurements: Vec<&'a Measurement>,
}

/// The cells in the order in which they first appear; those without a figure are left out.
pub(super) fn benchmarks<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<Benchmark<'a>> {
    let mut benchmarks: Vec<Benchmark<'a>> = Vec::new();
    let mut places = HashMap::new();
    for measurement in runs.into_iter().flat_map(|run| &run.measurements).filter(|cell| has_figures(cell)) {
        let name = name(measurement);
        let place = *places.entry(name.clone()).or_insert(benchmarks.len());
        match benchmarks.get_mut(place) {
            Some(benchmark) => benchmark.measurements.push(measurement),
            None => benchmarks.push(Benchmark { name, measurements: vec![measurement] }),
        }
    }
    benchmarks
}

impl Benchmark<'_> {
    /// The trials that count, of all runs.
    pub(super) fn trials(&self) -> impl Iterator<Item = &Trial> {
        self.measurements.iter().flat_map(|measurement| counted(measurement))
    }

    /// A figure over the trials.
    pub(super) fn over_trials(&self, figure: impl Fn(&Trial) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.trials().filter_map(figure))
    }

    /// A figure over the runs.
    pub(super) fn over_runs(&self, figure: impl Fn(&Measurement) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.measurements.iter().filter_map(|measurement| figure(measurement)))
    }

    /// Whether the machine disturbed every trial of every run.
    pub(super) fn is_disturbed(&self) -> bool {
        self.trials().all(|trial| trial.disturbed)
    }
}

/// Whether anything was measured that a figure can be made of.
pub(super) fn has_figures(measurement: &Measurement) -> bool {
    measurement.error.is_none() && counted(measurement).next().is_some()
}

/// The trials that a cell's figures are made of: those that the machine left alone; all where it left none alone, as in
/// the record itself.
pub(super) fn counted(measurement: &Measurement) -> impl Iterator<Item = &Trial> {
    let disturbed_count = measurement.quiet_trials().next().is_none();
    measurement.trials.iter().filter(move |trial| trial.messages > 0 && (disturbed_count || !trial.disturbed))
}

/// `dialect=3.1.1/protection=aes-128-cmac/…`: everything that was asked of a cell. The same cell has the same name in
/// every run; what does not apply to it (null in the record) is left out.
///
/// The last word is one of ours and ends in no number: Go's tools take a last `-8` for the number of CPUs.
pub(super) fn name(measurement: &Measurement) -> String {
    // Taken apart in full: another coordinate of a cell has to come here too.
    let Cell {
        dialect,
        protection,
        engine,
        backend,
        workers,
        sessions,
        outstanding,
        direction,
        profile,
        message_bytes,
        set_bytes,
        transmit,
        arrival,
        max_wait_us,
        link,
    } = Cell::of(measurement);
    let words = [
        ("dialect", Some(dialect.to_string())),
        ("protection", Some(protection.to_string())),
        ("link", Some(link)),
        ("arrival", arrival),
        ("direction", Some(direction.to_string())),
        ("profile", Some(profile)),
        ("message_bytes", Some(message_bytes.to_string())),
        ("engine", Some(engine.to_string())),
        ("backend", Some(backend)),
        ("workers", Some(workers.to_string())),
        ("sessions", sessions.map(|sessions| sessions.to_string())),
        ("outstanding", outstanding.map(|requests| requests.to_string())),
        ("max_wait_us", max_wait_us.map(|wait| wait.to_string())),
        ("set_bytes", Some(set_bytes.to_string())),
        ("transmit", Some(transmit.to_string())),
    ];
    let words = words.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", word(&value?))));
    words.collect::<Vec<_>>().join("/")
}

/// Time in signing and transmit per message, summed over workers.
pub(super) fn busy_ns_per_message(trial: &Trial) -> Option<f64> {
    per(trial.busy_ns as f64, trial.messages)
}

/// The same beyond unsigned.
pub(super) fn added_ns_per_message(trial: &Trial) -> Option<f64> {
    per(trial.added_ns()?, trial.messages)
}

/// Messages per second of the window.
pub(super) fn messages_per_s(trial: &Trial) -> Option<f64> {
    per(trial.messages as f64 * 1e9, trial.wall_ns)
}

/// Bytes under the MAC per second of the window, in 10⁶.
pub(super) fn mbytes_per_s(trial: &Trial) -> Option<f64> {
    per(trial.bytes as f64 * 1e3, trial.wall_ns)
}

/// Core cycles of busy time per byte under the MAC.
pub(super) fn cycles_per_byte(trial: &Trial) -> Option<f64> {
    per(trial.busy_ns as f64 * trial.clock_ghz?, trial.bytes)
}

fn per(value: f64, count: u64) -> Option<f64> {
    rounded(value / count as f64)
}

/// To six digits, more than any clock here tells; none where there is no number.
fn rounded(value: f64) -> Option<f64> {
    format!("{value:.5e}").parse().ok().filter(|number: &f64| number.is_finite())
}

/// The median of some values, and the half of them that lies around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    /// First and third quartile; none of a single value.
    pub(super) quartiles: Option<(f64, f64)>,
}

impl Spread {
    /// None of no value.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let quartiles = || Some((quantile(&values, 0.25)?, quantile(&values, 0.75)?));
        Some(Self {
            median: quantile(&values, 0.5)?,
            quartiles: if values.len() > 1 { quartiles() } else { None },
        })
    }
}

/// Between the two values beside it in proportion, of sorted values.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    rounded(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_values_lie_between_the_quartiles() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0, f64::NAN].into_iter());
        assert_eq!(spread, Some(Spread { median: 3.0, quartiles: Some((2.0, 4.0)) }));
        assert_eq!(Spread::of([7.0].into_iter()), Some(Spread { median: 7.0, quartiles: None }));
        assert_eq!(Spread::of(std::iter::empty()), None);
    }
}
