//! The record: one row for each comparison and cell, with all that its verdict rests on.

use std::io::{Read, Write};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// A cell of one comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The comparison: `aa-…` of a build against itself, `s06-…` and `s10-…` slowed by so many per cent.
    pub(crate) try_name: String,
    /// By how much NEW was delayed, in per cent; 0 where it was not.
    pub(crate) percent: u32,
    /// The protection whose cells were delayed; empty where none was.
    pub(crate) slowed: String,
    /// The cell's protection.
    pub(crate) protection: String,
    /// The cell's message size.
    pub(crate) message_bytes: u64,
    /// By round and slice, the logarithm of NEW's time per byte over OLD's.
    pub(crate) rounds: Vec<Vec<f64>>,
}

/// A row as it is kept: logarithms in ten-thousandths, slices behind semicolons, rounds behind blanks.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(rename = "try")]
    try_name: String,
    slowed_percent: u32,
    slowed_protection: String,
    protection: String,
    message_bytes: u64,
    log_ratios: String,
}

/// The unit of the logarithms.
const UNIT: f64 = 1e-4;

impl Row {
    /// Whether NEW was delayed in this cell.
    pub(crate) fn is_slowed(&self) -> bool {
        self.protection == self.slowed
    }

    /// Writes rows as CSV.
    pub(crate) fn write(rows: &[Self], sink: impl Write) -> anyhow::Result<()> {
        let mut writer = csv::Writer::from_writer(sink);
        for row in rows {
            let unit = |ratio: &f64| format!("{}", (ratio / UNIT).round());
            let round = |slices: &Vec<f64>| slices.iter().map(unit).collect::<Vec<_>>().join(";");
            writer.serialize(Kept {
                try_name: row.try_name.clone(),
                slowed_percent: row.percent,
                slowed_protection: row.slowed.clone(),
                protection: row.protection.clone(),
                message_bytes: row.message_bytes,
                log_ratios: row.rounds.iter().map(round).collect::<Vec<_>>().join(" "),
            })?;
        }
        Ok(writer.flush()?)
    }

    /// Reads what [`write`](Self::write) wrote.
    pub(crate) fn read(source: impl Read) -> anyhow::Result<Vec<Self>> {
        let mut reader = csv::Reader::from_reader(source);
        let rows = reader.deserialize().map(|kept| {
            let kept: Kept = kept?;
            let slice = |word: &str| word.parse::<f64>().map(|ratio| ratio * UNIT);
            let round = |slices: &str| slices.split(';').map(slice).collect::<Result<Vec<_>, _>>();
            let rounds = kept.log_ratios.split(' ').map(round).collect::<Result<_, _>>();
            Ok(Self {
                rounds: rounds.with_context(|| format!("the log ratios of {}", kept.try_name))?,
                try_name: kept.try_name,
                percent: kept.slowed_percent,
                slowed: kept.slowed_protection,
                protection: kept.protection,
                message_bytes: kept.message_bytes,
            })
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_back_as_it_was_written() {
        let row = Row {
            try_name: "s06-001".to_owned(),
            percent: 6,
            slowed: "hmac-sha256".to_owned(),
            protection: "hmac-sha256".to_owned(),
            message_bytes: 4096,
            rounds: vec![vec![0.0583, -0.0001], vec![0.06, 0.0]],
        };
        let mut written = Vec::new();
        Row::write(std::slice::from_ref(&row), &mut written).unwrap();
        let read = Row::read(written.as_slice()).unwrap();
        assert_eq!(read.len(), 1);
        for (read, wrote) in read[0].rounds.concat().iter().zip(row.rounds.concat()) {
            assert!((read - wrote).abs() < 1e-12);
        }
        assert_eq!(Row { rounds: row.rounds.clone(), ..read[0].clone() }, row);
    }
}
