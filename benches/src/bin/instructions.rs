//! Counts the instructions of the paths around a MAC, and compares them with the limits of the repository.
//!
//! Exit codes: 0 all within, 1 a count above or below its limit, 2 an error, 3 nothing to compare: no Valgrind here, or
//! limits that hold for another compiler or CPU.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use smbsign_benches::instructions::{self, CountError, Counted, Limits, Outcome, Portable, Report};
use smbsign_engine::kernels::Backend;

/// Counts instructions under Valgrind and compares them with the limits.
#[derive(Debug, Parser)]
struct Arguments {
    /// Write the counts as the new limits instead of comparing them.
    #[arg(long)]
    update: bool,

    /// Where the limits are.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.toml"))]
    limits: PathBuf,

    /// Kernels that are counted; any but `portable` are refused.
    #[arg(long, value_name = "NAME", default_value = "portable")]
    backend: Backend,

    /// Be the counted process.
    #[arg(long, hide = true)]
    counted: bool,
}

/// What the exit code tells a script, as the codes of `smbsign` do.
#[derive(Debug, Clone, Copy)]
enum Exit {
    Good = 0,
    Bad = 1,
    Error = 2,
    NothingToCompare = 3,
}

fn main() -> ExitCode {
    let exit = run(&Arguments::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        if matches!(error.downcast_ref(), Some(CountError::NoValgrind)) {
            Exit::NothingToCompare
        } else {
            Exit::Error
        }
    });
    ExitCode::from(exit as u8)
}

fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let portable = Portable::of(arguments.backend)?;
    if arguments.counted {
        println!("{}", serde_json::to_string(&Report::here())?);
        instructions::run_all(portable);
        return Ok(Exit::Good);
    }
    let counted = instructions::count(&std::env::current_exe()?, &["--counted"])?;
    if arguments.update {
        let limits = read(&arguments.limits).unwrap_or_default().of(&counted);
        fs::write(&arguments.limits, limits.to_string())
            .with_context(|| format!("cannot write {}", arguments.limits.display()))?;
        println!("wrote {}", arguments.limits.display());
        return Ok(Exit::Good);
    }
    let outcome = read(&arguments.limits)?.check(&counted);
    print_table(&outcome);
    Ok(judge(&outcome, &counted))
}

fn read(path: &Path) -> anyhow::Result<Limits> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Limits::parse(&text).with_context(|| path.display().to_string())
}

fn print_table(outcome: &Outcome) {
    println!("{:<32} {:>12} {:>12} {:>8}", "benchmark", "instructions", "expected", "change");
    for row in &outcome.rows {
        let number = |count: Option<u64>| count.map_or_else(|| "–".to_owned(), |count| count.to_string());
        let change =
            row.counted.zip(row.expected).map(|(counted, expected)| counted as f64 / expected as f64);
        let change = change.map_or_else(String::new, |ratio| format!("{:+.2} %", 100.0 * (ratio - 1.0)));
        println!("{:<32} {:>12} {:>12} {:>8}", row.name, number(row.counted), number(row.expected), change);
    }
}

fn judge(outcome: &Outcome, counted: &Counted) -> Exit {
    if !outcome.incomparable.is_empty() {
        for difference in &outcome.incomparable {
            eprintln!("not compared: {difference}");
        }
        return Exit::NothingToCompare;
    }
    let complaints = outcome.complaints().inspect(|row| eprintln!("error: {row}")).count();
    if complaints > 0 {
        return Exit::Bad;
    }
    println!("{} counts within their limits", counted.counts.len());
    Exit::Good
}
