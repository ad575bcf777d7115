//! How much figures differ among themselves, found so that a few wild ones do not decide.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// More figures of one run than this are thinned before they are set against each other, so that time stays bounded.
const FIGURES: usize = 64;
/// The median distance of two draws from a normal distribution, in standard deviations: √2 · z(0.75).
const MEDIAN_DISTANCE: f64 = 0.953_872_552_407_912_3;

/// The middle one, or the mean of the middle two.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    median_of_sorted(&figures)
}

/// [`median`], of figures that ascend.
pub(super) fn median_of_sorted(figures: &[f64]) -> Option<f64> {
    let upper = *figures.get(figures.len() / 2)?;
    let lower = *figures.get((figures.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

pub(super) fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len() as f64
}

/// Of a sample, by n − 1; nothing below two figures.
pub(super) fn standard_deviation(figures: &[f64]) -> Option<f64> {
    let freedom = figures.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
    let centre = mean(figures);
    let squares = figures.iter().map(|figure| (figure - centre).powi(2)).sum::<f64>();
    Some((squares / freedom as f64).sqrt())
}

/// Every two figures of the same run.
pub(super) fn within_runs<T: Copy>(runs: &[Vec<T>]) -> impl Iterator<Item = (T, T)> {
    runs.iter().flat_map(|run| {
        let figures: Vec<T> = run.iter().copied().step_by(run.len().div_ceil(FIGURES).max(1)).collect();
        (1..figures.len()).flat_map(move |later| {
            let figures = figures.clone();
            (0..later).map(move |earlier| (figures[later], figures[earlier]))
        })
    })
}

/// The standard deviation of a single round, from the median distance of two rounds of one run; nothing where no run has
/// two rounds.
pub(super) fn of_rounds(runs: &[Vec<f64>]) -> Option<f64> {
    let distances: Vec<f64> = within_runs(runs).map(|(one, other)| (one - other).abs()).collect();
    median(distances).map(|distance| distance / MEDIAN_DISTANCE)
}

/// The usual standard deviation of runs, from those that similar cells show, each over so many runs: the root of the
/// median variance, each by what the median of its χ² distribution makes of it.
pub(super) fn pooled(deviations: impl Iterator<Item = (f64, usize)>) -> Option<f64> {
    let variances = deviations.filter_map(|(deviation, runs)| {
        let freedom = runs.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
        let median = ChiSquared::new(freedom).ok()?.inverse_cdf(0.5) / freedom;
        Some(deviation.powi(2) / median)
    });
    median(variances.collect()).map(f64::sqrt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wild_round_does_not_decide_the_spread() {
        let calm: Vec<f64> = (0..9).map(f64::from).collect();
        let wild = [calm.get(..8).unwrap(), &[1e6]].concat();
        let (calm, wild) = (of_rounds(&[calm]).unwrap(), of_rounds(&[wild]).unwrap());
        assert!(wild <= 1.5 * calm, "{wild} against {calm}");
        assert_eq!(of_rounds(&[vec![1.0], vec![5.0]]), None);
    }

    #[test]
    fn long_runs_are_thinned_and_short_ones_are_not() {
        assert_eq!(within_runs(&[vec![0; 9]]).count(), 36);
        assert!(within_runs(&[vec![0; 1_000_000]]).count() <= FIGURES * (FIGURES - 1) / 2);
    }

    #[test]
    fn a_pool_is_as_wide_as_its_middle_member() {
        let one = pooled([(0.02, 3)].into_iter()).unwrap();
        // The median of χ² with two degrees of freedom is 2 ln 2.
        assert!((one - 0.02 / std::f64::consts::LN_2.sqrt()).abs() < 1e-6);
        assert_eq!(pooled([(0.02, 3), (0.0, 3), (5.0, 3)].into_iter()), Some(one));
        assert_eq!(pooled([(0.02, 1)].into_iter()), None);
    }
}
