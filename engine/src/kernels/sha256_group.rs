//! SHA-256 of many messages: which kernel moves how many lanes on.

use sha2::block_api::compress256;

use super::backend::Backend;
use super::cpu::{HaveAvx2, HaveAvx512, HaveSha};
use super::lane::{Sha256Lane, run_one_by_one};
use super::lane_group::run;
use super::sha256_lanes::Sha256;
use super::sha256_ni;
use super::words_x8::X8;
use super::words_x16::X16;

/// Up to so many lanes run fastest on SHA-NI, three side by side: on Zen 5 a block takes 78 cycles for each of them, and
/// 610 for sixteen lanes of AVX-512 together.
const SPARSE_MAX_LANES: usize = 7;

/// Lanes that run best together.
pub(crate) fn width(backend: Backend) -> usize {
    match (backend, HaveSha::detect()) {
        (Backend::Portable, _) => 1,
        (Backend::Avx2(_), Some(_)) => sha256_ni::STREAMS,
        (Backend::Avx2(_), None) => 8,
        (Backend::Avx512(_), _) => 32,
    }
}

/// Moves every lane to its end. More than [`width`] may come: SHA-NI takes another lane in as soon as one has ended.
pub(crate) fn run_group(backend: Backend, lanes: &mut [Sha256Lane<'_>]) {
    run_group_with(HaveSha::detect(), backend, lanes);
}

/// With SHA-NI or without.
pub(super) fn run_group_with(sha: Option<HaveSha>, backend: Backend, lanes: &mut [Sha256Lane<'_>]) {
    match (backend, sha) {
        (Backend::Portable, _) => run_one_by_one(lanes, |(), state, run| compress256(state, run)),
        (Backend::Avx2(_), Some(sha)) => sha256_ni::run_group(sha, lanes),
        (Backend::Avx2(proof), None) => {
            for lanes in lanes.chunks_mut(8) {
                // SAFETY: the proof exists only if the CPU has AVX2.
                unsafe { run_x8(proof, lanes) }
            }
        }
        (Backend::Avx512(proof), _) => {
            for lanes in lanes.chunks_mut(32) {
                match (sha, lanes.len()) {
                    (Some(sha), ..=SPARSE_MAX_LANES) => sha256_ni::run_group(sha, lanes),
                    // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL.
                    (_, ..=16) => unsafe { run_x16(proof, lanes) },
                    // SAFETY: likewise.
                    _ => unsafe { run_x32(proof, lanes) },
                }
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn run_x8(proof: HaveAvx2, lanes: &mut [Sha256Lane<'_>]) {
    run::<Sha256, X8, 1, 8, 8>(proof, lanes);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn run_x16(proof: HaveAvx512, lanes: &mut [Sha256Lane<'_>]) {
    run::<Sha256, X16, 1, 16, 8>(proof, lanes);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn run_x32(proof: HaveAvx512, lanes: &mut [Sha256Lane<'_>]) {
    run::<Sha256, X16, 2, 32, 8>(proof, lanes);
}
