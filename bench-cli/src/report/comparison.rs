//! What `smbsign compare` and `smbsign ab` show.

mod csv;
mod markdown;
mod rows;
mod table;

use std::io::{self, Write};

use clap::ValueEnum;

use super::figures::{count, percent};
use super::json;
use crate::output::Colour;
use crate::regression::{Comparison, Verdict};

/// The forms of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ComparisonFormat {
    /// For people.
    Table,
    /// For programs: one document with everything.
    Json,
    /// For spreadsheets: one row per cell.
    Csv,
    /// For a comment on a pull request.
    Markdown,
}

/// Writes a comparison in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn comparison(
    comparison: &Comparison,
    format: ComparisonFormat,
    colour: Colour,
    sink: &mut dyn Write,
) -> io::Result<()> {
    match format {
        ComparisonFormat::Table => table::table(comparison, colour, sink),
        ComparisonFormat::Json => json(comparison, sink),
        ComparisonFormat::Csv => csv::csv(comparison, sink),
        ComparisonFormat::Markdown => markdown::markdown(comparison, sink),
    }
}

/// What the verdict rests on: `1 regressed, 15 unchanged of 16 cells; a change of 3.0 % matters`.
fn summary(comparison: &Comparison) -> String {
    let counts = Verdict::ALL.map(|verdict| (comparison.count(verdict), verdict)).into_iter();
    let counts = counts.filter(|(count, _)| *count > 0).map(|(count, verdict)| format!("{count} {verdict}"));
    let all = comparison.cells.len() + comparison.unjudged.len();
    let counts = counts.collect::<Vec<_>>().join(", ");
    let threshold = percent(comparison.threshold);
    format!("{counts} of {}; a change of {threshold} or more matters", count(all, "cell"))
}

/// The smallest change that could have been called.
fn callable(comparison: &Comparison) -> String {
    match comparison.smallest_callable {
        Some(smallest) => format!(
            "The smallest change that could have been called: {} in the middle cell, {} in the worst.",
            percent(smallest.median),
            percent(smallest.max)
        ),
        None => "No change could have been called, however large.".to_owned(),
    }
}

/// What else the reader should know: cells without a verdict, then the notes.
fn remarks(comparison: &Comparison) -> Vec<String> {
    let unjudged =
        comparison.unjudged.iter().map(|cell| format!("not judged: {}: {}", cell.cell, cell.detail));
    unjudged.chain(comparison.notes.iter().cloned()).collect()
}
