//! The three tables as the article prints them: clients down, servers across, and the footnotes.

use std::io::{self, Write};

use comfy_table::{Cell, Color};
use smbsign_engine::policy::{Footnote, Matrix, MatrixCell, Outcome};

use super::{DocumentFormat, html, outcome_words, setting_words};
use crate::command::policy::MatrixReport;
use crate::output::Colour;
use crate::report::{json, ruled};

const FOOTNOTES: [Footnote; 2] = [Footnote::DomainControllerDefault, Footnote::OtherDefault];
const SOURCE: &str = "Source: Microsoft, The Basics of SMB Signing (covering both SMB1 and SMB2).";

/// Writes the tables in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn matrices(
    report: &MatrixReport,
    format: DocumentFormat,
    colour: Colour,
    sink: &mut dyn Write,
) -> io::Result<()> {
    match format {
        DocumentFormat::Json => json(report, sink),
        DocumentFormat::Csv => csv(sink),
        DocumentFormat::Table => table(colour, sink),
        DocumentFormat::Markdown => markdown(sink),
        DocumentFormat::Html => html::page("Who signs with whom", sink, body),
    }
}

const fn title(matrix: Matrix) -> &'static str {
    match matrix {
        Matrix::Smb2 => "SMB2 and later",
        Matrix::Smb1 => "SMB1 in current versions of Windows",
        Matrix::Smb1Legacy => "SMB1 before the change of 2008 (KB 950876)",
    }
}

/// The headings, and a row per setting of the client: its heading and its cells.
fn grid(matrix: Matrix) -> (Vec<String>, Vec<(String, Vec<MatrixCell>)>) {
    let settings = matrix.settings();
    let heading = |side: &str, setting: &str| format!("{side}: {}", setting_words(setting));
    let headings = settings.iter().map(|setting| heading("Server", setting)).collect();
    let cells = matrix.cells();
    let rows = settings.iter().map(|setting| {
        let cells = cells.iter().filter(|cell| cell.client == *setting).copied().collect();
        (heading("Client", setting), cells)
    });
    (headings, rows.collect())
}

fn words(cell: &MatrixCell) -> String {
    format!("{}{}", outcome_words(cell.outcome.name()), cell.footnote.map_or("", Footnote::mark))
}

fn table(colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    for matrix in Matrix::ALL {
        let (headings, rows) = grid(matrix);
        let mut table = ruled([""; 0], 4);
        if colour == Colour::Ansi {
            table.enforce_styling();
        }
        table.set_header(std::iter::once(String::new()).chain(headings));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for (client, cells) in rows {
            let cells = cells.iter().map(|cell| match cell.outcome {
                Outcome::FailsToConnect => Cell::new(words(cell)).fg(Color::Red),
                Outcome::NotSigned => Cell::new(words(cell)).fg(Color::Yellow),
                Outcome::Signed | Outcome::Encrypted => Cell::new(words(cell)),
            });
            table.add_row(std::iter::once(Cell::new(client)).chain(cells));
        }
        writeln!(sink, "{}\n\n{}\n", title(matrix), table.trim_fmt())?;
    }
    for footnote in FOOTNOTES {
        writeln!(sink, "{:<2} {}", footnote.mark(), footnote.text())?;
    }
    writeln!(sink, "{SOURCE}")
}

fn markdown(sink: &mut dyn Write) -> io::Result<()> {
    for matrix in Matrix::ALL {
        let (headings, rows) = grid(matrix);
        writeln!(sink, "## {}\n\n| | {} |", title(matrix), headings.join(" | "))?;
        writeln!(sink, "|{}", " --- |".repeat(headings.len() + 1))?;
        for (client, cells) in rows {
            let cells: Vec<_> = cells.iter().map(|cell| words(cell).replace('*', "\\*")).collect();
            writeln!(sink, "| {client} | {} |", cells.join(" | "))?;
        }
        writeln!(sink)?;
    }
    for footnote in FOOTNOTES {
        writeln!(sink, "{} {}  ", footnote.mark().replace('*', "\\*"), footnote.text())?;
    }
    writeln!(sink, "{SOURCE}")
}

fn body(sink: &mut dyn Write) -> io::Result<()> {
    for matrix in Matrix::ALL {
        let (headings, rows) = grid(matrix);
        writeln!(sink, "<h2>{}</h2>", html::text(title(matrix)))?;
        let headings: Vec<_> = std::iter::once("").chain(headings.iter().map(String::as_str)).collect();
        let rows = rows.into_iter().map(|(client, cells)| {
            let cells = cells.into_iter().map(|cell| (Some(cell.outcome.name()), words(&cell)));
            std::iter::once((None, client)).chain(cells).collect()
        });
        html::table(&headings, rows, sink)?;
    }
    for footnote in FOOTNOTES {
        writeln!(sink, "<p>{} {}</p>", footnote.mark(), html::text(footnote.text()))?;
    }
    writeln!(sink, "<p>{SOURCE}</p>")
}

fn csv(sink: &mut dyn Write) -> io::Result<()> {
    let mut rows = ::csv::Writer::from_writer(sink);
    rows.write_record(["matrix", "client", "server", "outcome", "footnote"])?;
    for matrix in Matrix::ALL {
        for cell in matrix.cells() {
            let footnote = cell.footnote.map_or("", Footnote::text);
            rows.write_record([matrix.name(), cell.client, cell.server, cell.outcome.name(), footnote])?;
        }
    }
    rows.flush()
}
