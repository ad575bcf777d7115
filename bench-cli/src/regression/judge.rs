//! From the rounds of one cell to its verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::interval::{Interval, narrower, order_statistics};
use super::normalise::Ratios;
use super::spread::{error_by_rounds, error_by_runs, mean, median_of_sorted, medians};
use super::{Pair, Verdict};

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
    /// At least three runs a side, whose own spread is known, if badly; other cells tell more.
    Measured {
        /// The usual standard error of the mean over runs, as a log ratio, of cells like this one.
        similar: f64,
        /// How many times more than their rounds let expect runs usually differ, over all cells; at least 1.
        excess: f64,
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// In one word.
    pub verdict: Verdict,
    /// New time ÷ base time: the median over rounds.
    pub ratio: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// About how many more rounds a side it takes until a verdict can be expected; null where there is one.
    pub rounds_needed: Option<u32>,
    /// The smallest change that these rounds could have called, as a share: 0.04 is 4 %. Null where none could be called,
    /// however large.
    pub smallest_callable: Option<f64>,
    /// The confidence that the rounds reach by themselves: less than was asked for where there are too few of them.
    pub confidence: f64,
    /// Rounds that were judged.
    pub rounds: u32,
    /// Runs a side that they are from.
    pub runs: u32,
}

/// So many runs a side show by themselves how much runs differ.
pub(super) const RUNS: usize = 3;
/// The two-sided error where it cannot be split over the cells: the spread of three runs is known too badly for that.
const UNSPLIT: f64 = 0.05;
/// The two-sided error of the rounds by themselves where runs are repeated: nine rounds may have a wild one at each end.
const ROUNDS: f64 = 0.1;
/// Log ratios beyond this are written as this, which is beyond every ratio that a pair can have.
const BEYOND: f64 = 300.0;
/// Needing more rounds than this is as good as never.
const NEVER: f64 = 1e6;

/// Judges a cell by its pairs, run by run. Nothing where no pair has figures.
///
/// The interval holds the distribution-free one over rounds. What runs differ by on top of their rounds is added by
/// [`Rule::between_runs`]:
/// - `Measured`: the run is what is repeated. The interval also holds
///   the mean of the runs' medians ± Student's t at 95 % times its standard error, of which three runs say little: its square
///   is the mean of what the runs show and of what their rounds let expect, each of as many degrees of freedom (a moderated
///   t, Smyth 2004);
///   the same ± the normal quantile of the split level times the standard error that similar cells show;
///   the median ± that quantile times the standard error that the rounds let expect, times `excess`.
///   The distribution-free interval stands at 90 % then: the others carry the correction over cells, which few rounds
///   could not.
/// - `Recorded`: widened by the recorded spread, carried from 95 % to the split level as a normal distribution would.
#[must_use]
pub fn judge(runs: &[Vec<Pair>], rule: &Rule) -> Option<Judgement> {
    judge_ratios(&Ratios::of(runs), rule)
}

/// [`judge`], of log ratios.
pub(super) fn judge_ratios(ratios: &Ratios, rule: &Rule) -> Option<Judgement> {
    let mut all = ratios.runs.concat();
    all.sort_unstable_by(f64::total_cmp);
    let estimate = median_of_sorted(&all)?;
    let rounds = match rule.between_runs {
        BetweenRuns::Measured { .. } => order_statistics(&all, ROUNDS.max(rule.level))?,
        _ => narrower(&all, rule.level)?,
    };
    let whole = between_runs(ratios, estimate, rounds, rule).widened(rule.shift.max(0.0));
    let threshold = rule.threshold.max(0.0).ln_1p();
    let verdict = verdict(estimate, whole, threshold, rule.between_runs);
    let reach = (estimate - whole.low).max(whole.high - estimate);
    let callable = rule.between_runs != BetweenRuns::Unknown;
    let needed =
        (verdict == Verdict::Inconclusive).then(|| more_rounds(ratios, estimate, reach, threshold, rule));
    Some(Judgement {
        verdict,
        ratio: estimate.exp(),
        low: whole.low.max(-BEYOND).exp(),
        high: whole.high.min(BEYOND).exp(),
        rounds_needed: needed,
        smallest_callable: callable.then(|| threshold.max(reach).min(BEYOND).exp_m1()),
        confidence: rounds.confidence,
        rounds: count(all.len()),
        runs: count(ratios.runs.len()),
    })
}

