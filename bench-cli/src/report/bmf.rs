//! Bencher Metric Format: benchmark → measure → value, as `bencher run --adapter json` reads it
//! (<https://bencher.dev/docs/reference/bencher-metric-format/>).
//!
//! `latency` (nanoseconds per operation) and `throughput` (operations per second) are Bencher's own measures, an operation
//! being a message: busy time, and what was done of the clock's time. The others are slugs of ours, which carry their unit.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::benchmark::{
    Benchmark, Spread, added_ns_per_message, benchmarks, busy_ns_per_message, cycles_per_byte, messages_per_s,
};
use super::json;
use crate::record::{Measurement, Percentiles, Run};

pub(super) fn bmf<'a>(runs: impl IntoIterator<Item = &'a Run>, sink: &mut dyn Write) -> io::Result<()> {
    let mut document = Map::new();
    for benchmark in benchmarks(runs) {
        let measures = measures(&benchmark)?;
        document.insert(benchmark.name, measures.into());
    }
    json(&document, sink)
}

/// A value, and the range in which half of the trials or runs lie.
#[derive(Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

fn measures(benchmark: &Benchmark<'_>) -> io::Result<Map<String, Value>> {
    let latency =
        |point: fn(&Percentiles) -> Option<u64>| benchmark.over_runs(|cell| percentile(cell, point));
    let measures = [
        ("latency", benchmark.over_trials(busy_ns_per_message)),
        ("throughput", benchmark.over_trials(messages_per_s)),
        ("cycles-per-byte", benchmark.over_trials(cycles_per_byte)),
        ("added-ns-per-message", benchmark.over_trials(added_ns_per_message)),
        ("departure-to-end-p50-ns", latency(|latency| latency.p50)),
        ("departure-to-end-p99-ns", latency(|latency| latency.p99)),
    ];
    let mut object = Map::new();
    for (measure, spread) in measures {
        if let Some(Spread { median, quartiles }) = spread {
            let (lower_value, upper_value) = quartiles.unzip();
            let metric = Metric { value: median, lower_value, upper_value };
            object.insert(measure.to_owned(), serde_json::to_value(metric)?);
        }
    }
    Ok(object)
}

fn percentile(cell: &Measurement, point: fn(&Percentiles) -> Option<u64>) -> Option<f64> {
    point(&cell.latency_ns.as_ref()?.total).map(|nanoseconds| nanoseconds as f64)
}
