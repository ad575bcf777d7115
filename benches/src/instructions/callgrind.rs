//! Counting: this program under Callgrind, one part of its output for each section.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use smbsign::record::Tool;
use smbsign_engine::kernels::cpu;

/// How Callgrind names [`counted_section`], whatever path stands before it.
const SECTION: &str = "*::counted_section";

/// Instructions of `body` alone: Callgrind collects between this function's call and its return, and writes a part then.
#[inline(never)]
pub(super) fn counted_section(body: &mut dyn FnMut()) {
    body();
    // Not a tail call, which Callgrind would take for this function's end.
    std::hint::black_box(());
}

/// What counts depend on beside the code, by name: the compiler, Valgrind's CPU, the C library.
pub type Conditions = BTreeMap<String, String>;

/// What the counted process says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    conditions: Conditions,
    /// Its sections, in order.
    benchmarks: Vec<String>,
}

impl Report {
    /// What this process has to say.
    #[must_use]
    pub fn here() -> Self {
        let rustc = Tool::current().rustc.unwrap_or_else(|| UNKNOWN.to_owned());
        // RustCrypto and the C library choose by the features that this process sees.
        let conditions = [("rustc", rustc), ("cpu", cpu::features().join(" "))];
        Self {
            conditions: conditions.map(|(name, value)| (name.to_owned(), value)).into(),
            benchmarks: super::all().map(|benchmark| benchmark.name.to_owned()).collect(),
        }
    }
}

const UNKNOWN: &str = "unknown";

/// `glibc 2.36`: its allocator, copies and logarithm are counted along.
fn c_library() -> String {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").stderr(Stdio::null()).output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    version.ok().filter(|version| !version.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// Instructions by benchmark, and where they were counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Counts under other conditions are other counts.
    pub conditions: Conditions,
    /// Instructions by name, in the order of the benchmarks.
    pub counts: Vec<(String, u64)>,
}

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CountError {
    /// There is no Valgrind here.
    #[error("nothing was counted: `valgrind` is not installed")]
    NoValgrind,
    /// A file or a process.
    #[error("nothing was counted: {0}")]
    Io(#[from] io::Error),
    /// The counted process failed.
    #[error("the counted program failed under Valgrind:\n{0}")]
    Failed(String),
    /// The counted process did not say what it counted.
    #[error("what the counted program says of itself cannot be read: {0}")]
    Report(#[from] serde_json::Error),
    /// Callgrind did not find the sections.
    #[error("{benchmarks} benchmarks ran, but Callgrind counted {parts} sections")]
    Sections {
        /// Benchmarks that ran.
        benchmarks: usize,
        /// Sections with at least one instruction.
        parts: usize,
    },
}

/// Runs `program` with `arguments` under Callgrind; it prints a [`Report`] and calls [`super::run_all`].
///
/// # Errors
/// [`CountError`].
pub fn count(program: &Path, arguments: &[&str]) -> Result<Counted, CountError> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("callgrind.out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--combine-dumps=yes", "--compress-strings=no"])
        .arg(format!("--toggle-collect={SECTION}"))
        .arg(format!("--dump-after={SECTION}"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CountError::NoValgrind,
            _ => CountError::Io(error),
        })?;
    if !output.status.success() {
        return Err(CountError::Failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let report: Report = serde_json::from_slice(&output.stdout)?;
    let parts = parts(&fs::read_to_string(&file)?);
    if parts.len() != report.benchmarks.len() {
        return Err(CountError::Sections { benchmarks: report.benchmarks.len(), parts: parts.len() });
    }
    let Report { mut conditions, benchmarks } = report;
    conditions.insert("libc".to_owned(), c_library());
    Ok(Counted { conditions, counts: benchmarks.into_iter().zip(parts).collect() })
}

/// Instructions of each part in which something was collected: the last part, of what follows all sections, is empty.
fn parts(profile: &str) -> Vec<u64> {
    let totals = profile.lines().filter_map(|line| line.strip_prefix("totals:"));
    totals.filter_map(|total| total.trim().parse().ok()).filter(|total| *total > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_counts_when_something_was_collected_in_it() {
        let profile = "version: 1\npart: 1\nevents: Ir\n\nfn=it\n12 90\n\ntotals: 90\npart: 2\ntotals: 41\npart: 3\ntotals: 0\n";
        assert_eq!(parts(profile), [90, 41]);
    }
}
