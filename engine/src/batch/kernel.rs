//! Which kernel moves a group of lanes on.

use core::slice;

use arrayvec::ArrayVec;

use super::occupancy::Occupancy;
use crate::kernels::cmac_ni::CmacKey;
use crate::kernels::lane::{CmacLane, Lane, Md5Lane, Sha256Lane};
use crate::kernels::{Backend, cmac_group, md5_group, sha256_group};
use crate::mac::chain::Chain;
use crate::mac::{HmacSha256Key, Md5Key};

/// Lanes of the widest kernel.
pub(super) const MAX_LANES: usize = 64;

/// The lanes of a group.
pub(super) type Lanes<'a, C, const N: usize> =
    ArrayVec<Lane<'a, <C as Chain<N>>::Key, <C as Chain<N>>::State, N>, MAX_LANES>;
/// Where a group's chains have ended, with the key of each.
pub(super) type Ends<'d, C, const N: usize> = ArrayVec<(&'d C, <C as Chain<N>>::State), MAX_LANES>;

/// A chain with kernels for many lanes.
pub(super) trait Kernel<const N: usize>: Chain<N> {
    /// What it costs to stop a group, in blocks of one lane: a group goes on over lanes that have ended as long as that
    /// is cheaper than to stop it.
    const STOP: u32;

    /// Lanes that run best together.
    fn width(backend: Backend) -> usize;

    /// Moves every lane, at most [`Self::width`] of them, to its end.
    fn run_group(backend: Backend, lanes: &mut [Lane<'_, Self::Key, Self::State, N>]);
}

impl Kernel<16> for CmacKey {
    const STOP: u32 = 100;

    fn width(backend: Backend) -> usize {
        cmac_group::width(backend)
    }

    fn run_group(backend: Backend, lanes: &mut [CmacLane<'_>]) {
        cmac_group::run_group(backend, lanes);
    }
}

impl Kernel<64> for Md5Key {
    const STOP: u32 = 32;

    fn width(backend: Backend) -> usize {
        md5_group::width(backend)
    }

    fn run_group(backend: Backend, lanes: &mut [Md5Lane<'_>]) {
        md5_group::run_group(backend, lanes);
    }
}

impl Kernel<64> for HmacSha256Key {
    const STOP: u32 = 8;

    fn width(backend: Backend) -> usize {
        sha256_group::width(backend)
    }

    fn run_group(backend: Backend, lanes: &mut [Sha256Lane<'_>]) {
        sha256_group::run_group(backend, lanes);
    }
}

/// Goes on from the ends of messages' chains to their tags: an HMAC's outer hash, one block for each lane.
#[inline(always)]
pub(super) fn finish<C: Kernel<N>, const N: usize>(
    backend: Backend,
    ends: &mut Ends<'_, C, N>,
    width: usize,
    occupancy: &mut Occupancy,
) {
    let mut blocks: ArrayVec<[u8; N], MAX_LANES> = ArrayVec::new_const();
    for (key, end) in &mut *ends {
        let Some((start, block)) = key.outer(*end) else { return };
        *end = start;
        blocks.push(block);
    }
    let runs: ArrayVec<[&[[u8; N]]; 1], MAX_LANES> =
        blocks.iter().map(|block| [slice::from_ref(block)]).collect();
    let mut lanes: Lanes<'_, C, N> = ArrayVec::new_const();
    for ((key, start), runs) in ends.iter().zip(&runs) {
        lanes.push(Lane::new(key.kernel_key(), *start, runs));
    }
    if !lanes.is_empty() {
        occupancy.add(lanes.len() as u64, width as u64);
        C::run_group(backend, &mut lanes);
    }
    for ((_, end), lane) in ends.iter_mut().zip(&lanes) {
        *end = lane.state;
    }
}
