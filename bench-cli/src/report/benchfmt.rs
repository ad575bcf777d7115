//! Go's benchmark format: one line per trial, so that `benchstat` has the samples themselves
//! (<https://go.dev/design/14313-benchmark-format>).
//!
//! An operation is a message. benchstat puts results side by side only where all configuration lines agree. So these lines
//! hold what decides whether two records may be compared; what is meant to differ between them (version, commit, time,
//! command) stands in comments, which tools skip.

use std::io::{self, Write};

use super::benchmark::{
    added_ns_per_message, busy_ns_per_message, counted, cycles_per_byte, has_figures, mbytes_per_s, name,
};
use super::escape::{bounded, one_line};
use super::heading::revision;
use crate::record::{Fingerprint, Measurement, Run, Trial};

/// A figure of a trial and its unit.
type Figure = (&'static str, fn(&Trial) -> Option<f64>);

/// A unit's last word is what tools know and rescale; MB are 10⁶ bytes.
const FIGURES: [Figure; 4] = [
    ("ns/op", busy_ns_per_message),
    ("MB/s", mbytes_per_s),
    ("cycles/B", cycles_per_byte),
    ("added-ns/op", added_ns_per_message),
];

/// What a line may be at most, its key left out. Go's reader takes lines of up to 64 KiB.
const LONGEST_VALUE: usize = 1024;

pub(super) fn benchfmt<'a>(runs: impl IntoIterator<Item = &'a Run>, sink: &mut dyn Write) -> io::Result<()> {
    // Of the other units every reader knows which way is better.
    writeln!(sink, "Unit cycles/B better=lower\nUnit added-ns/op better=lower")?;
    for run in runs {
        writeln!(sink, "\n# {}", line(&revision(run)))?;
        writeln!(sink, "# {}", line(&run.command))?;
        for (part, value) in Fingerprint::of(run).parts() {
            let key = part.name().to_lowercase().replace(' ', "-");
            writeln!(sink, "{}", format!("{key}: {}", line(value)).trim_end())?;
        }
        writeln!(sink)?;
        run.measurements.iter().try_for_each(|cell| trials(cell, sink))?;
    }
    Ok(())
}

/// Every trial that counts. What was not measured in it is left out.
fn trials(cell: &Measurement, sink: &mut dyn Write) -> io::Result<()> {
    if !has_figures(cell) {
        return Ok(());
    }
    let name = name(cell);
    for trial in counted(cell) {
        write!(sink, "BenchmarkMessage/{name} {}", trial.messages)?;
        for (unit, figure) in FIGURES {
            if let Some(value) = figure(trial) {
                write!(sink, " {value} {unit}")?;
            }
        }
        writeln!(sink)?;
    }
    Ok(())
}

fn line(text: &str) -> String {
    bounded(&one_line(text), LONGEST_VALUE)
}
