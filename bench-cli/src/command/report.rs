//! `smbsign report`: records, in the form that somebody else reads.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::output::OutputOptions;
use crate::record::{Kept, read_runs};
use crate::report::{self, RecordFormat};

/// Show records as a table, Markdown, CSV, or in a form that a benchmark tracker reads
///
/// Bencher and github-action-benchmark get one figure per cell, the median over all its trials: their records must be of
/// one build on one machine, else the exit code is 4.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Record files, directories of runs, directories of those
    #[arg(value_name = "RECORD", required = true)]
    records: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputOptions<RecordFormat>,
}

/// Reads and reports.
///
/// # Errors
///
/// A record that cannot be read or used, records that the form cannot tell apart, a destination that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let records = read_all(&args.records)?;
    args.output.format.admit(&records)?;
    let output = args.output.open()?;
    let (format, colour) = (output.format(), output.colour());
    let progress = output.progress(0);
    for line in report::unsaid(&records, format) {
        progress.note(line);
    }
    output.write(|sink| report::records(&records, format, colour, sink))?;
    Ok(Exit::Good)
}

/// Every run once, whatever names it was given by.
fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Kept>> {
    let mut records: Vec<Kept> = Vec::new();
    for path in paths {
        for kept in read_runs(path)? {
            if records.iter().all(|known| known.run != kept.run) {
                records.push(kept);
            }
        }
    }
    Ok(records)
}
