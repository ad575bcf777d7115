//! One row per cell: the record's keys as columns, nested ones joined by an underscore, null as an empty field.

use std::io::{self, Write};

use serde_json::Value;

use crate::record::{Measurement, Run};

const PERCENTILES: [&str; 5] = ["p50", "p90", "p99", "p99_9", "max"];

/// Runs are told apart by when they started.
pub(super) fn csv<'a>(runs: impl IntoIterator<Item = &'a Run>, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(sink);
    let cells = runs.into_iter().flat_map(|run| run.measurements.iter().map(move |cell| (run, cell)));
    for (index, (run, measurement)) in cells.enumerate() {
        let (names, fields): (Vec<_>, Vec<_>) = columns(run, measurement)?.into_iter().unzip();
        if index == 0 {
            writer.write_record(names)?;
        }
        writer.write_record(fields)?;
    }
    writer.flush()
}

/// Every measurement gives the same columns, whatever of it is null.
fn columns(run: &Run, measurement: &Measurement) -> io::Result<Vec<(String, String)>> {
    let mut columns = vec![
        ("schema".to_owned(), run.schema.clone()),
        ("started".to_owned(), run.started.to_string()),
        ("machine_id".to_owned(), run.machine.id.clone()),
        ("commit".to_owned(), run.tool.commit.clone().unwrap_or_default()),
    ];
    let Value::Object(keys) = serde_json::to_value(measurement)? else { return Ok(columns) };
    for (key, value) in keys {
        match key.as_str() {
            "latency_ns" => {
                for part in ["", "queued", "signing"] {
                    let percentiles = if part.is_empty() { Some(&value) } else { value.get(part) };
                    columns.extend(PERCENTILES.map(|point| {
                        let name = ["latency_ns", part, point].into_iter().filter(|word| !word.is_empty());
                        let field = percentiles.and_then(|percentiles| percentiles.get(point));
                        (name.collect::<Vec<_>>().join("_"), field.map(scalar).unwrap_or_default())
                    }));
                }
            }
            "trials" => columns.push((key, measurement.trials.len().to_string())),
            "warnings" => columns.push((key, measurement.warnings.join("; "))),
            _ => columns.push((key, scalar(&value))),
        }
    }
    Ok(columns)
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
