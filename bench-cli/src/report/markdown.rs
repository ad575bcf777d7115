//! Markdown: a run on one page, as it is kept beside its record.

use std::io::{self, Write};

use super::conditions::Shared;
use super::doubts::doubts;
use super::escape::{code, markdown as plain};
use super::figures::{NO_FIGURE, decimal, optional, percent};
use super::fits;
use super::heading::{machine, revision};
use super::table::{latency, line_held};
use crate::record::{Measurement, Run};

/// A column: its heading, with the unit, and what stands in it.
type Column = (&'static str, fn(&Measurement) -> String);

const COLUMNS: [Column; 12] = [
    ("Link", |cell| plain(&cell.link)),
    ("Dialect", |cell| cell.dialect.to_string()),
    ("Protection", |cell| format!("{}{}", cell.protection, if cell.is_disturbed() { " \\*" } else { "" })),
    ("Covered MB/s", |cell| figure(cell, decimal(cell.signed_mbytes_per_s, 1))),
    ("Of unsigned", |cell| figure(cell, optional(cell.vs_unsigned, percent))),
    ("Line held", |cell| figure(cell, line_held(cell).to_owned())),
    ("Cores used", |cell| figure(cell, decimal(cell.cores_used, 2))),
    ("Cycles/byte", |cell| figure(cell, optional(cell.cycles_per_byte, |cycles| decimal(cycles, 2)))),
    ("Added CPU s/GB", |cell| figure(cell, optional(cell.added_cpu_s_per_gb, |added| decimal(added, 3)))),
    ("Added ns/message", |cell| {
        figure(cell, optional(cell.added_cpu_ns_per_message, |added| decimal(added, 0)))
    }),
    ("p50 µs", |cell| figure(cell, latency(cell, |latency| latency.p50))),
    ("p99 µs", |cell| figure(cell, latency(cell, |latency| latency.p99))),
];

fn figure(cell: &Measurement, text: String) -> String {
    if cell.error.is_some() { NO_FIGURE.to_owned() } else { text }
}

/// The command line, the revision and the machine, the table, the findings, the doubts.
///
/// # Errors
///
/// Those of the writer.
pub fn markdown(run: &Run, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "# {}\n", code(&run.command))?;
    writeln!(sink, "{}\n", plain(&revision(run)))?;
    writeln!(sink, "{}; id {}.\n", plain(&machine(&run.machine)), plain(&run.machine.id))?;
    table(run, sink)?;
    if !run.fits.is_empty() {
        writeln!(sink, "\n## {}\n\n| {} |", fits::TITLE, fits::HEADINGS.join(" | "))?;
        writeln!(sink, "|{}{}", " --- |".repeat(5), " ---: |".repeat(3))?;
        run.fits.iter().try_for_each(|fit| {
            writeln!(sink, "| {} |", fits::row(fit).map(|text| plain(&text)).join(" | "))
        })?;
    }
    for (title, lines) in [("What it shows", run.findings.clone()), ("What to doubt", doubts(run))] {
        if !lines.is_empty() {
            writeln!(sink, "\n## {title}\n")?;
        }
        for line in lines {
            writeln!(sink, "- {}", plain(&line))?;
        }
    }
    Ok(())
}

fn table(run: &Run, sink: &mut dyn Write) -> io::Result<()> {
    if run.measurements.is_empty() {
        return writeln!(sink, "Nothing was measured yet.");
    }
    let shared = Shared::of(&run.measurements);
    let conditions: Vec<_> = run.measurements.iter().map(|cell| shared.others(cell, &[], &[])).collect();
    let differ = conditions.iter().any(|words| !words.is_empty());
    writeln!(sink, "Every cell: {}.\n", plain(&shared.words()))?;
    let headings = COLUMNS.map(|(heading, _)| heading);
    writeln!(sink, "| {}{} |", if differ { "Conditions | " } else { "" }, headings.join(" | "))?;
    writeln!(sink, "|{} --- | --- | ---{} |", if differ { " --- |" } else { "" }, " | ---:".repeat(9))?;
    for (cell, conditions) in run.measurements.iter().zip(conditions) {
        let row = COLUMNS.map(|(_, write)| write(cell));
        let first = if differ { format!("{} | ", plain(&conditions)) } else { String::new() };
        writeln!(sink, "| {first}{} |", row.join(" | "))?;
    }
    Ok(())
}
