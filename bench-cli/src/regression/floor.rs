//! What a machine's own measurements differ by when nothing was changed: `smbsign.floor/1`.

use serde::{Deserialize, Serialize};

use super::Cell;
use crate::record::{Machine, Tool};

/// The spread of A against A′ on one machine: two builds of one source that differ in their layout alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Always [`Floor::SCHEMA`].
    pub schema: String,
    /// Where it was measured.
    pub machine: Machine,
    /// What measured.
    pub tool: Tool,
    /// By cell.
    pub cells: Vec<CellFloor>,
}

/// The spread of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellFloor {
    /// Which.
    pub cell: Cell,
    /// The size of the median log ratio of A against A′.
    pub shift: f64,
    /// 95 % of the log ratios of single rounds are no larger than this, whichever their sign.
    pub spread: f64,
    /// Rounds that it was found from.
    pub rounds: u32,
}

impl Floor {
    /// The name of this form.
    pub const SCHEMA: &str = "smbsign.floor/1";

    /// The spread of a cell; the widest that is listed where the cell is not. Nothing where nothing is listed.
    #[must_use]
    pub fn spread(&self, cell: &Cell) -> Option<f64> {
        let listed = self.cells.iter().find(|listed| listed.cell == *cell).map(|listed| listed.spread);
        listed.or_else(|| self.cells.iter().map(|listed| listed.spread).max_by(f64::total_cmp))
    }
}
