//! How results look: one file per form, each a function from a [`Run`] to a writer.

mod benchfmt;
mod benchmark;
mod bmf;
mod comparison;
mod conditions;
mod csv;
mod doubts;
mod escape;
mod figures;
mod findings;
mod fits;
mod github_action_benchmark;
mod heading;
mod info;
mod json;
mod markdown;
pub mod messages;
mod policy;
mod records;
mod table;
mod verify;

use std::io::{self, Write};

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use crate::output::{Colour, Format};
use crate::record::Run;

pub use comparison::{ComparisonFormat, comparison};
pub use findings::findings;
pub use info::info;
pub use json::json;
pub use markdown::markdown;
pub use policy::{DocumentFormat, audit, explanation, matrices};
pub use records::{MixedRecords, RecordFormat, records, unsaid};
pub use verify::verify;

/// Writes a run in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn run(run: &Run, format: Format, colour: Colour, sink: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table::table(run, colour, sink),
        Format::Json => json(run, sink),
        Format::Csv => csv::csv([run], sink),
    }
}

/// A table without borders, so that it fits 80 columns: a rule under the headings, all but the first columns to the right.
fn ruled(headings: impl IntoIterator<Item = &'static str>, left_aligned: usize) -> Table {
    let rule = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = Table::new();
    table.load_style(rule).force_no_tty().set_header(headings);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        column.set_cell_alignment(if index < left_aligned {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        });
    }
    table
}

/// Prose and titles are broken here; rows are narrower.
const COLUMNS: usize = 110;

/// Text in lines of that length, as `first` and `others` indent it.
fn broken(text: &str, first: &str, others: &str) -> String {
    // Names such as AES-128-CMAC stay whole.
    let options = textwrap::Options::new(COLUMNS)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .initial_indent(first)
        .subsequent_indent(others);
    textwrap::fill(&escape::one_line(text), options)
}
