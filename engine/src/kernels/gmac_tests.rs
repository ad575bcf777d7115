//! Every width of GMAC gives the tags of the RustCrypto crates, one message alone and four together.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use proptest::prelude::*;

use super::backend::Backend;
use super::gmac::{
    Ending, GmacKey, LAST_GROUP_BYTES, Progress, TOGETHER, Unit, Width, before_last, counter_block,
    last_group, tags,
};
use super::gmac_whole::{self, Cover, InOnePiece, Whole};

const NONCE: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/// Period 251, so that no two blocks are equal.
fn painted(bytes: usize) -> Vec<u8> {
    (0u8..251).cycle().take(bytes).collect()
}

/// A key that no other message of a test has.
fn key(message: usize) -> [u8; 16] {
    (message as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_le_bytes()
}

fn by_crates(key: [u8; 16], message: &[u8]) -> [u8; 16] {
    let aes = Aes128::new(&key.into());
    let mut h = [0; 16].into();
    aes.encrypt_block(&mut h);
    let mut ghash = GHash::new(&h);
    ghash.update_padded(message);
    ghash.update(&[(u128::from(message.len() as u64 * 8) << 64).to_be_bytes().into()]);
    let mut counter = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    counter[..12].copy_from_slice(&NONCE);
    let mut mask = counter.into();
    aes.encrypt_block(&mut mask);
    (u128::from_ne_bytes(ghash.finalize().into()) ^ u128::from_ne_bytes(mask.into())).to_ne_bytes()
}

fn widths() -> Vec<(Backend, Width)> {
    let widths: Vec<_> =
        Backend::available().filter_map(|backend| Some((backend, Width::of(backend)?))).collect();
    if widths.is_empty() {
        println!("no AVX2, AES-NI or PCLMULQDQ here: no kernel ran");
    }
    widths
}

/// Four messages in any segments, moved on to their last groups in steps of at most so many bytes.
fn assert_same_together(messages: [&[&[u8]]; TOGETHER], step: usize) {
    for (backend, width) in widths() {
        let keys: [_; TOGETHER] = std::array::from_fn(|message| GmacKey::new(width, &key(message)));
        let mut progress = [Progress::START; TOGETHER];
        let mut room = [[0; LAST_GROUP_BYTES]; TOGETHER];
        for ((key, progress), segments) in keys.iter().zip(&mut progress).zip(messages) {
            let before = before_last(segments.concat().len());
            while progress.bytes() < before {
                let until = before.min(before_last(progress.bytes() + step));
                key.advance(width, progress, segments, until);
            }
        }
        let mut endings: [Ending<'_>; TOGETHER] =
            std::array::from_fn(|message| Ending::of_nothing(&keys[message], &NONCE));
        for (((ending, segments), progress), room) in
            endings.iter_mut().zip(messages).zip(&progress).zip(&mut room)
        {
            (ending.bytes, ending.progress) = (segments.concat().len(), progress);
            (ending.units, ending.rest) = last_group(segments.iter().copied(), progress.bytes(), room);
        }
        for (message, (tag, segments)) in tags(width, &endings).iter().zip(messages).enumerate() {
            let expected = by_crates(key(message), &segments.concat());
            let lengths: Vec<_> = segments.iter().map(|segment| segment.len()).collect();
            assert_eq!(*tag, expected, "{backend}: message {message} of segments {lengths:?}");
            assert_eq!(keys[message].tag(width, &NONCE, segments), expected, "{backend}: alone, {lengths:?}");
        }
    }
}

/// Boundaries of blocks, units, the last group and those before it.
fn lengths() -> impl Iterator<Item = usize> {
    let edges = [192, 256, 448, 512, 576, 768, 896, 960, 1024, 1408, 4096, 65_536];
    (0..=140).chain(edges.into_iter().flat_map(|edge| edge - 17..=edge + 17)).chain([(1 << 20) + 7])
}

#[test]
fn four_messages_of_every_length_have_the_crates_tags() {
    let bytes = painted((1 << 20) + 100);
    for length in lengths() {
        let [a, b, c, d] = [0, length / 2, length + 65, length].map(|length| [&bytes[..length]]);
        assert_same_together([&a, &b, &c, &d], 1 << 20);
    }
}

#[test]
fn messages_in_place_with_a_first_unit_elsewhere_have_the_crates_tags() {
    let bytes = painted(70_000);
    for (backend, width) in widths() {
        for length in lengths().filter(|length| (64..65_600).contains(length)) {
            let (header, rest) = bytes[..length].split_at(64);
            let units: [Unit; 1] = [header.try_into().unwrap()];
            let keys: [_; TOGETHER] = std::array::from_fn(|message| GmacKey::new(width, &key(message)));
            let mut endings: [Ending<'_>; TOGETHER] =
                std::array::from_fn(|message| Ending::of_nothing(&keys[message], &NONCE));
            for (message, ending) in endings.iter_mut().enumerate().skip(1) {
                // The first is empty, the second shorter than its unit's neighbours.
                let rest = if message == 1 { &rest[..rest.len() / 2] } else { rest };
                (ending.bytes, ending.units, ending.rest) = (64 + rest.len(), &units, rest);
            }
            for (message, (tag, ending)) in tags(width, &endings).iter().zip(&endings).enumerate() {
                let expected = by_crates(key(message), &[ending.units.as_flattened(), ending.rest].concat());
                assert_eq!(*tag, expected, "{backend}: message {message}, {length} bytes");
            }
        }
    }
}

#[test]
fn segment_edges_at_every_byte_of_a_block_give_the_crates_tags() {
    let bytes = painted(1200);
    for edge in 0..=64 {
        for from in [0, 64, 448, 512, 960] {
            let (head, body) = bytes.split_at(from + edge);
            let (middle, end) = body.split_at(edge);
            assert_same_together([&[head, body], &[head, middle, end], &[head, &[], end], &[middle]], 513);
        }
    }
}

#[test]
fn slices_of_any_length_lead_to_the_crates_tags() {
    let bytes = painted(5000);
    for step in [513, 960, 961, 1500, 4000] {
        let (head, body) = bytes.split_at(777);
        assert_same_together([&[&bytes], &[head, body], &[body], &[&bytes[..step]]], step);
    }
}

/// Whose first unit changes.
const COVER: Cover = {
    let (mut kept, mut set) = ([0xff; 64], [0; 64]);
    (kept[0], set[0]) = (!0b1100, 0b0100);
    (kept[17], kept[63], set[63]) = (0, 0, 0xa5);
    Cover { kept, set }
};

struct Message<'a> {
    key: GmacKey,
    bytes: &'a [u8],
    tag: Option<[u8; 16]>,
}

const COUNTER: [u8; 16] = counter_block(&NONCE);

impl InOnePiece for Message<'_> {
    fn whole(&self) -> Whole<'_> {
        Whole { key: &self.key, counter: &COUNTER, message: self.bytes }
    }

    fn settle(&mut self, tag: [u8; 16]) {
        assert_eq!(self.tag.replace(tag), None);
    }
}

