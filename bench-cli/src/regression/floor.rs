//! What a machine's own measurements differ by when nothing was changed: `smbsign.floor/1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Cell;
use crate::record::{Machine, Tool};

/// The spread of A against A′ on one machine: two builds of one source that differ in their layout alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// The name of this form and its version.
    #[schemars(extend("const" = Floor::SCHEMA))]
    pub schema: String,
    /// Where it was measured.
    pub machine: Machine,
    /// What measured.
    pub tool: Tool,
    /// By cell.
    pub cells: Vec<CellFloor>,
}

/// The spread of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellFloor {
    /// Which.
    pub cell: Cell,
    /// The size of the median log ratio of A against A′.
    pub shift: f64,
    /// 95 % of the log ratios of a round of A against another round of A′ are no larger than this, whichever their sign:
    /// what two runs at different times differ by.
    pub spread: f64,
    /// Rounds that it was found from.
    pub rounds: u32,
}

/// Why a text is no floor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FloorError {
    /// It is no JSON, or not of this shape.
    #[error("is no {schema}: {0}", schema = Floor::SCHEMA)]
    Json(String),
    /// It says that it is something else.
    #[error("is of {0:?}, not {schema:?}", schema = Floor::SCHEMA)]
    OtherForm(String),
    /// A spread is negative or infinite.
    #[error("has a spread or shift for {0} that cannot be")]
    Spread(String),
}

impl Floor {
    /// The name of this form.
    pub const SCHEMA: &str = "smbsign.floor/1";

    /// A floor from its JSON.
    ///
    /// # Errors
    ///
    /// The text is no floor of this form, or names a spread that cannot be.
    pub fn parse(json: &[u8]) -> Result<Self, FloorError> {
        let floor: Self =
            serde_json::from_slice(json).map_err(|error| FloorError::Json(error.to_string()))?;
        if floor.schema != Self::SCHEMA {
            return Err(FloorError::OtherForm(floor.schema));
        }
        let is_size = |value: f64| value.is_finite() && value >= 0.0;
        match floor.cells.iter().find(|listed| !(is_size(listed.shift) && is_size(listed.spread))) {
            Some(wrong) => Err(FloorError::Spread(wrong.cell.to_string())),
            None => Ok(floor),
        }
    }

    /// The layout's shift of a cell; the largest that is listed where the cell is not. Nothing where nothing is listed.
    #[must_use]
    pub fn shift(&self, cell: &Cell) -> Option<f64> {
        self.of(cell, |listed| listed.shift)
    }

    /// The spread of a cell; the widest that is listed where the cell is not. Nothing where nothing is listed.
    #[must_use]
    pub fn spread(&self, cell: &Cell) -> Option<f64> {
        self.of(cell, |listed| listed.spread)
    }

    fn of(&self, cell: &Cell, size: fn(&CellFloor) -> f64) -> Option<f64> {
        let listed = self.cells.iter().find(|listed| listed.cell == *cell).map(size);
        listed.or_else(|| self.cells.iter().map(size).max_by(f64::total_cmp))
    }
}
