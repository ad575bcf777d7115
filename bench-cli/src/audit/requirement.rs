//! What a fleet is asked to fulfil, for scripts.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;
use smbsign_engine::policy::Outcome;

use super::Cell;

/// What is asked of every pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// Every pair that connects is signed or encrypted.
    Signed,
    /// Every pair that connects is encrypted.
    Encrypted,
    /// Every pair connects.
    NoFailures,
}

/// Whether a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RequirementReport {
    /// What was asked.
    pub requirement: Requirement,
    /// Whether every pair meets it.
    pub met: bool,
    /// The pairs that do not.
    pub failing_pairs: u64,
}

impl Requirement {
    fn is_met_by(self, outcome: Outcome) -> bool {
        match self {
            Self::Signed => outcome != Outcome::NotSigned,
            Self::Encrypted => [Outcome::Encrypted, Outcome::FailsToConnect].contains(&outcome),
            Self::NoFailures => outcome != Outcome::FailsToConnect,
        }
    }
}

impl RequirementReport {
    pub(super) fn of(requirement: Requirement, cells: &[Cell]) -> Self {
        let failing = cells.iter().filter(|cell| !requirement.is_met_by(cell.outcome));
        let failing_pairs = failing.fold(0_u64, |sum, cell| sum.saturating_add(cell.pairs));
        Self { requirement, met: failing_pairs == 0, failing_pairs }
    }
}
