//! How a comparison looks: table, JSON, CSV, Markdown.

use std::io::{self, Write};

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::comparison::Comparison;
use super::extent::Set;
use super::making::PeersFormat;
use super::row::{BarRow, Row};

/// Writes it in the form that was asked for.
///
/// # Errors
/// Those of the writer.
pub fn write(comparison: &Comparison, format: PeersFormat, sink: &mut dyn Write) -> io::Result<()> {
    match format {
        PeersFormat::Table => table(comparison, sink),
        PeersFormat::Json => json(comparison, sink),
        PeersFormat::Csv => csv(comparison, sink),
        PeersFormat::Markdown => markdown(comparison, sink),
    }
}

/// One document with everything.
///
/// # Errors
/// Those of the writer.
pub fn json(comparison: &Comparison, sink: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *sink, comparison)?;
    writeln!(sink)
}

/// A column: its heading, and what stands in it.
pub(super) type Column<R> = (&'static str, fn(&R) -> String);

const COLUMNS: [Column<Row>; 9] = [
    ("Algorithm", |row| row.algorithm.to_owned()),
    ("Messages", Row::extent),
    ("Set", |row| row.set.to_owned()),
    ("Peer", |row| format!("{}{}", row.peer, if row.mark.is_some() { " !" } else { "" })),
    ("Its best call", |row| row.call.clone()),
    ("Ours GB/s", |row| format!("{:.2}", row.ours_gbps)),
    ("Peer GB/s", |row| format!("{:.2}", row.peer_gbps)),
    ("Ratio", |row| format!("{:.2} ({:.2}–{:.2})", row.ratio, row.low, row.high)),
    ("Cycles/message", |row| format!("{:.0}", row.ours_cycles_per_message)),
];

fn table(comparison: &Comparison, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(
        sink,
        "{}, {} CPUs; smbsign on {}",
        comparison.machine.cpu, comparison.machine.cores, comparison.backend
    )?;
    notes(comparison, "", sink)?;
    writeln!(sink, "\n{}", ruled(&COLUMNS, 5, &comparison.rows).trim_fmt())?;
    if comparison.bars.is_empty() {
        return Ok(());
    }
    writeln!(sink, "\n{}", ruled(&BARS, 3, &comparison.bars).trim_fmt())
}

/// A table without borders: a rule under the headings, all but the first columns to the right.
pub(super) fn ruled<R>(columns: &[Column<R>], left_aligned: usize, rows: &[R]) -> Table {
    let rule = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = Table::new();
    table.load_style(rule).force_no_tty().set_header(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, text)| text(row)));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        let aligned = if index < left_aligned { CellAlignment::Left } else { CellAlignment::Right };
        column.set_cell_alignment(aligned);
    }
    table
}

/// Versions, what is missing, what is doubtful.
fn notes(comparison: &Comparison, bullet: &str, sink: &mut dyn Write) -> io::Result<()> {
    for found in &comparison.libraries {
        writeln!(sink, "{bullet}{} {}", found.peer, found.version)?;
    }
    for absent in &comparison.missing {
        writeln!(sink, "{bullet}{}: {}", absent.peer, absent.reason)?;
    }
    for row in &comparison.rows {
        if let (Some(mark), Some(floor)) = (row.mark, row.floor_gbps) {
            let (algorithm, peer, gbps) = (row.algorithm, row.peer, row.peer_gbps);
            writeln!(
                sink,
                "{bullet}! {algorithm}, {}: {peer} at {gbps:.2} GB/s, below {floor}: {mark}",
                row.extent()
            )?;
        }
    }
    if comparison.rows.iter().any(|row| row.function == "hmac-md5") {
        writeln!(
            sink,
            "{bullet}ipsec-mb has HMAC-MD5 in the place of MD5(key‖message): another function, one compression more."
        )?;
        for row in comparison.rows.iter().filter(|row| row.function == "hmac-md5") {
            if let (Some(ours), Some(peer)) = (row.ours_block_gbps, row.peer_block_gbps) {
                let (extent, set) = (row.extent(), row.set);
                writeln!(
                    sink,
                    "{bullet}  {extent}, {set}: per compressed block {ours:.2} against {peer:.2} GB/s"
                )?;
            }
        }
    }
    Ok(())
}

const BARS: [Column<BarRow>; 7] = [
    ("Algorithm", |bar| bar.algorithm.to_owned()),
    ("Bytes", |bar| bar.bytes.to_string()),
    ("Best peer", |bar| bar.peer.to_owned()),
    ("Ratio", |bar| format!("{:.2} ({:.2}–{:.2})", bar.ratio, bar.low, bar.high)),
    ("Bar", |bar| bar.bar.to_string()),
    ("Stretch", |bar| bar.stretch.to_string()),
    ("Verdict", |bar| bar.verdict.name().to_owned()),
];

