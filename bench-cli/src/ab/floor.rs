//! The floor: what a comparison shows on this machine where nothing was changed but the layout of the code.

use super::{PairedCell, Played, paired};
use crate::record::{Machine, Tool};
use crate::regression::{CellFloor, Floor};

/// The floor that rounds of A against A′ show; cells of `before` that were not measured now stay as they are.
#[must_use]
pub fn floor(rounds: &[Played], before: Option<Floor>) -> Floor {
    let mut cells: Vec<CellFloor> = paired(rounds).iter().filter_map(cell_floor).collect();
    for kept in before.into_iter().flat_map(|before| before.cells) {
        if cells.iter().all(|measured| measured.cell != kept.cell) {
            cells.push(kept);
        }
    }
    Floor { schema: Floor::SCHEMA.to_owned(), machine: Machine::read(), tool: Tool::current(), cells }
}

fn cell_floor(PairedCell { cell, pairs, .. }: &PairedCell) -> Option<CellFloor> {
    let shifts = pairs.iter().map(|pair| (pair.new.time / pair.base.time).ln());
    let shift = quantile(shifts, 0.5)?.abs();
    // Records that are compared were measured at different times: a round of A stands against every other round of A′.
    let apart = pairs.iter().enumerate().flat_map(|(at, one)| {
        let others = pairs.iter().enumerate().filter(move |(other, _)| *other != at);
        others.map(move |(_, other)| (other.new.time / one.base.time).ln().abs())
    });
    let spread = quantile(apart, 0.95)?;
    let rounds = u32::try_from(pairs.len()).unwrap_or(u32::MAX);
    Some(CellFloor { cell: cell.clone(), shift, spread, rounds })
}

/// The value below which this share lies, the higher of two where it falls between.
fn quantile(values: impl Iterator<Item = f64>, share: f64) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = (share * values.len().checked_sub(1)? as f64).ceil() as usize;
    values.get(at).copied()
}
