//! The four answers.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a comparison says of a cell, or of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Slower: the interval lies above 1, and the ratio reaches the threshold.
    Regressed,
    /// What there is does not decide.
    Inconclusive,
    /// Faster: the mirror of regressed.
    Improved,
    /// The whole interval lies within the threshold.
    Unchanged,
}

impl Verdict {
    /// Every verdict, the gravest first.
    pub const ALL: [Self; 4] = [Self::Regressed, Self::Inconclusive, Self::Improved, Self::Unchanged];

    /// The name in records and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Inconclusive => "inconclusive",
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
        }
    }

    /// Of several: regressed if any is, else inconclusive if any is, else improved, else unchanged. Nothing to judge is
    /// inconclusive.
    pub(super) fn of_all(verdicts: impl Iterator<Item = Self>) -> Self {
        verdicts.min().unwrap_or(Self::Inconclusive)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_verdict_is_that_of_all() {
        use Verdict::{Improved, Inconclusive, Regressed, Unchanged};
        for (verdicts, of_all) in [
            (vec![Unchanged, Improved, Inconclusive, Regressed], Regressed),
            (vec![Unchanged, Improved, Inconclusive], Inconclusive),
            (vec![Unchanged, Improved], Improved),
            (vec![Unchanged], Unchanged),
            (vec![], Inconclusive),
        ] {
            assert_eq!(Verdict::of_all(verdicts.iter().copied()), of_all, "{verdicts:?}");
        }
    }
}
