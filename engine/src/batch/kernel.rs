//! Which kernel moves a group of lanes on.

use crate::kernels::cmac_ni::CmacKey;
use crate::kernels::lane::{CmacLane, Lane, Md5Lane, Sha256Lane, run_one_by_one};
use crate::kernels::{Backend, cbc_ni, cbc_vaes, md5_group, sha256_group};
use crate::mac::chain::Chain;
use crate::mac::{HmacSha256Key, Md5Key};

/// Lanes of the widest kernel.
pub(super) const MAX_LANES: usize = 64;

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
        match backend {
            Backend::Portable => 1,
            Backend::Avx2(_) => cbc_ni::LANES,
            Backend::Avx512(_) => cbc_vaes::LANES,
        }
    }

    fn run_group(backend: Backend, lanes: &mut [CmacLane<'_>]) {
        match backend {
            _ if lanes.len() == 1 => run_one_by_one(lanes, Self::advance),
            // Such keys are made for other backends; a key shows that the CPU has AES-NI.
            Backend::Portable => run_one_by_one(lanes, Self::advance),
            Backend::Avx2(proof) => cbc_ni::run_group(proof, lanes),
            Backend::Avx512(proof) => cbc_vaes::run_group(proof, lanes),
        }
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