fn covered(message: &[u8]) -> Vec<u8> {
    let mut covered = message.to_vec();
    if let Some(first) = covered.first_chunk_mut::<64>() {
        first[0] = first[0] & !0b1100 | 0b0100;
        (first[17], first[63]) = (0, 0xa5);
    }
    covered
}

#[test]
fn messages_in_one_piece_have_the_crates_tags_with_their_first_units_covered() {
    let bytes = painted((1 << 20) + 100);
    for (backend, width) in widths() {
        for length in lengths() {
            for count in 0..=TOGETHER {
                // The last of a group is shorter, the others are longer than each other.
                let message = |place: usize| {
                    let bytes = match place {
                        _ if length < 20 => &[],
                        3 => &bytes[place..length / 2],
                        place => &bytes[place..length + 20 * place],
                    };
                    Message { key: GmacKey::new(width, &key(place)), bytes, tag: None }
                };
                let mut messages: Vec<_> = (0..count).map(message).collect();
                gmac_whole::settle(width, &COVER, &mut messages);
                for (place, Message { bytes, tag, .. }) in messages.iter().enumerate() {
                    let expected = by_crates(key(place), &covered(bytes));
                    assert_eq!(*tag, Some(expected), "{backend}: {place} of {count}, {} bytes", bytes.len());
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_segments_give_the_crates_tags(
        cuts in prop::collection::vec(prop::collection::vec(prop_oneof![0usize..40, 0usize..1500], 0..6), 4),
        offset in 0usize..64,
        step in 513usize..3000,
    ) {
        let bytes = painted(offset + 9000);
        let messages: Vec<Vec<&[u8]>> = cuts
            .iter()
            .map(|lengths| {
                let mut rest = &bytes[offset..];
                let take = |length: &usize| {
                    let (segment, later) = rest.split_at(*length);
                    rest = later;
                    segment
                };
                lengths.iter().map(take).collect()
            })
            .collect();
        assert_same_together([&messages[0], &messages[1], &messages[2], &messages[3]], step);
    }
}
