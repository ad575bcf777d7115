//! The table that a planner reads: one per link, a row per dialect and protection.

use std::io::{self, Write};

use comfy_table::{Cell, Color, Table};

use super::conditions::{Group, groups};
use super::doubts::doubts;
use super::escape::one_line;
use super::figures::{NO_FIGURE, decimal, optional, percent};
use super::heading::{machine, revision};
use super::{broken, fits, ruled};
use crate::output::Colour;
use crate::record::{Measurement, Percentiles, Run};

pub(super) fn table(run: &Run, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "{}", one_line(&machine(&run.machine)))?;
    writeln!(sink, "{} ({})", one_line(&run.command), one_line(&revision(run)))?;
    for group in groups(&run.measurements) {
        writeln!(sink, "\n{}", broken(&group.conditions.title(), "", "  "))?;
        writeln!(sink, "{}", rows(&group, colour).trim_fmt())?;
    }
    if !run.fits.is_empty() {
        let mut table = ruled(fits::HEADINGS, 5);
        run.fits.iter().for_each(|fit| _ = table.add_row(fits::row(fit)));
        writeln!(sink, "\n{}\n{}", fits::TITLE, table.trim_fmt())?;
    }
    if !run.findings.is_empty() {
        writeln!(sink, "\nWhat this run shows:")?;
    }
    for finding in &run.findings {
        writeln!(sink, "{}", broken(finding, "- ", "  "))?;
    }
    writeln!(sink)?;
    doubts(run).iter().try_for_each(|doubt| writeln!(sink, "{}", broken(doubt, "", "  ")))
}

/// A column: its heading, with the unit, and what stands in it.
type Column = (&'static str, fn(&Measurement) -> String);

const PACED: [Column; 7] = [
    ("Payload\nMB/s", |cell| decimal(cell.payload_mbytes_per_s, 1)),
    ("Of\nunsigned", |cell| optional(cell.vs_unsigned, percent)),
    ("Line\nheld", |cell| line_held(cell).to_owned()),
    ("Cores\nused", |cell| decimal(cell.cores_used, 2)),
    ("Added\nCPU s/GB", |cell| optional(cell.added_cpu_s_per_gb, |seconds| decimal(seconds, 3))),
    ("p50\nµs", |cell| latency(cell, |latency| latency.p50)),
    ("p99\nµs", |cell| latency(cell, |latency| latency.p99)),
];

const CLOSED_LOOP: [Column; 5] = [
    ("Covered\nGB/s", |cell| decimal(cell.signed_mbytes_per_s / 1_000.0, 2)),
    ("Cycles\nper byte", |cell| optional(cell.cycles_per_byte, |cycles| decimal(cycles, 2))),
    ("Added\nCPU s/GB", |cell| optional(cell.added_cpu_s_per_gb, |seconds| decimal(seconds, 3))),
    ("Added ns\nper message", |cell| optional(cell.added_cpu_ns_per_message, |ns| decimal(ns, 0))),
    ("Messages/s", |cell| decimal(cell.messages_per_s, 0)),
];

fn rows(group: &Group<'_>, colour: Colour) -> Table {
    let columns: &[Column] = if group.is_closed_loop() { &CLOSED_LOOP } else { &PACED };
    let headings = ["Dialect", "Protection"].into_iter().chain(columns.iter().map(|(heading, _)| *heading));
    let mut table = ruled(headings, 2);
    if colour == Colour::Ansi {
        table.enforce_styling();
    }
    let mut above = None;
    for cell in &group.cells {
        let dialect =
            if above.replace(cell.dialect) == Some(cell.dialect) { "" } else { cell.dialect.name() };
        let mark = if cell.is_disturbed() { " *" } else { "" };
        let mut row = vec![Cell::new(dialect), Cell::new(format!("{}{mark}", cell.protection))];
        match &cell.error {
            Some(_) => row.push(Cell::new("failed").fg(Color::Red)),
            None => row.extend(columns.iter().map(|(_, write)| coloured(write(cell)))),
        }
        table.add_row(row);
    }
    table
}

fn coloured(text: String) -> Cell {
    match text.as_str() {
        "no" => Cell::new(text).fg(Color::Red),
        "yes" => Cell::new(text).fg(Color::Green),
        _ => Cell::new(text),
    }
}

pub(super) fn line_held(cell: &Measurement) -> &'static str {
    match cell.line_rate_held {
        Some(true) => "yes",
        Some(false) => "no",
        None => NO_FIGURE,
    }
}

pub(super) fn latency(cell: &Measurement, point: impl Fn(&Percentiles) -> Option<u64>) -> String {
    let nanoseconds = cell.latency_ns.as_ref().and_then(|latency| point(&latency.total));
    optional(nanoseconds.map(|nanoseconds| nanoseconds as f64 / 1_000.0), |microseconds| {
        decimal(microseconds, 1)
    })
}
