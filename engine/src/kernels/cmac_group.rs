//! CBC-MAC chains of many messages: which kernel moves how many lanes on.

use super::backend::Backend;
use super::cmac_ni::CmacKey;
use super::lane::{CmacLane, run_one_by_one};
use super::{cbc_ni, cbc_vaes};

pub(crate) use super::schedules::Schedules;

/// Lanes of the widest kernel.
pub(crate) const fn width(backend: Backend) -> usize {
    match backend {
        Backend::Portable => 1,
        Backend::Avx2(_) => cbc_ni::LANES,
        Backend::Avx512(_) => cbc_vaes::LANES,
    }
}

/// Moves every lane to its end, [`width`] of them at a time.
///
/// Afterwards `schedules` holds round keys, until they are wiped.
pub(crate) fn run_group(backend: Backend, schedules: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
    for lanes in lanes.chunks_mut(width(backend)) {
        match (backend, lanes.len()) {
            // One chain alone has all its keys in registers.
            (Backend::Portable, _) | (_, 1) => run_one_by_one(lanes, CmacKey::advance),
            (Backend::Avx2(proof), _) => cbc_ni::run_group(proof, schedules, lanes),
            (Backend::Avx512(proof), _) => cbc_vaes::run_group(proof, schedules, lanes),
        }
    }
}
