//! Where results go, in which form, and what is said beside them: the options that every command shares.
//!
//! Results go to stdout or a file and are the only thing there. Progress and notes go to stderr.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;

use crate::progress::Progress;

/// The output options of every command; `F` are the forms that it knows, a table among them.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions<F: ValueEnum + Send + Sync + 'static = Format> {
    /// Form of the results
    #[arg(long, value_enum, default_value = "table")]
    pub format: F,
    /// Write the results to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// No progress and no notes on stderr; errors still appear
    #[arg(long)]
    pub quiet: bool,
}

/// The forms of most commands' results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: one document with everything.
    Json,
    /// For spreadsheets: one row per result.
    Csv,
}

/// Whether a report may use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// No escape sequences at all.
    Plain,
    /// ANSI colours.
    Ansi,
}

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors alone.
    Quiet,
    /// Progress and notes.
    Normal,
}

impl<F: ValueEnum + Send + Sync + 'static> OutputOptions<F> {
    /// Opens the destination, so that a bad path fails before any work is done. An existing file keeps its content until
    /// the results are written.
    ///
    /// # Errors
    ///
    /// The file cannot be opened for writing.
    pub fn open(&self) -> anyhow::Result<Output<F>> {
        let file = match &self.output {
            Some(path) => Some(writable("--output", path)?),
            None => None,
        };
        let verbosity = if self.quiet { Verbosity::Quiet } else { Verbosity::Normal };
        Ok(Output { format: self.format.clone(), verbosity, file })
    }
}

/// An open destination.
#[derive(Debug)]
pub struct Output<F = Format> {
    format: F,
    verbosity: Verbosity,
    file: Option<File>,
}

impl<F> Output<F> {
    /// The form that was asked for.
    #[must_use]
    pub const fn format(&self) -> F
    where
        F: Copy,
    {
        self.format
    }

    /// Colour on a terminal, unless `NO_COLOR` is set (no-color.org) or the terminal is dumb.
    #[must_use]
    pub fn colour(&self) -> Colour {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if self.file.is_none() && !refused && io::stdout().is_terminal() {
            Colour::Ansi
        } else {
            Colour::Plain
        }
    }

    /// A progress bar of so many steps on stderr; hidden when stderr is no terminal or quiet was asked for.
    #[must_use]
    pub fn progress(&self, steps: u64) -> Progress {
        Progress::new(steps, self.verbosity)
    }

    /// Writes the results, all of them at once.
    ///
    /// # Errors
    ///
    /// Those of writing; [`Exit::of`](crate::exit::Exit::of) knows the one that only means that nobody reads on.
    pub fn write(self, report: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self.file {
            Some(file) => {
                // Devices and pipes cannot be cut.
                if file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                write_and_flush(file, report)
            }
            None => write_and_flush(io::stdout().lock(), report),
        }
    }
}

/// Opens a file that an option names, without touching what it holds, so that a bad path fails before any work is done.
///
/// # Errors
///
/// The file cannot be opened for writing.
pub fn writable(option: &str, path: &Path) -> anyhow::Result<File> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    opened.with_context(|| format!("cannot write to {option} {}", path.display()))
}

fn write_and_flush(
    sink: impl Write,
    report: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut sink = BufWriter::new(sink);
    report(&mut sink)?;
    sink.flush()
}
