//! One row per cell of both sides: its coordinates, then what was found; cells without a verdict have why.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::regression::{Cell, Comparison, Judgement};

/// The keys of a [`Judgement`].
const FOUND: [&str; 9] =
    ["verdict", "ratio", "low", "high", "rounds_needed", "smallest_callable", "confidence", "rounds", "runs"];

pub(super) fn csv(comparison: &Comparison, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(sink);
    let judged = comparison.cells.iter().map(|cell| row(&cell.cell, Some(&cell.judgement), ""));
    let unjudged = comparison.unjudged.iter().map(|cell| row(&cell.cell, None, &cell.detail));
    for (index, row) in judged.chain(unjudged).enumerate() {
        let (names, fields): (Vec<_>, Vec<_>) = row?.into_iter().unzip();
        if index == 0 {
            writer.write_record(names)?;
        }
        writer.write_record(fields)?;
    }
    writer.flush()
}

fn row(cell: &Cell, found: Option<&Judgement>, unjudged: &str) -> io::Result<Vec<(String, String)>> {
    let found = found.map(serde_json::to_value).transpose()?;
    let found = FOUND.map(|key| (key.to_owned(), scalar(found.as_ref().and_then(|found| found.get(key)))));
    let mut row = fields(cell)?;
    row.extend(found);
    row.push(("unjudged".to_owned(), unjudged.to_owned()));
    Ok(row)
}

fn fields(cell: &impl Serialize) -> io::Result<Vec<(String, String)>> {
    let Value::Object(keys) = serde_json::to_value(cell)? else { return Ok(Vec::new()) };
    Ok(keys.iter().map(|(key, value)| (key.clone(), scalar(Some(value)))).collect())
}

fn scalar(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
