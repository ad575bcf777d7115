//! Messages that lie in no cache: how near signing comes to what one thread reads and copies of the same memory.

use super::Cells;
use super::words::work;
use crate::report::conditions::Aspect;
use crate::report::figures::{decimal, percent};

/// A sentence for each protected cell at max beside which the memory was measured.
pub(super) fn findings(cells: &Cells<'_>) -> Vec<String> {
    let at_max = cells.protected().filter(|cell| cell.offered_gbps.is_none());
    at_max
        .filter_map(|cell| {
            let gbytes = |mbytes: f64| decimal(mbytes / 1e3, 1);
            let (read, copied) = (cell.memory_read_mbytes_per_s?, cell.memory_copy_mbytes_per_s?);
            Some(format!(
                "{} by {} covers {} GB/s in memory that one thread reads at {} GB/s ({} of it) and copies at {} {}",
                work(cell),
                cell.engine,
                gbytes(cell.signed_mbytes_per_s),
                gbytes(read),
                percent(cell.signed_mbytes_per_s / read),
                gbytes(copied),
                cells.source(&[cell], &[Aspect::Kernels]),
            ))
        })
        .collect()
}
