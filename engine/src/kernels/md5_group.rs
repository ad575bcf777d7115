//! MD5 of many messages: which kernel moves how many lanes on.

use super::backend::Backend;
use super::cpu::{HaveAvx2, HaveAvx512};
use super::lane::{Md5Lane, run_one_by_one};
use super::lane_group::run;
use super::md5;
use super::md5_lanes::Md5;
use super::words_x1::X1;
use super::words_x8::X8;
use super::words_x16::X16;

/// Up to so many lanes run fastest in general registers, side by side: on Zen 5 a block of each takes 290 cycles for one
/// lane, 355 for three and 510 for four, where one AVX-512 vector takes 550 for sixteen.
const SPARSE_MAX_LANES: usize = 3;

/// Lanes of the widest kernel. On Zen 5 every vector instruction takes two cycles and four start in one, so four vectors of
/// AVX-512 do not yet fill the core; AVX2 has registers for three.
pub(crate) const fn width(backend: Backend) -> usize {
    match backend {
        Backend::Portable => SPARSE_MAX_LANES,
        Backend::Avx2(_) => 24,
        Backend::Avx512(_) => 64,
    }
}

/// Moves every lane to its end, [`width`] of them at a time.
pub(crate) fn run_group(backend: Backend, lanes: &mut [Md5Lane<'_>]) {
    for lanes in lanes.chunks_mut(width(backend)) {
        match (backend, lanes.len()) {
            (_, 1) => run_one_by_one(lanes, |(), state, run| md5::compress(state, run)),
            (Backend::Portable, _) | (_, ..=SPARSE_MAX_LANES) => run::<Md5, X1, 3, 3, 4>((), lanes),
            // SAFETY: the proof exists only if the CPU has AVX2.
            (Backend::Avx2(proof), ..=8) => unsafe { run_x8(proof, lanes) },
            // SAFETY: likewise.
            (Backend::Avx2(proof), _) => unsafe { run_x24(proof, lanes) },
            // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL.
            (Backend::Avx512(proof), ..=16) => unsafe { run_x16(proof, lanes) },
            // SAFETY: likewise.
            (Backend::Avx512(proof), ..=32) => unsafe { run_x32(proof, lanes) },
            // SAFETY: likewise.
            (Backend::Avx512(proof), _) => unsafe { run_x64(proof, lanes) },
        }
    }
}

#[target_feature(enable = "avx2")]
fn run_x8(proof: HaveAvx2, lanes: &mut [Md5Lane<'_>]) {
    run::<Md5, X8, 1, 8, 4>(proof, lanes);
}

#[target_feature(enable = "avx2")]
fn run_x24(proof: HaveAvx2, lanes: &mut [Md5Lane<'_>]) {
    run::<Md5, X8, 3, 24, 4>(proof, lanes);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn run_x16(proof: HaveAvx512, lanes: &mut [Md5Lane<'_>]) {
    run::<Md5, X16, 1, 16, 4>(proof, lanes);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn run_x32(proof: HaveAvx512, lanes: &mut [Md5Lane<'_>]) {
    run::<Md5, X16, 2, 32, 4>(proof, lanes);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn run_x64(proof: HaveAvx512, lanes: &mut [Md5Lane<'_>]) {
    run::<Md5, X16, 4, 64, 4>(proof, lanes);
}
