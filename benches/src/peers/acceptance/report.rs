//! How the figures look: table, JSON, CSV, Markdown.

use std::io::{self, Write};

use super::super::bars::Verdict;
use super::super::making::PeersFormat;
use super::super::report::{Column, page_header, ruled};
use super::bench::Acceptance;
use super::figure::{Bound, Figure, Unit};

const COLUMNS: [Column<Figure>; 8] = [
    ("Figure", |one| one.figure.to_owned()),
    ("Algorithm", |one| one.algorithm.to_owned()),
    ("Messages", |one| one.messages.clone()),
    ("", |one| one.detail.clone()),
    ("Sides", |one| {
        let sign = match one.unit {
            Unit::Ratio => "÷",
            Unit::Microseconds => "−",
        };
        format!("{} {sign} {} {}", significant(one.one), significant(one.other), one.sides_unit)
    }),
    ("Result", |one| {
        let unit = match one.unit {
            Unit::Ratio => "",
            Unit::Microseconds => " µs",
        };
        format!("{} ({}–{}){unit}", significant(one.value), significant(one.low), significant(one.high))
    }),
    ("Bar", |one| {
        let sign = match one.bound {
            Bound::AtLeast => "≥",
            Bound::AtMost => "≤",
        };
        one.bar.map(|bar| format!("{sign} {bar}")).unwrap_or_default()
    }),
    ("Verdict", |one| one.verdict.map(Verdict::name).unwrap_or_default().to_owned()),
];

/// Two decimals, and more of what is small.
fn significant(figure: f64) -> String {
    if figure.abs() < 0.1 { format!("{figure:.5}") } else { format!("{figure:.2}") }
}

impl Acceptance {
    /// In the form that was asked for.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, format: PeersFormat, sink: &mut dyn Write) -> io::Result<()> {
        match format {
            PeersFormat::Table => self.table(sink),
            PeersFormat::Json => self.json(sink),
            PeersFormat::Csv => self.csv(sink),
            PeersFormat::Markdown => self.markdown(sink),
        }
    }

    fn table(&self, sink: &mut dyn Write) -> io::Result<()> {
        writeln!(sink, "{}, {} CPUs; smbsign on {}\n", self.machine.cpu, self.machine.cores, self.backend)?;
        writeln!(sink, "{}", ruled(&COLUMNS, 4, &self.figures).trim_fmt())?;
        self.left_out.iter().try_for_each(|what| writeln!(sink, "not measured: {what}"))
    }

    /// For programs.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn json(&self, sink: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *sink, self)?;
        writeln!(sink)
    }

    fn csv(&self, sink: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(sink);
        self.figures.iter().try_for_each(|figure| writer.serialize(figure))?;
        writer.flush()
    }

    /// The command, the machine, all figures.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn markdown(&self, sink: &mut dyn Write) -> io::Result<()> {
        let Self { tool, machine, command, started, backend, .. } = self;
        writeln!(sink, "# `{command}`\n")?;
        let commit = tool.commit.as_deref().unwrap_or("an unknown commit");
        writeln!(sink, "smbsign {} at {commit} on {backend}, {started}\n", tool.version)?;
        writeln!(sink, "{}, {} CPUs, {}; id {}.\n", machine.cpu, machine.cores, machine.os, machine.id)?;
        self.left_out.iter().try_for_each(|what| writeln!(sink, "- not measured: {what}"))?;
        writeln!(sink, "{}", page_header(&COLUMNS.map(|(heading, _)| heading)))?;
        for figure in &self.figures {
            writeln!(sink, "| {} |", COLUMNS.map(|(_, text)| text(figure)).join(" | "))?;
        }
        Ok(())
    }
}
