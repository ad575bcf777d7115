//! Every backend gives the reference's tag, whatever the length and wherever the segments meet.

use proptest::prelude::*;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::{PreparedKey, Tag, reference};
use smbsign_engine::protocol::{Nonce, SigningAlgorithm, SigningKey};
use std::io::Write as _;

/// Bytes with period 251, the largest prime below 256: no two blocks of a message are equal, so none can be swapped.
fn painted(bytes: usize) -> Vec<u8> {
    (0u8..251).cycle().take(bytes).collect()
}

fn key(algorithm: SigningAlgorithm, bytes: usize) -> SigningKey {
    let painted: Vec<u8> =
        painted(bytes).into_iter().map(|byte| byte.wrapping_mul(7).wrapping_add(3)).collect();
    SigningKey::new(algorithm, &painted).expect("a length that the algorithm takes")
}

const NONCE: Nonce = Nonce::from_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

fn expected(key: &SigningKey, message: &[u8]) -> Tag {
    reference::tag(key, &NONCE, message).expect("a length that the reference takes")
}

fn assert_every_backend_agrees(key: &SigningKey, segments: &[&[u8]]) {
    let message = segments.concat();
    let expected = expected(key, &message);
    for backend in Backend::available() {
        let prepared = PreparedKey::new(key, backend);
        assert_eq!(
            prepared.tag(&NONCE, segments),
            expected,
            "{prepared:?}, {backend}, {} bytes",
            message.len()
        );
    }
}

fn lengths() -> impl Iterator<Item = usize> {
    let short = 0..=258;
    let edges =
        [495, 496, 497, 511, 512, 513, 527, 528, 529, 543, 544, 545, 1023, 1024, 1025, 1039, 1040, 1041];
    let long = [4095, 4096, 4097, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1];
    short.chain(edges).chain(long)
}

#[test]
fn every_length_gives_the_references_tag() {
    let message = painted((1 << 20) + 1);
    for algorithm in SigningAlgorithm::ALL {
        let key = key(algorithm, 16);
        for length in lengths() {
            assert_every_backend_agrees(&key, &[&message[..length]]);
        }
    }
}

#[test]
fn every_split_into_two_and_three_segments_gives_the_references_tag() {
    let message = painted(150);
    for algorithm in SigningAlgorithm::ALL {
        let key = key(algorithm, 16);
        for first in 0..=message.len() {
            let (head, body) = message.split_at(first);
            assert_every_backend_agrees(&key, &[head, body]);
            let (middle, end) = body.split_at(body.len() / 2);
            assert_every_backend_agrees(&key, &[head, middle, &[], end]);
        }
    }
}

#[test]
fn md5_takes_a_key_of_any_length() {
    let message = painted(200);
    for bytes in (16..=320).chain([1000]) {
        let key = key(SigningAlgorithm::Md5, bytes);
        assert_every_backend_agrees(&key, &[&message[..bytes % 200]]);
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_references_tag(
        lengths in prop::collection::vec(prop_oneof![0usize..40, 0usize..700, 0usize..5000], 0..9),
        offset in 0usize..64,
    ) {
        let bytes = painted(offset + lengths.iter().sum::<usize>());
        let mut rest = &bytes[offset..];
        let segments: Vec<&[u8]> = lengths
            .iter()
            .map(|length| {
                let (segment, after) = rest.split_at(*length);
                rest = after;
                segment
            })
            .collect();
        for algorithm in SigningAlgorithm::ALL {
            assert_every_backend_agrees(&key(algorithm, 16), &segments);
        }
    }
}

#[test]
fn available_backends_are_the_expected_ones() {
    let names: Vec<_> = Backend::available().map(Backend::name).collect();
    // Past the harness, which keeps what passing tests print to itself.
    let _ = writeln!(std::io::stderr(), "backends that ran: {}", names.join(","));
    assert!(names.contains(&Backend::portable().name()));
    if let Ok(expected) = std::env::var("EXPECT_BACKENDS") {
        assert_eq!(names, expected.split(',').collect::<Vec<_>>());
    }
}

#[test]
fn a_backends_name_leads_back_to_it() {
    for backend in Backend::available() {
        assert_eq!(backend.to_string().parse(), Ok(backend));
    }
    assert!("avx1024".parse::<Backend>().is_err());
}

#[test]
fn a_prepared_key_stays_small_and_does_not_print_its_key() {
    assert!(size_of::<PreparedKey>() <= 256, "{}", size_of::<PreparedKey>());
    for algorithm in SigningAlgorithm::ALL {
        let prepared = PreparedKey::new(&key(algorithm, 16), Backend::detect());
        assert_eq!(
            format!("{prepared:?}"),
            format!("PreparedKey({algorithm}, {})", prepared.implementation())
        );
    }
}
