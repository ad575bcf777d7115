//! The scheduler touches nothing outside a message's slices: each head and each slice lies against a page that would fault.

use std::io::IoSlice;

use super::{LaneScheduler, Message, Operation, Outcome};
use crate::kernels::Backend;
use crate::kernels::guard::{GuardedPage, PAGE};
use crate::mac::PreparedKey;
use crate::protocol::{Opening, Sender, SequenceNumber, SigningAlgorithm, SigningKey};

/// As many as show what the next ones are like, and more than fill any kernel's lanes; not a number of whole groups.
const MESSAGES: usize = 16 + 64 + 5;

fn key(algorithm: SigningAlgorithm, message: usize) -> SigningKey {
    SigningKey::new(algorithm, &[message as u8 ^ 0x5a; 16]).unwrap()
}

/// Painted, with a header that can be signed.
fn unsigned(algorithm: SigningAlgorithm, bytes: usize) -> Vec<u8> {
    let mut message: Vec<u8> = (0u8..251).cycle().take(bytes).collect();
    let id: &[u8] = if algorithm == SigningAlgorithm::Md5 { b"\xffSMB" } else { b"\xfeSMB\x40\0" };
    message[..id.len()].copy_from_slice(id);
    message[8..24].fill(0);
    message
}

/// Signs and verifies messages of `bytes`, `in_head` of them in the head and the rest in two slices.
fn assert_stays_within(
    pages: &mut [GuardedPage],
    scheduler: &mut LaneScheduler,
    algorithm: SigningAlgorithm,
    (in_head, bytes): (usize, usize),
) {
    let backend = scheduler.backend();
    let sequence = (algorithm == SigningAlgorithm::Md5).then_some(SequenceNumber(7));
    let message = unsigned(algorithm, bytes);
    let (head, body) = message.split_at(in_head);
    let (low, high) = body.split_at(body.len() / 3);
    // Slices are read alone, so that all messages share theirs.
    let (mut lows, mut highs) = (GuardedPage::new(), GuardedPage::new());
    lows.bytes()[..low.len()].copy_from_slice(low);
    highs.bytes()[PAGE - high.len()..].copy_from_slice(high);
    let (low, high) = (&lows.bytes()[..low.len()], &highs.bytes()[PAGE - high.len()..]);
    let mut slices = vec![IoSlice::new(low), IoSlice::new(high)];
    slices.retain(|slice| !slice.is_empty());

    let keys: Vec<_> =
        (0..MESSAGES).map(|message| PreparedKey::new(&key(algorithm, message), backend)).collect();
    let mut heads: Vec<&mut [u8]> = pages
        .iter_mut()
        .enumerate()
        .map(|(message, page)| {
            let start = if message % 2 == 0 { 0 } else { PAGE - in_head };
            &mut page.bytes()[start..start + in_head]
        })
        .collect();
    heads.iter_mut().for_each(|place| place.copy_from_slice(head));
    for operation in [Operation::Sign, Operation::Verify(Sender::Client)] {
        let mut messages: Vec<_> = keys
            .iter()
            .zip(&mut heads)
            .map(|(key, head)| Message { sequence, ..Message::scattered(key, head, &slices, operation) })
            .collect();
        scheduler.run(&mut messages.iter_mut());
        let expected = if operation == Operation::Sign { Outcome::Signed } else { Outcome::Verified };
        for message in &messages {
            assert_eq!(message.outcome, expected, "{backend}, {algorithm}, {in_head} of {bytes} bytes");
        }
    }
    for (index, head) in heads.iter().enumerate() {
        let mut expected = message.clone();
        let oracle = PreparedKey::new(&key(algorithm, index), Backend::portable());
        let opening = Opening::to_sign(algorithm, &expected, sequence).unwrap();
        let mut covered = expected.clone();
        opening.cover(&mut covered);
        let tag = oracle.tag(&opening.nonce(&expected), &[&covered]);
        opening.complete(tag.as_bytes(), &mut expected);
        assert_eq!(**head, expected[..in_head], "{backend}, {algorithm}: message {index}, {bytes} bytes");
    }
}

#[test]
fn heads_and_slices_against_guards_are_signed_and_verified_and_nothing_else_is_touched() {
    let mut pages: Vec<_> = (0..MESSAGES).map(|_| GuardedPage::new()).collect();
    for backend in Backend::available() {
        let mut scheduler = LaneScheduler::new(backend);
        for algorithm in SigningAlgorithm::ALL {
            let header = if algorithm == SigningAlgorithm::Md5 { 32 } else { 64 };
            for bytes in (header..header + 140)
                .chain([511, 512, 513, 577, 1024, 2049, 3055, 3056, 3057, 3105, 4095, PAGE])
            {
                assert_stays_within(&mut pages, &mut scheduler, algorithm, (bytes, bytes));
                assert_stays_within(
                    &mut pages,
                    &mut scheduler,
                    algorithm,
                    (header + (bytes - header) / 3, bytes),
                );
            }
            assert_stays_within(&mut pages, &mut scheduler, algorithm, (PAGE, 2 * PAGE));
            assert_stays_within(&mut pages, &mut scheduler, algorithm, (header, PAGE + header));
        }
        println!("the scheduler stays within its slices: {backend}");
    }
}
