//! What `smbsign verify` shows.

use std::io::{self, Write};

use comfy_table::{Cell, Color};

use super::{json, ruled};
use crate::capture::verification::Counts;
use crate::command::verify::VerifyReport;
use crate::output::{Colour, Format};

/// Writes what was verified, in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn verify(report: &VerifyReport, format: Format, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table(report, colour, sink),
        Format::Json => json(report, sink),
        Format::Csv => csv(report, sink),
    }
}

/// A count's name in CSV, its heading in the table, and where it stands.
type Column = (&'static str, &'static str, fn(&Counts) -> u64);

const COLUMNS: [Column; 10] = [
    ("frames", "Frames", |counts| counts.frames),
    ("messages", "Messages", |counts| counts.messages),
    ("signed", "Signed", |counts| counts.signed),
    ("verified", "Verified", |counts| counts.verified),
    ("failed", "Failed", |counts| counts.failed),
    ("unsigned", "Unsigned", |counts| counts.unsigned),
    ("echoed", "Echoed", |counts| counts.echoed),
    ("unchecked", "Unchecked", |counts| counts.unchecked),
    ("transforms", "Encrypted", |counts| counts.transforms),
    ("undecryptable", "Unopened", |counts| counts.undecryptable),
];

/// Columns that are left out of the table while they hold nothing.
const RARE: [&str; 3] = ["unchecked", "transforms", "undecryptable"];

fn table(report: &VerifyReport, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    let columns: Vec<_> = COLUMNS
        .into_iter()
        .filter(|(name, _, count)| *name != "frames" && (!RARE.contains(name) || count(&report.total) > 0))
        .collect();
    let mut table = ruled(std::iter::once("Capture").chain(columns.iter().map(|column| column.1)), 1);
    if colour == Colour::Ansi {
        table.enforce_styling();
    }
    let cells =
        |counts: &Counts| -> Vec<Cell> { columns.iter().map(|column| cell(column, counts)).collect() };
    for capture in &report.captures {
        let name = Cell::new(&capture.capture);
        match capture.error {
            Some(_) => table.add_row([name, Cell::new("unreadable").fg(Color::Red)]),
            None => table.add_row(std::iter::once(name).chain(cells(&capture.counts))),
        };
    }
    if report.captures.len() > 1 {
        let name = format!("{} captures", report.captures.len());
        table.add_row(std::iter::once(Cell::new(name)).chain(cells(&report.total)));
    }
    writeln!(sink, "{}", table.trim_fmt())?;
    failures(report, sink)
}

fn cell((name, _, count): &Column, counts: &Counts) -> Cell {
    match (*name, count(counts)) {
        ("failed", count @ 1..) => Cell::new(count).fg(Color::Red),
        ("unchecked" | "undecryptable", count @ 1..) => Cell::new(count).fg(Color::Yellow),
        (_, count) => Cell::new(count),
    }
}

fn failures(report: &VerifyReport, sink: &mut dyn Write) -> io::Result<()> {
    for capture in report.captures.iter().filter(|capture| !capture.failures.is_empty()) {
        writeln!(sink, "\nFailed in {}:", capture.capture)?;
        for failure in &capture.failures {
            let dialect = failure.dialect.unwrap_or("?");
            let id = failure.message_id.map_or_else(|| "?".to_owned(), |id| id.to_string());
            writeln!(
                sink,
                "  frame {} (packet {}, connection {}), SMB {}, {} from the {}, MessageId {id}: {}",
                failure.frame,
                failure.packet,
                failure.connection,
                dialect.trim_start_matches("SMB"),
                failure.command,
                failure.sender,
                failure.reason,
            )?;
            for (name, field) in [("expected", &failure.expected), ("found", &failure.found)] {
                if let Some(field) = field {
                    writeln!(sink, "    {name:<8} {field}")?;
                }
            }
        }
    }
    Ok(())
}

fn csv(report: &VerifyReport, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(sink);
    let names = COLUMNS.map(|column| column.0);
    writer.write_record(["capture"].into_iter().chain(names).chain(["damage", "error"]))?;
    for capture in &report.captures {
        let counts = COLUMNS.map(|(_, _, count)| count(&capture.counts).to_string());
        let damage = capture.damage.len().to_string();
        let error = capture.error.clone().unwrap_or_default();
        let row = [capture.capture.clone()].into_iter().chain(counts).chain([damage, error]);
        writer.write_record(row)?;
    }
    writer.flush()
}
