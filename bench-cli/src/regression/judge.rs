//! From the rounds of one cell to its verdict.

use serde::{Deserialize, Serialize};

use super::Pair;

/// What a comparison says of a cell, or of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Slower: the interval lies above 1, and the ratio reaches the threshold.
    Regressed,
    /// Faster: the mirror of it.
    Improved,
    /// The whole interval lies within the threshold.
    Unchanged,
    /// What there is does not decide.
    Inconclusive,
}

/// How a cell is judged. The same for every cell of a comparison, but for what is known about its runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The change that matters, as a share: 0.03 is 3 %.
    pub threshold: f64,
    /// The two-sided error that this cell may make: what the comparison may, split over its cells and looks.
    pub level: f64,
    /// What is known about the differences between one run and the next.
    pub between_runs: BetweenRuns,
    /// The interval is widened by this on either side, as a log ratio: what two builds of the same source differ by.
    pub shift: f64,
}

/// What is known about the differences between one run and the next, which rounds within a run do not show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BetweenRuns {
    /// Nothing is hidden: each round was a process of its own, and the rounds' spread shows all there is.
    Shown,
    /// At least three runs a side; this is the usual spread (one standard deviation, log ratio) of cells like this one.
    Measured {
        /// One standard deviation of the runs' log ratios, over similar cells.
        pooled: f64,
    },
    /// Fewer runs, but the machine's own spread was recorded: 95 % of log ratios of A against A lie within it.
    Recorded {
        /// The bound, as a log ratio.
        spread: f64,
    },
    /// Fewer runs and nothing recorded: nothing can be called.
    Unknown,
}

/// What the rounds of a cell say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// In one word.
    pub verdict: Verdict,
    /// New time ÷ base time: the median over rounds.
    pub ratio: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// How many more rounds a side it takes until a verdict can be expected; null where there is one.
    pub rounds_needed: Option<u32>,
    /// The smallest change that these rounds could have called, as a share: 0.04 is 4 %.
    pub smallest_callable: f64,
    /// The confidence that the rounds' interval reaches: less than was asked for where there are too few of them.
    pub confidence: f64,
    /// Rounds that were judged.
    pub rounds: u32,
}

/// Judges a cell by its pairs, run by run. Nothing where no pair has figures.
#[must_use]
pub fn judge(runs: &[Vec<Pair>], rule: &Rule) -> Option<Judgement> {
    let mut ratios: Vec<f64> = runs
        .iter()
        .flatten()
        .map(|pair| pair.new.time / pair.base.time)
        .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (*ratios.first()?, *ratios.last()?);
    let ratio = *ratios.get(ratios.len() / 2)?;
    Some(Judgement {
        verdict: Verdict::Inconclusive,
        ratio,
        low,
        high,
        rounds_needed: Some(1),
        smallest_callable: rule.threshold,
        confidence: 1.0 - rule.level,
        rounds: u32::try_from(ratios.len()).unwrap_or(u32::MAX),
    })
}
