//! What `smbsign report` shows: records, in one form, one after another or as one.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::benchmark::{benchmarks, counted, has_figures};
use super::escape::{code, one_line};
use super::figures::count;
use super::{benchfmt, bmf, csv, github_action_benchmark, json, markdown, table};
use crate::output::Colour;
use crate::record::{Fingerprint, Kept, Run, State, mismatches};

/// The forms in which records are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordFormat {
    /// For people.
    Table,
    /// For programs: one document with everything.
    Json,
    /// For spreadsheets: one row per cell.
    Csv,
    /// For pages and comments, one record after another.
    Markdown,
    /// For Bencher: `bencher run --adapter json`.
    Bmf,
    /// For github-action-benchmark: tool customSmallerIsBetter.
    GithubActionBenchmark,
    /// For Go's benchstat: a line per trial.
    Benchfmt,
}

/// Records that do not belong into one result.
#[derive(Debug, thiserror::Error)]
#[error("{one} and {other} do not belong into one result: {difference}")]
pub struct MixedRecords {
    one: String,
    other: String,
    difference: String,
}

/// What stands in the JSON.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
struct Record<'a> {
    path: String,
    record: &'a Run,
}

impl RecordFormat {
    /// Checks that records may go into one result of this form. [`Bmf`](Self::Bmf) and
    /// [`GithubActionBenchmark`](Self::GithubActionBenchmark) know one figure of a cell, that of one build on one machine;
    /// the others tell records apart.
    ///
    /// # Errors
    ///
    /// The first two that may not.
    pub fn admit(self, records: &[Kept]) -> Result<(), MixedRecords> {
        let ([first, others @ ..], Self::Bmf | Self::GithubActionBenchmark) = (records, self) else {
            return Ok(());
        };
        others.iter().try_for_each(|other| match difference(&first.run, &other.run) {
            None => Ok(()),
            Some(difference) => Err(MixedRecords {
                one: one_line(&first.path.to_string_lossy()).into_owned(),
                other: one_line(&other.path.to_string_lossy()).into_owned(),
                difference,
            }),
        })
    }
}

fn difference(one: &Run, other: &Run) -> Option<String> {
    let build =
        |run: &Run| format!("{} at {}", run.tool.version, run.tool.commit.as_deref().unwrap_or("no commit"));
    let fingerprints = || mismatches(&Fingerprint::of(one), &Fingerprint::of(other));
    if build(one) == build(other) {
        fingerprints().first().map(ToString::to_string)
    } else {
        Some(one_line(&format!("smbsign {} against {}", build(one), build(other))).into_owned())
    }
}

/// Writes records in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn records(
    records: &[Kept],
    format: RecordFormat,
    colour: Colour,
    sink: &mut dyn Write,
) -> io::Result<()> {
    let runs: Vec<&Run> = records.iter().map(|kept| &kept.run).collect();
    match format {
        RecordFormat::Json => json(&Document::of(records), sink),
        RecordFormat::Csv => csv::csv(runs, sink),
        RecordFormat::Bmf => bmf::bmf(runs, sink),
        RecordFormat::GithubActionBenchmark => github_action_benchmark::github_action_benchmark(&runs, sink),
        RecordFormat::Benchfmt => benchfmt::benchfmt(runs, sink),
        RecordFormat::Table => one_by_one(
            records,
            sink,
            |path| format!("{}:", one_line(path)),
            |run, sink| table::table(run, colour, sink),
        ),
        RecordFormat::Markdown => one_by_one(records, sink, |path| format!("{}:\n", code(path)), markdown),
    }
}

/// Where there are several, each under the path that it was read from.
fn one_by_one(
    records: &[Kept],
    sink: &mut dyn Write,
    title: impl Fn(&str) -> String,
    write: impl Fn(&Run, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    for (index, kept) in records.iter().enumerate() {
        if index > 0 {
            writeln!(sink)?;
        }
        if records.len() > 1 {
            writeln!(sink, "{}", title(&kept.path.to_string_lossy()))?;
        }
        write(&kept.run, sink)?;
    }
    Ok(())
}

impl<'a> Document<'a> {
    fn of(records: &'a [Kept]) -> Self {
        let record =
            |kept: &'a Kept| Record { path: kept.path.to_string_lossy().into_owned(), record: &kept.run };
        Self { schema: "smbsign.report/1", records: records.iter().map(record).collect() }
    }
}

/// What a form that has no place for doubts keeps to itself: lines for whoever asked for it.
#[must_use]
pub fn unsaid(records: &[Kept], format: RecordFormat) -> Vec<String> {
    if !matches!(format, RecordFormat::Bmf | RecordFormat::GithubActionBenchmark | RecordFormat::Benchfmt) {
        return Vec::new();
    }
    let unfinished = records.iter().filter(|kept| kept.run.state != State::Complete).count();
    let cells = records.iter().flat_map(|kept| &kept.run.measurements);
    let (full, empty): (Vec<_>, Vec<_>) = cells.partition(|cell| has_figures(cell));
    let left_out: usize = full.iter().map(|cell| cell.trials.len() - counted(cell).count()).sum();
    let disturbed = benchmarks(records.iter().map(|kept| &kept.run))
        .iter()
        .filter(|benchmark| benchmark.is_disturbed())
        .count();
    let lines = [
        (unfinished, count(unfinished, "record") + " of a run that did not come to its end"),
        (empty.len(), count(empty.len(), "cell") + " without a figure, left out"),
        (left_out, count(left_out, "trial") + " left out: disturbed, or without a message"),
        (disturbed, count(disturbed, "cell") + " of disturbed trials alone, which stand for want of others"),
    ];
    lines.into_iter().filter(|(number, _)| *number > 0).map(|(_, line)| line).collect()
}
