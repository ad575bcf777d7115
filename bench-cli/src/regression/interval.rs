//! Between which values the median lies, whatever the distribution.
//!
//! - *Order statistics*: the median lies below the k-th smallest of n figures with the probability that n tosses of a coin
//!   show heads fewer than k times (the sign test turned round; Thompson 1936). Assumes nothing; wild figures, up to k − 1
//!   on each side, move it not at all.
//! - *Signed rank*: the k-th smallest and largest of the means of every two figures (Walsh averages), k from Wilcoxon's
//!   distribution (Wilcoxon 1945; Hodges and Lehmann 1963). Assumes symmetry, which differences of two like measurements
//!   have; narrower for calm figures, and widened by a few wild ones.
//!
//! With too few figures for the level that was asked for, the interval is their whole range, and says what confidence that
//! has.

use super::spread::median_of_sorted;

/// Between which values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What it has: what was asked for, or less where there are too few figures.
    pub confidence: f64,
}

/// Beyond so many figures their averages cost more than they bring.
const AVERAGED: usize = 100;

/// By order statistics; `level` is the two-sided error. Nothing without figures.
#[must_use]
pub fn order_statistics(ascending: &[f64], level: f64) -> Option<Interval> {
    let rank = binomial_rank(ascending.len(), level);
    between(ascending, rank, level)
}

/// The narrower of the two kinds, each at half the level, so that choosing costs nothing; the median is always within.
/// Nothing without figures.
pub(super) fn narrower(ascending: &[f64], level: f64) -> Option<Interval> {
    let median = median_of_sorted(ascending)?;
    let ordered = order_statistics(ascending, level / 2.0)?;
    let reached =
        |interval: Interval| Interval { confidence: interval.confidence.min(1.0 - level), ..interval };
    let ranked = if ascending.len() > AVERAGED { None } else { signed_rank(ascending, level / 2.0) };
    let narrower = ranked.filter(|ranked| ranked.high - ranked.low < ordered.high - ordered.low);
    let Interval { low, high, confidence } = reached(narrower.unwrap_or(ordered));
    Some(Interval { low: low.min(median), high: high.max(median), confidence })
}

/// Nothing where there are too few figures for the level.
fn signed_rank(ascending: &[f64], level: f64) -> Option<Interval> {
    let rank = signed_rank_rank(ascending.len(), level)?;
    let mut averages: Vec<f64> = ascending
        .iter()
        .enumerate()
        .flat_map(|(at, one)| ascending.iter().take(at + 1).map(move |other| f64::midpoint(*one, *other)))
        .collect();
    averages.sort_unstable_by(f64::total_cmp);
    between(&averages, Some(rank), level)
}

/// From the figure of this rank, counted from 0, to its mirror; the whole range where there is no rank.
fn between(ascending: &[f64], rank: Option<usize>, level: f64) -> Option<Interval> {
    let from_each_end = rank.unwrap_or(0);
    let low = *ascending.get(from_each_end)?;
    let high = *ascending.iter().nth_back(from_each_end)?;
    let of_range = 1.0 - 0.5_f64.powi(i32::try_from(ascending.len()).unwrap_or(i32::MAX) - 1);
    Some(Interval { low, high, confidence: if rank.is_some() { 1.0 - level } else { of_range } })
}

/// The highest rank below which heads stay in n tosses with at most half the level.
fn binomial_rank(n: usize, level: f64) -> Option<usize> {
    let mut log_mass = -(n as f64) * std::f64::consts::LN_2;
    let (mut below, mut rank) = (0.0, None);
    for heads in 0..n / 2 {
        below += log_mass.exp();
        if below > level / 2.0 {
            break;
        }
        rank = Some(heads);
        log_mass += ((n - heads) as f64 / (heads + 1) as f64).ln();
    }
    rank
}

/// The same for the sum of the ranks with a positive sign, when each of the ranks 1 … n has either sign alike.
fn signed_rank_rank(n: usize, level: f64) -> Option<usize> {
    let sums = n * (n + 1) / 2;
    // ways[s]: the share of sign patterns whose positive ranks sum to s.
    let mut ways = vec![0.0; sums + 1];
    *ways.first_mut()? = 1.0;
    for rank in 1..=n {
        for sum in (0..=sums).rev() {
            let with = sum.checked_sub(rank).and_then(|rest| ways.get(rest)).copied().unwrap_or(0.0);
            if let Some(way) = ways.get_mut(sum) {
                *way = f64::midpoint(*way, with);
            }
        }
    }
    let mut below = 0.0;
    let fits = ways.iter().take_while(|way| {
        below += **way;
        below <= level / 2.0
    });
    fits.count().checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_published_tables() {
        // Two-sided 5 %: the sign test's critical values, and Wilcoxon's T.
        for (n, sign, wilcoxon) in
            [(5, None, None), (6, Some(0), Some(0)), (9, Some(1), Some(5)), (20, Some(5), Some(52))]
        {
            assert_eq!((binomial_rank(n, 0.05), signed_rank_rank(n, 0.05)), (sign, wilcoxon), "{n}");
        }
        assert_eq!((binomial_rank(0, 0.05), signed_rank_rank(0, 0.05)), (None, None));
        // Where 2^-n is too small for a double, there are ranks still.
        assert!(binomial_rank(3_000, 0.01).unwrap() > 1_400);
    }

    #[test]
    fn too_few_figures_give_their_range_and_say_so() {
        let interval = narrower(&[1.0, 2.0, 3.0], 0.05).unwrap();
        assert_eq!((interval.low, interval.high, interval.confidence), (1.0, 3.0, 0.75));
        assert_eq!(narrower(&[7.0], 0.05).unwrap().confidence, 0.0);
        assert_eq!(narrower(&[], 0.05), None);
    }

    #[test]
    fn wild_figures_on_one_side_do_not_widen_it() {
        let mut figures: Vec<f64> = (0..20).map(|step| f64::from(step) / 1000.0).collect();
        let calm = narrower(&figures, 0.01).unwrap();
        for wild in &mut figures[18..] {
            *wild = 1e3;
        }
        let wild = narrower(&figures, 0.01).unwrap();
        assert!(wild.high < 0.02 && calm.high <= wild.high, "{calm:?} {wild:?}");
        assert_eq!(wild.confidence, 0.99);
    }
}
