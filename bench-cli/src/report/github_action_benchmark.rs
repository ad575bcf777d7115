//! What github-action-benchmark reads as `customSmallerIsBetter`: busy time per message, one entry per cell
//! (<https://github.com/benchmark-action/github-action-benchmark>). A file of that tool has one direction; rates, of which
//! more is better, would need a file of their own and say nothing that the time does not say.

use std::io::{self, Write};

use serde::Serialize;

use super::benchmark::{
    Benchmark, Spread, added_ns_per_message, benchmarks, busy_ns_per_message, cycles_per_byte, mbytes_per_s,
};
use super::escape::one_line;
use super::figures::{count, decimal};
use super::heading::{machine, revision};
use super::json;
use crate::record::{Run, Trial};

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// All runs are of one build on one machine.
pub(super) fn github_action_benchmark(runs: &[&Run], sink: &mut dyn Write) -> io::Result<()> {
    let made =
        runs.first().map(|run| format!("{}\n{}", one_line(&revision(run)), one_line(&machine(&run.machine))));
    let made = made.unwrap_or_default();
    let benchmarks = benchmarks(runs.iter().copied());
    json(&benchmarks.into_iter().filter_map(|benchmark| entry(benchmark, &made)).collect::<Vec<_>>(), sink)
}

fn entry(benchmark: Benchmark<'_>, made: &str) -> Option<Entry> {
    let Spread { median, quartiles } = benchmark.over_trials(busy_ns_per_message)?;
    let extra = format!("{}\n{}\n{made}", counts(&benchmark), others(&benchmark));
    Some(Entry {
        name: benchmark.name,
        unit: "ns/message",
        value: median,
        range: quartiles.map(|(low, high)| format!("{} to {}", decimal(low, 1), decimal(high, 1))),
        extra,
    })
}

fn counts(benchmark: &Benchmark<'_>) -> String {
    let trials = count(benchmark.trials().count(), "trial");
    let runs = count(benchmark.measurements.len(), "run");
    format!("{trials} in {runs}{}", if benchmark.is_disturbed() { ", all of them disturbed" } else { "" })
}

fn others(benchmark: &Benchmark<'_>) -> String {
    let figure = |figure: fn(&Trial) -> Option<f64>, decimals, unit| {
        benchmark.over_trials(figure).map(|spread| format!("{} {unit}", decimal(spread.median, decimals)))
    };
    let figures = [
        figure(mbytes_per_s, 1, "MB/s under the MAC"),
        figure(cycles_per_byte, 3, "cycles/byte"),
        figure(added_ns_per_message, 1, "ns/message beyond unsigned"),
    ];
    figures.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
