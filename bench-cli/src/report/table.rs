//! The table that a planner reads: one per link, a row per dialect and protection.

use std::collections::BTreeMap;
use std::io::{self, Write};

use comfy_table::{Cell, Color, Table};

use super::figures::{NO_FIGURE, count, decimal, optional, percent};
use super::groups::{Group, groups};
use super::ruled;
use crate::output::Colour;
use crate::record::{Measurement, Run};

pub(super) fn table(run: &Run, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    heading(run, sink)?;
    for group in groups(&run.measurements) {
        writeln!(sink, "\n{}", group.title())?;
        writeln!(sink, "{}", rows(&group, colour).trim_fmt())?;
    }
    writeln!(sink)?;
    doubts(run, sink)
}

fn heading(run: &Run, sink: &mut dyn Write) -> io::Result<()> {
    let machine = &run.machine;
    let place =
        machine.hypervisor.as_ref().map_or_else(String::new, |hypervisor| format!(" under {hypervisor}"));
    writeln!(sink, "{}, {}{place}, {}", machine.cpu, count(machine.cores, "CPU"), machine.os)?;
    let commit = run.tool.commit.as_ref().map_or_else(String::new, |commit| format!(" at {commit}"));
    writeln!(
        sink,
        "{} (smbsign {}{commit}, {})",
        run.command,
        run.tool.version,
        run.started.strftime("%F %H:%MZ")
    )
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
        let all_disturbed = !cell.trials.is_empty() && cell.disturbed_trials() == cell.trials.len();
        let mark = if all_disturbed { " *" } else { "" };
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

fn line_held(cell: &Measurement) -> &'static str {
    match cell.line_rate_held {
        Some(true) => "yes",
        Some(false) => "no",
        None => NO_FIGURE,
    }
}

fn latency(cell: &Measurement, point: impl Fn(&crate::record::Percentiles) -> Option<u64>) -> String {
    let nanoseconds = cell.latency_ns.as_ref().and_then(|latency| point(&latency.total));
    optional(nanoseconds.map(|nanoseconds| nanoseconds as f64 / 1_000.0), |microseconds| {
        decimal(microseconds, 1)
    })
}

/// What the reader should not trust: a line on disturbed trials, one for each error, one for each kind of warning.
fn doubts(run: &Run, sink: &mut dyn Write) -> io::Result<()> {
    let trials: usize = run.measurements.iter().map(|cell| cell.trials.len()).sum();
    let disturbed: usize = run.measurements.iter().map(Measurement::disturbed_trials).sum();
    match disturbed {
        0 => writeln!(sink, "{}, none disturbed.", count(trials, "trial"))?,
        _ => writeln!(
            sink,
            "{disturbed} of {} disturbed by the machine; cells marked * have no other.",
            count(trials, "trial")
        )?,
    }
    for cell in &run.measurements {
        if let Some(error) = &cell.error {
            writeln!(sink, "{}: {error}", place(cell))?;
        }
    }
    for warned in kinds_of_warnings(&run.measurements).into_values() {
        match warned.as_slice() {
            [] => {}
            [(cell, warning)] => writeln!(sink, "{}: {warning}", place(cell))?,
            [(cell, warning), ..] => {
                writeln!(sink, "{}, such as {}: {warning}", count(warned.len(), "cell"), place(cell))?;
            }
        }
    }
    Ok(())
}

fn place(cell: &Measurement) -> String {
    format!("{} {} at {}", cell.dialect, cell.protection, cell.link)
}

/// Warnings that differ only in their figures are of one kind.
fn kinds_of_warnings(cells: &[Measurement]) -> BTreeMap<String, Vec<(&Measurement, &str)>> {
    let mut kinds: BTreeMap<String, Vec<(&Measurement, &str)>> = BTreeMap::new();
    for cell in cells {
        for warning in &cell.warnings {
            let kind = warning.chars().filter(|letter| !letter.is_ascii_digit()).collect();
            kinds.entry(kind).or_default().push((cell, warning));
        }
    }
    kinds
}
