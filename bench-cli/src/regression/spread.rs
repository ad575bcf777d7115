//! How much figures differ among themselves, found so that a few wild ones do not decide.

/// More figures of one run than this are thinned before they are set against each other, so that time stays bounded.
const FIGURES: usize = 64;
/// The first quartile of the distance of two draws from a normal distribution, in standard deviations: √2 · z(0.625).
const QUARTILE_OF_DISTANCES: f64 = 0.450_624_1;
/// The standard error of a median, in those of a mean (normal distribution: √(π/2)).
const MEDIAN_ERROR: f64 = 1.253_314_137_315_500_3;

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
fn standard_deviation(figures: &[f64]) -> Option<f64> {
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

/// The standard deviation of a single round, from the first quartile of the distances of two rounds of one run (Rousseeuw
/// and Croux 1993): up to half of the rounds may be wild. Nothing where no run has two rounds.
fn of_rounds(runs: &[Vec<f64>]) -> Option<f64> {
    let mut distances: Vec<f64> = within_runs(runs).map(|(one, other)| (one - other).abs()).collect();
    distances.sort_unstable_by(f64::total_cmp);
    distances.get(distances.len() / 4).map(|distance| distance / QUARTILE_OF_DISTANCES)
}

/// The standard error of the median over all rounds, if these are all there is to it.
pub(super) fn error_by_rounds(runs: &[Vec<f64>]) -> Option<f64> {
    let rounds = runs.iter().map(Vec::len).sum::<usize>();
    of_rounds(runs).map(|deviation| MEDIAN_ERROR * deviation / (rounds as f64).sqrt())
}

/// The standard error of the mean of the runs' medians.
pub(super) fn error_by_runs(runs: &[Vec<f64>]) -> Option<f64> {
    standard_deviation(&medians(runs)).map(|deviation| deviation / (runs.len() as f64).sqrt())
}

/// The median of each run.
pub(super) fn medians(runs: &[Vec<f64>]) -> Vec<f64> {
    runs.iter().filter_map(|run| median(run.clone())).collect()
}

/// The usual one of several deviations, each found from so many runs: the root of the median of their squares, each over
/// the median of its χ² distribution (by Wilson and Hilferty 1931, to 1.5 %).
pub(super) fn pooled(deviations: impl Iterator<Item = (f64, usize)>) -> Option<f64> {
    let variances = deviations.filter_map(|(deviation, runs)| {
        let freedom = runs.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
        let median = (1.0 - 2.0 / (9.0 * freedom)).powi(3);
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
        let half = vec![0.0, 1.0, 0.5, 0.7, 50.0, 70.0, -90.0];
        assert!(of_rounds(&[half]).unwrap() < 5.0);
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
        assert!((one / (0.02 / std::f64::consts::LN_2.sqrt()) - 1.0).abs() < 0.01);
        assert_eq!(pooled([(0.02, 3), (0.0, 3), (5.0, 3)].into_iter()), Some(one));
        assert_eq!(pooled([(0.02, 1)].into_iter()), None);
    }
}
