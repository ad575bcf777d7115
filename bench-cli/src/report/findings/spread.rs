//! A figure over a cell's rounds.

use crate::record::{Measurement, Trial};

/// One trial has no spread.
pub(super) const FEWEST_TRIALS: usize = 2;

/// Whether a cell has figures, and enough of them.
pub(super) fn speaks(cell: &Measurement) -> bool {
    cell.error.is_none() && cell.quiet_trials().count() >= FEWEST_TRIALS
}

/// Lowest, middle and highest of a figure over the undisturbed trials of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

impl Spread {
    /// `None` where a trial has no such figure.
    pub(super) fn of(cell: &Measurement, figure: impl Fn(&Trial) -> Option<f64>) -> Option<Self> {
        let mut figures = cell.quiet_trials().map(figure).collect::<Option<Vec<_>>>()?;
        figures.sort_by(f64::total_cmp);
        let median =
            f64::midpoint(*figures.get(figures.len().checked_sub(1)? / 2)?, *figures.get(figures.len() / 2)?);
        Some(Self { low: *figures.first()?, median, high: *figures.last()? })
    }

    /// Busy time beyond unsigned: seconds per 10⁹ bytes, which is nanoseconds per byte.
    pub(super) fn of_added_per_byte(cell: &Measurement) -> Option<Self> {
        Self::of(cell, |trial| Some(trial.added_ns()? / trial.bytes.max(1) as f64))
    }

    /// Busy time beyond unsigned: nanoseconds per message.
    pub(super) fn of_added_per_message(cell: &Measurement) -> Option<Self> {
        Self::of(cell, |trial| Some(trial.added_ns()? / trial.messages.max(1) as f64))
    }

    /// Bits on the wire per second, in 10⁹.
    pub(super) fn of_achieved_gbps(cell: &Measurement) -> Option<Self> {
        Self::of(cell, |trial| {
            Some(trial.messages as f64 * cell.wire_bytes_per_message * 8.0 / trial.wall_ns.max(1) as f64)
        })
    }

    /// Whether every round lies below every round of the other.
    pub(super) fn is_below(&self, other: &Self) -> bool {
        self.high < other.low
    }

    /// Every figure times a factor that is not negative.
    pub(super) fn times(&self, factor: f64) -> Self {
        Self { low: self.low * factor, median: self.median * factor, high: self.high * factor }
    }
}
