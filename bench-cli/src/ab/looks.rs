//! After how many rounds the result is looked at.
//!
//! Whoever looks after every round and stops when it shines finds a regression in noise sooner or later. The looks are
//! therefore fixed beforehand, and the level is spent over them in proportion to the rounds: the linear spending function
//! of Lan and DeMets (Discrete sequential boundaries for clinical trials, Biometrika 70, 1983). The shares are used as if
//! the looks had nothing in common (Bonferroni), which spends less than allowed, never more.

use std::fmt;
use std::str::FromStr;

/// The fewest rounds that are looked at.
const FEWEST: u32 = 20;

/// Numbers of rounds, ascending, the first at least 20.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looks(Vec<u32>);

/// Numbers of rounds that are no plan of looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("looks are numbers of rounds, ascending, the first at least {FEWEST}, as 20,30,40")]
pub struct InvalidLooks;

impl FromStr for Looks {
    type Err = InvalidLooks;

    fn from_str(text: &str) -> Result<Self, InvalidLooks> {
        let parse = |word: &str| word.trim().parse::<u32>().map_err(|_| InvalidLooks);
        let looks = text.split(',').map(parse).collect::<Result<Vec<_>, _>>()?;
        let ascends = looks.windows(2).all(|pair| pair[0] < pair[1]);
        let enough = looks.first().is_some_and(|first| *first >= FEWEST);
        if ascends && enough { Ok(Self(looks)) } else { Err(InvalidLooks) }
    }
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(u32::to_string).collect::<Vec<_>>().join(","))
    }
}

impl Looks {
    /// The most rounds that are played.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.0.last().copied().unwrap_or(FEWEST)
    }

    /// Whether the result is looked at after so many rounds.
    #[must_use]
    pub fn includes(&self, rounds: u32) -> bool {
        self.0.contains(&rounds)
    }

    /// The share of the level that a look after so many rounds may spend: that of the rounds since the look before.
    ///
    /// It is also right for a look that was not planned and is the last, as after an interruption.
    #[must_use]
    pub fn share_at(&self, rounds: u32) -> f64 {
        let before = self.0.iter().rev().find(|look| **look < rounds).copied().unwrap_or(0);
        f64::from(rounds.saturating_sub(before)) / f64::from(self.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_looks_together_spend_the_whole_level() {
        for text in ["20", "20,30,40", "25,26,100"] {
            let looks: Looks = text.parse().unwrap();
            let spent: f64 = looks.0.iter().map(|look| looks.share_at(*look)).sum();
            assert!((spent - 1.0).abs() < 1e-12, "{text}: {spent}");
        }
        let looks: Looks = "20,30,40".parse().unwrap();
        assert_eq!([20, 30, 40].map(|look| looks.share_at(look)), [0.5, 0.25, 0.25]);
    }

    #[test]
    fn an_interruption_spends_no_more_than_the_next_look_would_have() {
        let looks: Looks = "20,40".parse().unwrap();
        assert!(looks.share_at(7) < looks.share_at(20));
        assert!(looks.share_at(33) < looks.share_at(40));
    }

    #[test]
    fn looks_ascend_and_begin_at_20_or_later() {
        assert_eq!("20,30".parse::<Looks>().unwrap().to_string(), "20,30");
        for text in ["", "19", "20,20", "30,20", "20,", "twenty", "-20"] {
            assert_eq!(text.parse::<Looks>(), Err(InvalidLooks), "{text}");
        }
    }
}
