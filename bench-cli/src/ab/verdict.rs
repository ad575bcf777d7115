//! What the rounds say of every cell.

use super::{PairedCell, Played, paired};
use crate::regression::{
    Because, BetweenRuns, CellVerdict, Comparison, Floor, Rule, Unjudged, Verdict, judge,
};

/// The error that a comparison may make, over all of its cells and looks.
const LEVEL: f64 = 0.05;

/// How a look is judged.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The change that matters, as a share.
    pub threshold: f64,
    /// What two builds of one source differ by on this machine, if that was recorded.
    pub floor: Option<&'a Floor>,
    /// The look's share of the error that the comparison may make.
    pub share: f64,
}

impl Look<'_> {
    /// The verdicts on all cells of these rounds.
    #[must_use]
    pub fn judge(&self, rounds: &[Played]) -> Comparison {
        let cells = paired(rounds);
        let count = cells.len();
        let mut notes: Vec<String> = cells.iter().filter_map(other_code).collect();
        let (mut judged, mut unjudged) = (Vec::new(), Vec::new());
        for PairedCell { cell, pairs, error, .. } in cells {
            let shift = self.floor.and_then(|floor| floor.shift(&cell)).unwrap_or(0.0);
            match (error, judge(&[pairs], &self.rule(count, shift))) {
                (None, Some(judgement)) => judged.push(CellVerdict { cell, judgement }),
                (Some(detail), _) => unjudged.push(Unjudged { cell, because: Because::Error, detail }),
                (None, None) => {
                    let detail = "no trial has figures".to_owned();
                    unjudged.push(Unjudged { cell, because: Because::NoFigures, detail });
                }
            }
        }
        if self.floor.is_none() {
            notes.push(
                "no floor of this machine is recorded (ab --record-floor): what memory layout alone does is not allowed for"
                    .to_owned(),
            );
        }
        Comparison::with_unjudged(self.threshold, judged, unjudged, notes)
    }

    /// How a cell is judged, one of so many.
    #[must_use]
    pub fn rule(&self, cells: usize, shift: f64) -> Rule {
        let level = LEVEL * self.share / cells.max(1) as f64;
        Rule { threshold: self.threshold, level, between_runs: BetweenRuns::Shown, shift }
    }
}

/// Whether nothing is left that more rounds could decide.
#[must_use]
pub fn is_decided(comparison: &Comparison) -> bool {
    comparison.cells.iter().all(|cell| cell.judgement.verdict != Verdict::Inconclusive)
}

/// Where the sides answered with different code, which is worth knowing and no reason not to compare.
fn other_code(cell: &PairedCell) -> Option<String> {
    let [old, new] = &cell.code;
    (old != new).then(|| format!("{}: OLD runs {old}, NEW {new}", cell.cell))
}
