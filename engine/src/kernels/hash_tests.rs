//! Hashes over lanes equal one chain after the other, computed by the RustCrypto crates.

use proptest::prelude::*;

use super::Backend;
use super::lane::{Lane, Run, run_one_by_one};
use super::{md5_group, sha256_group};

type Group<'a, const S: usize> = Vec<Lane<'a, (), [u32; S], 64>>;

/// Bytes with period 251, so that no two blocks are equal.
fn painted() -> Vec<u8> {
    (0u8..251).cycle().take(40_000).collect()
}

/// Each lane's runs: the blocks from a byte on, cut into pieces of these lengths.
fn pieces<'a>(bytes: &'a [u8], lanes: &[(usize, Vec<usize>)]) -> Vec<Vec<Run<'a, 64>>> {
    let cut = |(offset, lengths): &(usize, Vec<usize>)| {
        let mut blocks = bytes[*offset..].as_chunks().0;
        let next = |length: &usize| {
            let (run, rest) = blocks.split_at(*length);
            blocks = rest;
            run
        };
        lengths.iter().filter(|length| **length > 0).map(next).collect()
    };
    lanes.iter().map(cut).collect()
}

/// Lanes whose starting states differ in every word.
fn group<'a, const S: usize>(runs: &'a [Vec<Run<'a, 64>>]) -> Group<'a, S> {
    let state =
        |lane: usize| std::array::from_fn(|word| ((lane * S + word) as u32).wrapping_mul(0x9e37_79b9));
    runs.iter().enumerate().map(|(lane, runs)| Lane::new(&(), state(lane), runs)).collect()
}

fn assert_same<const S: usize>(what: &str, expected: &Group<'_, S>, found: &Group<'_, S>) {
    let lanes = found.len();
    for (lane, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert_eq!(expected.state, found.state, "{what}: lane {lane} of {lanes}");
    }
}

/// Every backend's MD5 and SHA-256 over these lanes.
fn assert_every_backend_agrees(lanes: &[(usize, Vec<usize>)]) {
    let bytes = painted();
    let runs = pieces(&bytes, lanes);
    let (md5, sha256) = (group::<4>(&runs), group::<8>(&runs));
    let (mut md5_expected, mut sha256_expected) = (md5.clone(), sha256.clone());
    run_one_by_one(&mut md5_expected, |(), state, run| ::md5::block_api::compress(state, run));
    run_one_by_one(&mut sha256_expected, |(), state, run| sha2::block_api::compress256(state, run));
    for backend in Backend::available() {
        let mut found = md5.clone();
        md5_group::run_group(backend, &mut found);
        assert_same(&format!("md5, {backend}"), &md5_expected, &found);
        let mut found = sha256.clone();
        sha256_group::run_group(backend, &mut found);
        assert_same(&format!("sha256, {backend}"), &sha256_expected, &found);
    }
}

#[test]
fn any_number_of_equal_lanes_gives_the_references_states() {
    for lanes in (1..=70).chain([127, 128, 129]) {
        for blocks in [1, 2, 5] {
            let lanes: Vec<_> = (0..lanes).map(|lane| (lane * 67, vec![blocks])).collect();
            assert_every_backend_agrees(&lanes);
        }
    }
}

#[test]
fn lanes_of_different_lengths_end_where_the_reference_does() {
    for lanes in 1..=66 {
        let lanes: Vec<_> = (0..lanes).map(|lane| (lane, vec![lane * 7 % 13, lane % 3])).collect();
        assert_every_backend_agrees(&lanes);
        let reversed: Vec<_> = lanes.into_iter().rev().collect();
        assert_every_backend_agrees(&reversed);
    }
}

#[test]
fn one_long_lane_among_short_ones_gives_the_references_states() {
    for position in [0, 7, 15, 16, 31, 63] {
        let lanes: Vec<_> =
            (0..64).map(|lane| (lane * 3, vec![if lane == position { 300 } else { 1 }])).collect();
        assert_every_backend_agrees(&lanes);
    }
}

#[test]
fn blocks_at_every_alignment_give_the_references_states() {
    for offset in 0..64 {
        let lanes: Vec<_> = (0..33).map(|lane| (offset + 64 * lane, vec![3])).collect();
        assert_every_backend_agrees(&lanes);
    }
}

#[test]
fn no_lanes_and_no_blocks_are_no_work() {
    assert_every_backend_agrees(&[]);
    assert_every_backend_agrees(&[(0, vec![])]);
    let lanes: Vec<_> = (0..20).map(|lane| (0, vec![lane % 2])).collect();
    assert_every_backend_agrees(&lanes);
}

#[test]
fn cpus_without_sha_ni_get_the_references_states() {
    let bytes = painted();
    for lanes in [1, 7, 8, 19] {
        let lanes: Vec<_> = (0..lanes).map(|lane| (lane, vec![lane % 5, 2])).collect();
        let runs = pieces(&bytes, &lanes);
        let mut expected = group::<8>(&runs);
        run_one_by_one(&mut expected, |(), state, run| sha2::block_api::compress256(state, run));
        for backend in Backend::available() {
            let mut found = group::<8>(&runs);
            sha256_group::run_group_with(None, backend, &mut found);
            assert_same(&format!("sha256 without SHA-NI, {backend}"), &expected, &found);
        }
    }
}

proptest! {
    #[test]
    fn any_lanes_give_the_references_states(
        lanes in prop::collection::vec((0usize..130, prop::collection::vec(0usize..9, 0..6)), 0..70)
    ) {
        assert_every_backend_agrees(&lanes);
    }
}
