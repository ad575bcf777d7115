//! From times to log ratios, less what the machine did meanwhile.
//!
//! Two things are taken off:
//! - The core's clock, where every trial knows it: times count in core cycles then, since a core that clocks itself down
//!   slows everything alike.
//! - The machine probe, as far as the cell follows it. What slows the probe (a neighbour on the same caches and memory)
//!   slows some cells as much and leaves others alone: serial chains such as HMAC hardly notice. The share that this cell
//!   takes of the probe's movements is the median of the slopes between two trials of one run (Theil 1950, Sen 1968), at
//!   least 0, at most 1. Trials of different runs are never set against each other for it: the share must not learn from
//!   the difference that is in question.

use super::sample::{Pair, Sample, is_quantity};
use super::spread::{median, within_runs};

/// Log ratios of new to base, run by run: those of quiet pairs where a run has enough of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ratios {
    /// Runs without any are left out.
    pub(super) runs: Vec<Vec<f64>>,
}

/// By how much two probes must differ for their slope to count, as a log ratio: less than this is the probe's own noise.
const PROBE_MOVES: f64 = 0.005;
/// Fewer slopes say nothing.
const SLOPES: usize = 10;
/// Log ratios beyond this say no more, and their exponentials would be infinite or nothing.
const WIDEST: f64 = 200.0;

/// A trial in logarithms.
#[derive(Debug, Clone, Copy)]
struct Point {
    time: f64,
    probe: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Points {
    base: Point,
    new: Point,
    disturbed: bool,
}

impl Ratios {
    pub(super) fn of(runs: &[Vec<Pair>]) -> Self {
        let all = || runs.iter().flatten().filter(|pair| pair.has_figures());
        let knows_clock = |sample: &Sample| sample.clock_ghz.is_some_and(is_quantity);
        let in_cycles = all().all(|pair| knows_clock(&pair.base) && knows_clock(&pair.new));
        let points = |pairs: &Vec<Pair>| -> Vec<Points> {
            let pairs = pairs.iter().filter(|pair| pair.has_figures());
            pairs.map(|pair| Points::of(pair, in_cycles)).collect()
        };
        let runs: Vec<_> = runs.iter().map(points).collect();
        let share = probe_share(&runs);
        let ratios = runs.iter().map(|run| quiet(run).map(|points| points.ratio(share)).collect());
        Self { runs: ratios.filter(|run: &Vec<f64>| !run.is_empty()).collect() }
    }
}

impl Points {
    fn of(pair: &Pair, in_cycles: bool) -> Self {
        let point = |sample: &Sample| {
            let clock = sample.clock_ghz.filter(|_| in_cycles).map_or(0.0, f64::ln);
            let probe = sample.probe_ns.filter(|probe| is_quantity(*probe));
            Point { time: sample.time.ln() + clock, probe: probe.map(|probe| probe.ln() + clock) }
        };
        Self { base: point(&pair.base), new: point(&pair.new), disturbed: pair.is_disturbed() }
    }

    fn ratio(&self, probe_share: f64) -> f64 {
        let probe = self.new.probe.zip(self.base.probe).map_or(0.0, |(new, base)| new - base);
        (self.new.time - self.base.time - probe_share * probe).clamp(-WIDEST, WIDEST)
    }
}

/// The pairs that the machine left alone; all of them where these are fewer than half, or fewer than two.
fn quiet(run: &[Points]) -> impl Iterator<Item = &Points> {
    let quiet = run.iter().filter(|pair| !pair.disturbed).count();
    let enough = quiet >= 2 && 2 * quiet >= run.len();
    run.iter().filter(move |pair| !enough || !pair.disturbed)
}

/// How much of the probe's movements the cell follows.
fn probe_share(runs: &[Vec<Points>]) -> f64 {
    let sides = runs.iter().flat_map(|run| {
        let side = |of: fn(&Points) -> Point| run.iter().map(of).collect::<Vec<_>>();
        [side(|points| points.base), side(|points| points.new)]
    });
    let slopes: Vec<f64> = within_runs(&sides.collect::<Vec<_>>())
        .filter_map(|(one, other)| {
            let probe = one.probe? - other.probe?;
            (probe.abs() >= PROBE_MOVES).then(|| (one.time - other.time) / probe)
        })
        .collect();
    if slopes.len() < SLOPES { 0.0 } else { median(slopes).map_or(0.0, |slope| slope.clamp(0.0, 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time: f64, probe_ns: f64, clock_ghz: f64) -> Sample {
        Sample { time, probe_ns: Some(probe_ns), clock_ghz: Some(clock_ghz), disturbed: false }
    }

    fn ratios(pairs: Vec<Pair>) -> Vec<f64> {
        Ratios::of(&[pairs]).runs.concat()
    }

    #[test]
    fn a_core_that_clocks_itself_down_is_no_regression() {
        let pair = Pair { base: sample(1.0, 100.0, 4.0), new: sample(1.25, 125.0, 3.2) };
        assert!(ratios(vec![pair])[0].abs() < 1e-12);
        let unknown = Pair { base: Sample { clock_ghz: None, ..pair.base }, ..pair };
        assert!((ratios(vec![unknown])[0] - 1.25_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn only_a_cell_that_follows_the_probe_is_divided_by_it() {
        let probes = [100.0, 103.0, 99.0, 108.0, 101.0, 112.0];
        let pairs = |follows: bool| {
            let pair = |probe: f64| {
                let time = if follows { probe / 100.0 } else { 1.0 };
                Pair { base: sample(time, probe, 4.0), new: sample(1.1, 100.0, 4.0) }
            };
            ratios(probes.map(pair).to_vec())
        };
        for ratio in [pairs(true), pairs(false)].concat() {
            assert!((ratio - 1.1_f64.ln()).abs() < 1e-12, "{ratio}");
        }
    }

    #[test]
    fn disturbed_pairs_are_left_out_where_enough_others_remain() {
        let quiet = Pair { base: sample(1.0, 1.0, 1.0), new: sample(1.0, 1.0, 1.0) };
        let disturbed = Pair { new: Sample { disturbed: true, ..quiet.new }, ..quiet };
        assert_eq!(ratios(vec![quiet, quiet, disturbed]).len(), 2);
        assert_eq!(ratios(vec![quiet, disturbed, disturbed]).len(), 3);
    }
}
