//! What rounds say together: a median, and between which values it lies.

use smbsign::regression::order_statistics;

/// The error that an interval may have: 95 % of them hold the median.
const LEVEL: f64 = 0.05;

/// A median with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Estimate {
    /// By order statistics, whatever the distribution: with nine figures from the second to the eighth; with fewer than six
    /// their whole range. Nothing without figures.
    #[must_use]
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut ascending: Vec<f64> = figures.into_iter().collect();
        ascending.sort_unstable_by(f64::total_cmp);
        let interval = order_statistics(&ascending, LEVEL)?;
        Some(Self { median: median_of(&ascending)?, low: interval.low, high: interval.high })
    }
}

/// The median; nothing without figures.
#[must_use]
pub fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    Estimate::of(figures).map(|estimate| estimate.median)
}

fn median_of(ascending: &[f64]) -> Option<f64> {
    let upper = *ascending.get(ascending.len() / 2)?;
    let lower = *ascending.get(ascending.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_figures_give_their_second_and_eighth() {
        let estimate = Estimate::of([5.0, 9.0, 1.0, 3.0, 7.0, 2.0, 8.0, 4.0, 6.0]).unwrap();
        assert_eq!(estimate, Estimate { median: 5.0, low: 2.0, high: 8.0 });
    }

    #[test]
    fn few_figures_give_their_range_and_none_nothing() {
        let estimate = Estimate::of([2.0, 1.0]).unwrap();
        assert_eq!(estimate, Estimate { median: 1.5, low: 1.0, high: 2.0 });
        assert_eq!(Estimate::of([]), None);
    }
}
