//! The command line of `bars`.

use clap::{Parser, ValueEnum};

use super::super::making::Making;

/// Measure what is asked of smbsign's lanes beside other libraries, and of its offload engine
///
/// Every figure sets two measurements of our own against each other, made round by round in one run. Exit codes: 0 measured,
/// whatever the verdicts · 2 usage or input error · 5 a signature was wrong.
#[derive(Debug, Clone, Parser)]
#[command(name = "bars", version)]
pub struct Options {
    /// What to measure, comma-separated [default: everything]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub only: Vec<Theme>,
    /// How figures are made, and where they go.
    #[command(flatten)]
    pub making: Making,
}

/// Figures that are measured together, in the order in which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Lanes: mixed lengths against equal ones.
    MixedLengths,
    /// Lanes: sessions drawn for each message against one session.
    Sessions,
    /// Lanes: few outstanding messages against many.
    Outstanding,
    /// Lanes of AVX2 against its single-message code.
    Avx2,
    /// Lanes on two threads against one.
    TwoThreads,
    /// Offload: one worker against a scheduler that is fed directly.
    OneWorker,
    /// Offload: two workers against one, beside two threads against one.
    TwoWorkers,
    /// Offload: sessions drawn for each message against one session.
    OffloadSessions,
    /// Offload: a message through an idle engine against signing it on the spot.
    Idle,
    /// Offload: the CPU time of workers that have nothing to do.
    Parked,
    /// Offload: 99 of 100 messages that come at random, at 80 % of what a worker can do.
    Poisson,
}

impl Theme {
    /// The name on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Options {
    /// What is to be measured.
    pub(super) fn themes(&self) -> &[Theme] {
        if self.only.is_empty() { Theme::value_variants() } else { &self.only }
    }
}
