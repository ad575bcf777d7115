//! What was found, and what is asked of it.

use serde::Serialize;

use super::super::bars::Verdict;
use super::super::statistics::Estimate;

/// Two measurements set against each other, and what is asked of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What is set against what.
    pub figure: &'static str,
    /// The algorithm.
    pub algorithm: &'static str,
    /// Length or mix of the messages.
    pub messages: String,
    /// What else tells it from its neighbours.
    pub detail: String,
    /// The median over rounds.
    pub value: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What the three are in.
    pub unit: Unit,
    /// The median of the first side.
    pub one: f64,
    /// The median of the other.
    pub other: f64,
    /// What both sides are in.
    pub sides_unit: &'static str,
    /// What is asked; nothing where the figure is only shown.
    pub bar: Option<f64>,
    /// Whether the figure must reach the bar or stay within it.
    pub bound: Bound,
    /// Whether it does.
    pub verdict: Option<Verdict>,
}

/// What a figure is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// One side ÷ the other.
    Ratio,
    /// One side less the other, in microseconds.
    Microseconds,
}

/// Which side of a bar is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// At least the bar.
    AtLeast,
    /// At most the bar.
    AtMost,
}

/// What a figure is called, and what is asked of it.
pub(super) struct Asked {
    pub(super) figure: &'static str,
    pub(super) algorithm: &'static str,
    pub(super) messages: String,
    pub(super) detail: String,
    pub(super) bar: Option<f64>,
    pub(super) bound: Bound,
}

/// The two sides of every round.
pub(super) struct Pairs {
    pub(super) rounds: Vec<(f64, f64)>,
    pub(super) unit: &'static str,
}

impl Asked {
    /// One side ÷ the other.
    pub(super) fn ratio(self, pairs: &Pairs) -> Option<Figure> {
        self.answered(pairs, Unit::Ratio, |(one, other)| one / other)
    }

    /// One side less the other, both in microseconds.
    pub(super) fn difference(self, pairs: &Pairs) -> Option<Figure> {
        self.answered(pairs, Unit::Microseconds, |(one, other)| one - other)
    }

    fn answered(self, pairs: &Pairs, unit: Unit, figure_of: fn((f64, f64)) -> f64) -> Option<Figure> {
        let value = Estimate::of(pairs.rounds.iter().copied().map(figure_of))?;
        let one = Estimate::of(pairs.rounds.iter().map(|round| round.0))?;
        let other = Estimate::of(pairs.rounds.iter().map(|round| round.1))?;
        let Self { figure, algorithm, messages, detail, bar, bound } = self;
        let judge = match bound {
            Bound::AtLeast => Verdict::of,
            Bound::AtMost => Verdict::of_at_most,
        };
        Some(Figure {
            figure,
            algorithm,
            messages,
            detail,
            value: value.median,
            low: value.low,
            high: value.high,
            unit,
            one: one.median,
            other: other.median,
            sides_unit: pairs.unit,
            bar,
            bound,
            verdict: bar.map(|bar| judge(bar, value)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_differences_are_taken_within_rounds() {
        let asked = |bound| Asked {
            figure: "this against that",
            algorithm: "",
            messages: String::new(),
            detail: String::new(),
            bar: Some(2.0),
            bound,
        };
        // Both sides drift by more than they differ.
        let pairs = Pairs { rounds: vec![(4.0, 2.0), (40.0, 20.0), (400.0, 200.0)], unit: "µs" };
        let ratio = asked(Bound::AtLeast).ratio(&pairs).unwrap();
        assert_eq!((ratio.value, ratio.low, ratio.high, ratio.one, ratio.other), (2.0, 2.0, 2.0, 40.0, 20.0));
        assert_eq!(ratio.verdict, Some(Verdict::Held));
        let difference = asked(Bound::AtMost).difference(&pairs).unwrap();
        assert_eq!((difference.value, difference.low, difference.high), (20.0, 2.0, 200.0));
        assert_eq!(difference.verdict, Some(Verdict::Undecided));
        assert!(asked(Bound::AtMost).ratio(&Pairs { rounds: Vec::new(), unit: "" }).is_none());
    }
}
