//! All cells of two sides, and what they say together: `smbsign.compare/1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spread::median;
use super::{Cell, Judgement, Verdict};

/// What `compare` and `ab` answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The name of this form and its version.
    #[schemars(extend("const" = Comparison::SCHEMA))]
    pub schema: String,
    /// Of all cells: regressed if any is, else inconclusive if any is or could not be judged, else improved, else
    /// unchanged.
    pub verdict: Verdict,
    /// The change that matters, as a share.
    pub threshold: f64,
    /// The smallest change that could have been called; null where in no cell any could.
    pub smallest_callable: Option<SmallestCallable>,
    /// The cells that were judged.
    pub cells: Vec<CellVerdict>,
    /// The cells of both sides that could not be judged.
    pub unjudged: Vec<Unjudged>,
    /// What the reader should know beside the verdicts.
    pub notes: Vec<String>,
}

/// A cell and what was found about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellVerdict {
    /// Which.
    pub cell: Cell,
    /// What its rounds say.
    #[serde(flatten)]
    pub judgement: Judgement,
}

/// Over the cells in which something could be called, as shares: 0.04 is 4 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SmallestCallable {
    /// In the middle one of the cells.
    pub median: f64,
    /// In the worst of them.
    pub max: f64,
}

/// A cell that both sides have, without a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unjudged {
    /// Which.
    pub cell: Cell,
    /// Why, in a word.
    pub because: Because,
    /// Why, in a sentence.
    pub detail: String,
}

/// Why a cell has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Because {
    /// It failed on one side.
    Error,
    /// The sides ran different backends.
    Backend,
    /// The sides ran different implementations.
    Implementation,
    /// There are no trials to set against each other.
    NoFigures,
}

impl Because {
    /// Whether the two sides answered with different code.
    pub(super) const fn is_other_code(self) -> bool {
        matches!(self, Self::Backend | Self::Implementation)
    }
}

impl Comparison {
    /// The name of this form.
    pub const SCHEMA: &str = "smbsign.compare/1";

    /// Of cells that were judged already.
    #[must_use]
    pub fn of(threshold: f64, cells: Vec<CellVerdict>, notes: Vec<String>) -> Self {
        Self::with_unjudged(threshold, cells, Vec::new(), notes)
    }

    /// Of cells that were judged already, and of those that could not be: without a verdict, they are inconclusive.
    #[must_use]
    pub fn with_unjudged(
        threshold: f64,
        cells: Vec<CellVerdict>,
        unjudged: Vec<Unjudged>,
        notes: Vec<String>,
    ) -> Self {
        let verdicts = cells.iter().map(|cell| cell.judgement.verdict);
        Self {
            schema: Self::SCHEMA.to_owned(),
            verdict: Verdict::of_all(verdicts.chain(unjudged.iter().map(|_| Verdict::Inconclusive))),
            threshold,
            smallest_callable: SmallestCallable::of(&cells),
            cells,
            unjudged,
            notes,
        }
    }

    /// How many cells have this verdict; those that could not be judged are inconclusive.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let judged = self.cells.iter().filter(|cell| cell.judgement.verdict == verdict).count();
        if verdict == Verdict::Inconclusive { judged + self.unjudged.len() } else { judged }
    }
}

impl SmallestCallable {
    fn of(cells: &[CellVerdict]) -> Option<Self> {
        let callable: Vec<f64> = cells.iter().filter_map(|cell| cell.judgement.smallest_callable).collect();
        let max = callable.iter().copied().max_by(f64::total_cmp)?;
        Some(Self { median: median(callable)?, max })
    }
}
