//! The verdict, and a row per cell.

use std::io::{self, Write};

use comfy_table::{Cell, Color};

use super::rows::{HEADINGS, Rows, WORDS};
use super::{callable, remarks, summary};
use crate::output::Colour;
use crate::regression::{Comparison, Verdict};
use crate::report::escape::one_line;
use crate::report::ruled;

pub(super) fn table(comparison: &Comparison, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "{}: {}", comparison.verdict, summary(comparison))?;
    if !comparison.cells.is_empty() {
        let mut table = ruled(HEADINGS, WORDS);
        if colour == Colour::Ansi {
            table.enforce_styling();
        }
        let rows = Rows::of(comparison);
        for cell in &comparison.cells {
            let line = rows.line(cell);
            table.add_row(line.iter().enumerate().map(|(column, text)| {
                let shown = Cell::new(one_line(text));
                match (column, colour_of(cell.judgement.verdict)) {
                    (3, Some(colour)) => shown.fg(colour),
                    _ => shown,
                }
            }));
        }
        writeln!(sink, "\n{}\n\n{}", table.trim_fmt(), callable(comparison))?;
    }
    for remark in remarks(comparison) {
        writeln!(sink, "{}", one_line(&remark))?;
    }
    Ok(())
}

const fn colour_of(verdict: Verdict) -> Option<Color> {
    match verdict {
        Verdict::Regressed => Some(Color::Red),
        Verdict::Inconclusive => Some(Color::Yellow),
        Verdict::Improved => Some(Color::Green),
        Verdict::Unchanged => None,
    }
}
