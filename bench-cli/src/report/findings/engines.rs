//! Whether it pays to hand messages to other threads: the offload engine against one message after another, at a link.

use super::Cells;
use super::spread::Spread;
use super::words::work;
use crate::record::{Engine, Measurement};
use crate::report::conditions::{Aspect, Conditions};
use crate::report::figures::{decimal, percent};

/// A sentence for each place at a link that was measured both ways, from the wait that takes the fewest cores there.
pub(super) fn findings(cells: &Cells<'_>) -> Vec<String> {
    let at_links = || cells.protected().filter(|cell| cell.offered_gbps.is_some());
    let mut sentences = Vec::new();
    for alone in at_links().filter(|cell| cell.engine == Engine::Serial) {
        let mut handed_over: Vec<_> = at_links()
            .filter(|cell| cell.engine == Engine::Offload && place(cell) == place(alone))
            .filter(|cell| (cell.dialect, cell.protection) == (alone.dialect, alone.protection))
            .filter(|cell| cell.line_rate_held != Some(false))
            .filter_map(|cell| Some((cell, cores(cell)?)))
            .collect();
        handed_over.sort_by(|(_, one), (_, other)| one.median.total_cmp(&other.median));
        if let (Some((best, taken)), Some(usual)) = (handed_over.first(), cores(alone)) {
            let source = cells.source(&[best, alone], &[Aspect::Kernels, Aspect::Set]);
            sentences.push(format!("{} {source}", sentence((best, *taken), (alone, usual))));
        }
    }
    sentences
}

/// Everything but the engine and what is its own.
fn place(cell: &Measurement) -> Conditions<'_> {
    Conditions { engine: Engine::Serial, set_bytes: 0, max_wait_us: None, ..Conditions::of(cell) }
}

/// Cores in use, those of handing over and of transmission among them.
fn cores(cell: &Measurement) -> Option<Spread> {
    Spread::of(cell, |trial| Some(trial.busy_ns as f64 / trial.wall_ns.max(1) as f64))
}

fn sentence((best, taken): (&Measurement, Spread), (alone, usual): (&Measurement, Spread)) -> String {
    let (work, cores) = (work(best), decimal(taken.median, 2));
    if alone.line_rate_held == Some(false) {
        let (reached, offered) = (alone.achieved_gbps, alone.offered_gbps.unwrap_or_default());
        return format!(
            "{work} by offload holds {} on {cores} cores in all, where one by one reaches {} of {} Gbit/s",
            best.link,
            decimal(reached, 1),
            decimal(offered, 1),
        );
    }
    let delays = match (p99(best), p99(alone)) {
        (Some(best), Some(alone)) => {
            format!(", at p99 {} µs against {}", decimal(best, 0), decimal(alone, 0))
        }
        _ => String::new(),
    };
    let figures = format!("{cores} cores in all against {}{delays}", decimal(usual.median, 2));
    if taken.is_below(&usual) {
        format!(
            "{work} by offload takes {} of what one by one takes: {figures}",
            percent(taken.median / usual.median)
        )
    } else {
        format!("{work} by offload saves nothing: {figures}")
    }
}

/// In microseconds.
fn p99(cell: &Measurement) -> Option<f64> {
    Some(cell.latency_ns.as_ref()?.total.p99? as f64 / 1e3)
}
