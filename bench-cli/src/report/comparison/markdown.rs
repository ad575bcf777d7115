//! A comment on a pull request: the verdict, the cells that changed or may have; the others are folded away.

use std::io::{self, Write};

use super::rows::{HEADINGS, Rows, WORDS};
use super::{callable, remarks, summary};
use crate::regression::{CellVerdict, Comparison, Verdict};
use crate::report::escape::markdown as plain;
use crate::report::figures::count;

pub(super) fn markdown(comparison: &Comparison, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "**Signing: {}** ({})", comparison.verdict, plain(&summary(comparison)))?;
    let rows = Rows::of(comparison);
    let (unchanged, told): (Vec<_>, Vec<_>) =
        comparison.cells.iter().partition(|cell| cell.judgement.verdict == Verdict::Unchanged);
    table(&rows, &told, sink)?;
    if !unchanged.is_empty() {
        writeln!(sink, "\n<details><summary>{} unchanged</summary>", count(unchanged.len(), "cell"))?;
        table(&rows, &unchanged, sink)?;
        writeln!(sink, "\n</details>")?;
    }
    if !comparison.cells.is_empty() {
        writeln!(sink, "\n{}", plain(&callable(comparison)))?;
    }
    let remarks = remarks(comparison);
    if !remarks.is_empty() {
        writeln!(sink)?;
    }
    for remark in remarks {
        writeln!(sink, "- {}", plain(&remark))?;
    }
    Ok(())
}

fn table(rows: &Rows, cells: &[&CellVerdict], sink: &mut dyn Write) -> io::Result<()> {
    if cells.is_empty() {
        return Ok(());
    }
    writeln!(sink, "\n| {} |", HEADINGS.join(" | "))?;
    writeln!(sink, "|{}{}", " --- |".repeat(WORDS), " ---: |".repeat(HEADINGS.len() - WORDS))?;
    for cell in cells {
        writeln!(sink, "| {} |", rows.line(cell).map(|text| plain(&text)).join(" | "))?;
    }
    Ok(())
}