fn csv(comparison: &Comparison, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(sink);
    writer.write_record([
        "algorithm",
        "bytes",
        "mix",
        "set",
        "peer",
        "ours_gbps",
        "peer_gbps",
        "ratio",
        "low",
        "high",
        "call",
        "function",
        "ours_cycles_per_byte",
        "ours_cycles_per_message",
        "rounds",
        "disturbed_rounds",
        "mark",
    ])?;
    for row in &comparison.rows {
        writer.write_record([
            row.algorithm.to_owned(),
            row.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
            row.mix.unwrap_or_default().to_owned(),
            row.set.to_owned(),
            row.peer.to_owned(),
            row.ours_gbps.to_string(),
            row.peer_gbps.to_string(),
            row.ratio.to_string(),
            row.low.to_string(),
            row.high.to_string(),
            row.call.clone(),
            row.function.to_owned(),
            row.ours_cycles_per_byte.to_string(),
            row.ours_cycles_per_message.to_string(),
            row.rounds.to_string(),
            row.disturbed_rounds.to_string(),
            row.mark.unwrap_or_default().to_owned(),
        ])?;
    }
    writer.flush()
}

/// The command, the machine, the summary, all rows.
///
/// # Errors
/// Those of the writer.
pub fn markdown(comparison: &Comparison, sink: &mut dyn Write) -> io::Result<()> {
    let Comparison { tool, machine, command, started, backend, .. } = comparison;
    writeln!(sink, "# `{command}`\n")?;
    let commit = tool.commit.as_deref().unwrap_or("an unknown commit");
    writeln!(sink, "smbsign {} at {commit} on {backend}, {started}\n", tool.version)?;
    writeln!(sink, "{}, {} CPUs, {}; id {}.\n", machine.cpu, machine.cores, machine.os, machine.id)?;
    notes(comparison, "- ", sink)?;
    for set in Set::ALL {
        summary(comparison, set, sink)?;
    }
    if !comparison.bars.is_empty() {
        writeln!(sink, "\n## Bars\n\n{}", page_header(&BARS.map(|(heading, _)| heading)))?;
        for bar in &comparison.bars {
            writeln!(sink, "| {} |", BARS.map(|(_, text)| text(bar)).join(" | "))?;
        }
    }
    writeln!(sink, "\n## Every peer\n\n{}", page_header(&COLUMNS.map(|(heading, _)| heading)))?;
    for row in &comparison.rows {
        writeln!(sink, "| {} |", COLUMNS.map(|(_, text)| text(row)).join(" | "))?;
    }
    Ok(())
}

/// The heading of a Markdown table.
pub(super) fn page_header(headings: &[&str]) -> String {
    format!("| {} |\n|{}", headings.join(" | "), " --- |".repeat(headings.len()))
}

/// A row per algorithm, a column per size or mix: ours, and how many times the best peer's.
fn summary(comparison: &Comparison, set: Set, sink: &mut dyn Write) -> io::Result<()> {
    let of_set = || comparison.rows.iter().filter(|row| row.set == set.name());
    let column = |row: &Row| {
        if row.bytes == Some(super::extent::LONGEST_FOR_ALL) { "64 KiB".to_owned() } else { row.extent() }
    };
    let mut columns: Vec<String> = Vec::new();
    let mut algorithms: Vec<&str> = Vec::new();
    for row in of_set() {
        let extent = column(row);
        if !columns.contains(&extent) {
            columns.push(extent);
        }
        if !algorithms.contains(&row.algorithm) {
            algorithms.push(row.algorithm);
        }
    }
    if columns.is_empty() {
        return Ok(());
    }
    let headings: Vec<&str> =
        ["GB/s (× the best peer)"].into_iter().chain(columns.iter().map(String::as_str)).collect();
    writeln!(sink, "\n## {set}\n\n{}", page_header(&headings))?;
    for algorithm in algorithms {
        write!(sink, "| {algorithm} |")?;
        for extent in &columns {
            let rows = of_set().filter(|row| row.algorithm == algorithm && column(row) == *extent);
            match rows.max_by(|one, two| one.peer_gbps.total_cmp(&two.peer_gbps)) {
                Some(best) => write!(sink, " {:.1} (× {:.2}, {}) |", best.ours_gbps, best.ratio, best.peer)?,
                None => write!(sink, " – |")?,
            }
        }
        writeln!(sink)?;
    }
    Ok(())
}