fn verdict(estimate: f64, whole: Interval, threshold: f64, between_runs: BetweenRuns) -> Verdict {
    let callable = between_runs != BetweenRuns::Unknown;
    if callable && whole.low > 0.0 && estimate >= threshold {
        Verdict::Regressed
    } else if callable && whole.high < 0.0 && estimate <= -threshold {
        Verdict::Improved
    } else if whole.low >= -threshold && whole.high <= threshold {
        Verdict::Unchanged
    } else {
        Verdict::Inconclusive
    }
}

fn between_runs(ratios: &Ratios, estimate: f64, rounds: Interval, rule: &Rule) -> Interval {
    let runs = ratios.runs.len() as f64;
    match rule.between_runs {
        BetweenRuns::Shown | BetweenRuns::Unknown => rounds,
        BetweenRuns::Recorded { spread } => {
            rounds.widened(spread.max(0.0) * normal(rule.level) / normal(UNSPLIT) / runs.sqrt())
        }
        BetweenRuns::Measured { similar, excess } => {
            let expected = error_by_rounds(&ratios.runs).unwrap_or(0.0) * excess.max(1.0);
            let own = error_by_runs(&ratios.runs).map_or(0.0, |shown| {
                student(2.0 * (runs - 1.0)) * f64::midpoint(shown.powi(2), expected.powi(2)).sqrt()
            });
            let by_runs = own.max(normal(rule.level) * similar.max(0.0));
            let by_rounds = normal(rule.level) * expected;
            rounds.with(mean(&medians(&ratios.runs)), by_runs).with(estimate, by_rounds)
        }
    }
}

impl Interval {
    fn widened(self, by: f64) -> Self {
        Self { low: self.low - by, high: self.high + by, ..self }
    }

    /// Grown until it holds the other one too.
    fn with(self, centre: f64, half: f64) -> Self {
        Self { low: self.low.min(centre - half), high: self.high.max(centre + half), ..self }
    }
}

/// How many rounds are missing until the interval would be narrow enough: it narrows with the root of their number, once
/// there are enough for the level.
fn more_rounds(ratios: &Ratios, estimate: f64, reach: f64, threshold: f64, rule: &Rule) -> u32 {
    let have: f64 = ratios.runs.iter().map(Vec::len).sum::<usize>() as f64;
    let runs = ratios.runs.len() as f64;
    let missing_runs = match rule.between_runs {
        BetweenRuns::Unknown => (RUNS as f64 - runs).max(0.0),
        _ => 0.0,
    };
    let level = match rule.between_runs {
        BetweenRuns::Measured { .. } => ROUNDS,
        _ => rule.level / 2.0,
    };
    let for_level = 1.0 - level.max(f64::MIN_POSITIVE).log2();
    let goal = if estimate.abs() >= threshold { estimate.abs() } else { threshold - estimate.abs() };
    let for_width = have * (reach / goal).powi(2);
    let missing = (for_level.max(for_width) - have).max(missing_runs * (have / runs));
    missing.ceil().clamp(1.0, NEVER) as u32
}

/// How many standard deviations a normal distribution needs for this two-sided error.
fn normal(level: f64) -> f64 {
    let tail = (level / 2.0).clamp(1e-300, 0.5);
    -Normal::standard().inverse_cdf(tail)
}

/// Student's t at 95 %, two-sided.
fn student(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom)
        .map_or(f64::INFINITY, |student| student.inverse_cdf(1.0 - UNSPLIT / 2.0))
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}
