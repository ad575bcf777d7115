//! Every CBC-MAC kernel for many lanes ends where AES one block after the other does.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use proptest::prelude::*;

use super::backend::Backend;
use super::cmac_group::{Ending, Queue, Schedules, run_group, width};
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

fn by_aes(key: [u8; 16], state: [u8; 16], runs: &[Run<'_, 16>], blocks: usize) -> [u8; 16] {
    let aes = Aes128::new(&key.into());
    runs.iter().copied().flatten().take(blocks).fold(state, |state, block| {
        let mut sum = (u128::from_ne_bytes(state) ^ u128::from_ne_bytes(*block)).to_ne_bytes().into();
        aes.encrypt_block(&mut sum);
        sum.into()
    })
}

fn assert_same(backend: Backend, shapes: &[Shape]) {
    assert_same_by(backend, shapes, |schedules, lanes| {
        run_group(backend, schedules, lanes);
        lanes.iter_mut().for_each(CmacLane::end);
    });
}

/// With the places of lanes that end given to others; to their ends, and as far as all places are taken.
fn assert_same_in_queue(shapes: &[Shape]) {
    for backend in Backend::available() {
        let Some(queue) = Queue::of(backend) else { continue };
        assert_same_by(backend, shapes, |schedules, lanes| {
            queue.run(schedules, lanes, Ending::Whole);
            assert!(lanes.iter().all(|lane| lane.blocks() == 0), "{shapes:?}");
        });
        assert_same_by(backend, shapes, |schedules, lanes| {
            let before: usize = lanes.iter().map(CmacLane::blocks).sum();
            let waiting = lanes.iter().filter(|lane| lane.blocks() > 0).count();
            let steps = queue.run(schedules, lanes, Ending::WhileFull);
            let unfinished = lanes.iter().filter(|lane| lane.blocks() > 0).count();
            assert!(unfinished < width(backend), "{shapes:?}");
            assert_eq!(steps > 0, waiting >= width(backend), "{shapes:?}");
            let after: usize = lanes.iter().map(CmacLane::blocks).sum();
            assert!(before - after >= steps * width(backend), "{shapes:?}");
        });
    }
}

fn assert_same_by(backend: Backend, shapes: &[Shape], run: impl FnOnce(&mut Schedules, &mut [CmacLane<'_>])) {
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
    run(&mut Schedules::default(), &mut lanes);
    for (lane, (end, runs)) in lanes.iter().zip(&runs).enumerate() {
        let gone = runs.iter().map(|run| run.len()).sum::<usize>() - end.blocks();
        let expected = by_aes(of_lane(lane, 0x5a), of_lane(lane, 0x33), runs, gone);
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

#[test]
fn lanes_that_take_each_others_places_end_where_aes_does() {
    for lanes in [0, 1, 31, 32, 33, 34, 63, 64, 65, 200] {
        // All end at the same block; one after the other; with a last block alone, two, and more; some have none.
        assert_same_in_queue(&vec![one_run(9, 3); lanes]);
        let different = |lane: usize| one_run((lanes - lane) * 7, lane);
        assert_same_in_queue(&(0..lanes).map(different).collect::<Vec<_>>());
        let last = |lane: usize| Shape { runs: vec![4 + lane % 9, 1 + lane % 4], offset: lane };
        assert_same_in_queue(&(0..lanes).map(last).collect::<Vec<_>>());
        let empty = |lane: usize| one_run(if lane.is_multiple_of(3) { 0 } else { lane % 40 }, 5);
        assert_same_in_queue(&(0..lanes).map(empty).collect::<Vec<_>>());
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
        assert_same_in_queue(&shapes);
    }
}
