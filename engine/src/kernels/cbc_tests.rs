//! Every CBC-MAC kernel for many lanes ends where AES one block after the other does.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use proptest::prelude::*;

use super::backend::Backend;
use super::cmac_group::{Schedules, run_group, width};
use super::cmac_ni::CmacKey;
use super::cpu::HaveAvx2;
use super::lane::{CmacLane, Run};

/// A lane's runs in blocks, and the byte at which they begin in the painted memory.
#[derive(Debug, Clone)]
struct Shape {
    runs: Vec<usize>,
    offset: usize,
}

fn one_run(blocks: usize, offset: usize) -> Shape {
    Shape { runs: if blocks == 0 { vec![] } else { vec![blocks] }, offset }
}

/// Period 251, so that no two blocks are equal.
fn painted(bytes: usize) -> Vec<u8> {
    (0u8..251).cycle().take(bytes).collect()
}

/// A key or a state that no other lane has.
fn of_lane(lane: usize, salt: u8) -> [u8; 16] {
    let mut bytes = [salt; 16];
    bytes[..8].copy_from_slice(&(lane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    bytes
}

fn by_aes(key: [u8; 16], state: [u8; 16], runs: &[Run<'_, 16>]) -> [u8; 16] {
    let aes = Aes128::new(&key.into());
    runs.iter().copied().flatten().fold(state, |state, block| {
        let mut sum = (u128::from_ne_bytes(state) ^ u128::from_ne_bytes(*block)).to_ne_bytes().into();
        aes.encrypt_block(&mut sum);
        sum.into()
    })
}

fn assert_same(backend: Backend, shapes: &[Shape]) {
    let Some(proof) = HaveAvx2::detect() else {
        println!("no AVX2 or AES-NI here: no kernel ran");
        return;
    };
    let furthest = shapes.iter().map(|shape| shape.offset + 16 * shape.runs.iter().sum::<usize>()).max();
    let memory = painted(furthest.unwrap_or(0));
    let runs: Vec<Vec<Run<'_, 16>>> = shapes
        .iter()
        .map(|shape| {
            let (mut blocks, _) = memory[shape.offset..].as_chunks::<16>();
            let take = |length: &usize| {
                let (run, rest) = blocks.split_at(*length);
                blocks = rest;
                run
            };
            shape.runs.iter().map(take).collect()
        })
        .collect();
    let keys: Vec<_> = (0..shapes.len()).map(|lane| CmacKey::new(proof, &of_lane(lane, 0x5a))).collect();
    let mut lanes: Vec<_> = keys
        .iter()
        .zip(&runs)
        .enumerate()
        .map(|(lane, (key, runs))| CmacLane::new(key, of_lane(lane, 0x33), runs))
        .collect();
    run_group(backend, &mut Schedules::default(), &mut lanes);
    for (lane, (end, runs)) in lanes.iter().zip(&runs).enumerate() {
        let expected = by_aes(of_lane(lane, 0x5a), of_lane(lane, 0x33), runs);
        assert_eq!(end.state, expected, "{backend}: lane {lane} of {shapes:?}");
    }
}

/// Around every width of a group, and 31 = 16 + 8 + 4 + 2 + 1.
fn counts_of_lanes(backend: Backend) -> impl Iterator<Item = usize> {
    (0..=26).chain([31]).chain([
        width(backend) - 1,
        width(backend),
        width(backend) + 1,
        2 * width(backend) - 1,
    ])
}

#[test]
fn lanes_of_equal_length_end_where_aes_does() {
    for backend in Backend::available() {
        for lanes in counts_of_lanes(backend) {
            // Up to and around the four blocks that are taken at once, and twice as many.
            for blocks in (0..=17).chain([31, 32, 33, 63, 64, 65]) {
                assert_same(backend, &vec![one_run(blocks, 0); lanes]);
            }
        }
        for blocks in [255, 256, 257, 4095, 4096, 4097] {
            assert_same(backend, &vec![one_run(blocks, 1); width(backend)]);
        }
    }
}

#[test]
fn lanes_of_unequal_lengths_end_where_aes_does() {
    for backend in Backend::available() {
        for lanes in counts_of_lanes(backend) {
            let different: Vec<_> = (0..lanes).map(|lane| one_run(lane * 7 % 23, lane)).collect();
            assert_same(backend, &different);
            let one_long: Vec<_> =
                (0..lanes).map(|lane| one_run(if lane == lanes / 2 { 1000 } else { 1 }, 0)).collect();
            assert_same(backend, &one_long);
        }
    }
}

#[test]
fn lanes_at_every_alignment_end_where_aes_does() {
    for backend in Backend::available() {
        for offset in 0..64 {
            let shapes: Vec<_> = (0..width(backend)).map(|lane| one_run(13, offset + lane)).collect();
            assert_same(backend, &shapes);
            assert_same(backend, &vec![one_run(21, offset); width(backend)]);
        }
    }
}

proptest! {
    #[test]
    fn lanes_in_any_runs_end_where_aes_does(
        shapes in prop::collection::vec(
            (prop::collection::vec(prop_oneof![1usize..6, 1usize..40], 0..6), 0usize..64),
            0..70,
        ),
    ) {
        let shapes: Vec<_> = shapes.into_iter().map(|(runs, offset)| Shape { runs, offset }).collect();
        for backend in Backend::available() {
            assert_same(backend, &shapes);
        }
    }
}
