//! What `peers` and `bars` are told alike: how figures are made, and where they go.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use smbsign::command::run::duration;
use smbsign::output::OutputOptions;
use smbsign_engine::kernels::Backend;

use super::rounds::Pace;

/// How figures are made, and where they go.
#[derive(Debug, Clone, Args)]
pub struct Making {
    /// Our kernels, but where a figure names its own [default: the best that this CPU has]
    #[arg(long, value_name = "NAME")]
    backend: Option<Backend>,
    /// Rounds of each figure
    #[arg(long, value_name = "N", default_value = "9")]
    rounds: NonZeroUsize,
    /// How long one measurement takes at least
    #[arg(long, value_name = "TIME", default_value = "4ms", value_parser = duration)]
    duration: Duration,
    /// Seed of keys, bytes and orders
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Keep the results in a new directory DIR/DATE-MACHINE
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Form and destination of the results.
    #[command(flatten)]
    pub output: OutputOptions<PeersFormat>,
}

/// The forms of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PeersFormat {
    /// For people.
    Table,
    /// For programs: one document with everything.
    Json,
    /// For spreadsheets: one row per cell and peer.
    Csv,
    /// For a page.
    Markdown,
}

impl Making {
    /// The backend that was chosen, or the best that this CPU has.
    pub(super) fn backend(&self) -> Backend {
        self.backend.unwrap_or_else(Backend::detect)
    }

    /// Rounds, and how long each measurement takes.
    pub(super) const fn pace(&self) -> Pace {
        Pace { rounds: self.rounds.get(), duration: self.duration }
    }
}
