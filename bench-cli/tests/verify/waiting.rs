//! Signatures that wait to be checked together come to what each comes to alone, in the same order.

use std::cell::Cell;
use std::fs;
use std::io::{self, Read};

use smbsign::capture::Events;
use smbsign::capture::follow::{Follower, Message, Verdict};
use smbsign::capture::keys::Keys;
use smbsign::capture::verification::{Verification, WAITING_BYTES, WAITING_MESSAGES};
use smbsign::report::messages;

use crate::sets::{self, Capture};

/// Bytes of a capture before its first packet.
const FILE_HEADER: usize = 24;

/// Bytes before each packet.
const RECORD_HEADER: usize = 16;

/// The packets of a capture, each with what is before it.
fn records(capture: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = &capture[FILE_HEADER..];
    std::iter::from_fn(move || {
        let length = rest.get(8..12)?.try_into().map(u32::from_le_bytes).unwrap();
        let (record, behind) = rest.split_at(RECORD_HEADER + length as usize);
        rest = behind;
        Some(record)
    })
}

/// A capture's packets again and again, with other sequence numbers each time: the same conversation on new connections.
fn repeated(capture: &Capture, times: u32) -> Vec<u8> {
    const TCP: usize = RECORD_HEADER + 14 + 20;
    let bytes = fs::read(&capture.path).unwrap();
    let mut all = bytes[..FILE_HEADER].to_vec();
    for time in 0..times {
        for record in records(&bytes) {
            let tcp = all.len() + TCP;
            all.extend_from_slice(record);
            for number in [tcp + 4..tcp + 8, tcp + 8..tcp + 12] {
                let number: &mut [u8; 4] = (&mut all[number]).try_into().unwrap();
                *number = u32::from_be_bytes(*number).wrapping_add(time << 25).to_be_bytes();
            }
        }
    }
    all
}

/// All that is told of a message.
fn told(message: &Message) -> (u64, [String; messages::COLUMNS.len()], Option<String>) {
    let expected = match &message.verdict {
        Verdict::Failed { expected, .. } => expected.map(|field| field.to_string()),
        _ => None,
    };
    (message.packet, messages::row(message), expected)
}

/// Verifies a capture, and holds each message against what its signature comes to when it is checked at once and alone.
fn same_as_alone(name: &str, bytes: &[u8], keys: &Keys) -> Option<Verification> {
    let mut together = Vec::new();
    let verified = Verification::of(bytes, keys.clone(), |message| together.push(told(message)));
    let Ok(events) = Events::new(bytes) else {
        assert!(verified.is_err(), "{name}");
        return None;
    };
    let mut follower = Follower::new(keys.clone());
    let alone: Vec<_> = events.flat_map(|event| follower.event(&event)).map(|one| told(&one)).collect();
    assert!(together == alone, "{name}: {:?}", together.iter().zip(&alone).find(|(one, other)| one != other));
    let verification = verified.unwrap();
    assert_eq!(verification.counts.messages, alone.len() as u64, "{name}");
    Some(verification)
}

/// Where SMB2 messages begin.
fn headers(bytes: &[u8]) -> Vec<usize> {
    bytes.windows(5).enumerate().filter(|(_, window)| window == b"\xfeSMB@").map(|(at, _)| at).collect()
}

/// Captures of enough messages, or of messages long enough, to be checked in several goes.
fn long_captures() -> [(&'static str, Vec<u8>, Keys); 3] {
    [
        ("smb311-aes-cmac-smbtorture-compound", 120),
        ("smb210-hmac-sha256-smbtorture-compound-async", 90),
        ("gpupdate-computer-first-smb311-gmac", 45),
    ]
    .map(|(name, times)| {
        let capture = sets::named(name);
        let bytes = repeated(&capture, times);
        (name, bytes, capture.keys())
    })
}

#[test]
fn messages_keep_their_order_however_many_wait() {
    for (name, bytes, keys) in long_captures() {
        let counts = same_as_alone(name, &bytes, &keys).unwrap().counts;
        assert_eq!((counts.failed, counts.unchecked), (0, 0), "{name}");
        assert!(counts.messages > WAITING_MESSAGES as u64 || bytes.len() > 2 * WAITING_BYTES, "{name}");
    }
}

#[test]
fn a_flipped_bit_in_a_message_that_waits_names_its_frame() {
    for (name, mut bytes, keys) in long_captures() {
        // The signature of a message now and then: at the beginning, at the end, and wherever the others are checked.
        for header in headers(&bytes).into_iter().rev().step_by(197) {
            bytes[header + 60] ^= 0x08;
        }
        let verification = same_as_alone(name, &bytes, &keys).unwrap();
        let failures = &verification.failures;
        assert!(failures.len() > 20, "{name}: {} failures", failures.len());
        assert!(failures.is_sorted_by_key(|message| message.frame), "{name}");
    }
}

#[test]
fn a_capture_that_breaks_off_keeps_what_was_verified_before() {
    for (name, bytes, keys) in long_captures() {
        let whole = Verification::of(&bytes[..], keys.clone(), |_| ()).unwrap().counts.verified;
        for tenths in [2, 7] {
            let cut = bytes.len() * tenths / 10 + 7;
            let verification = same_as_alone(name, &bytes[..cut], &keys).unwrap();
            assert_eq!(verification.counts.failed, 0, "{name}");
            assert!(!verification.damage.is_empty(), "{name}: {cut} bytes");
            let share = verification.counts.verified as f64 / whole as f64;
            assert!((share - tenths as f64 / 10.0).abs() < 0.03, "{name}: {share} of {tenths} tenths");
        }
    }
}

#[test]
fn whatever_was_changed_in_a_capture_messages_come_to_the_same_together_and_alone() {
    let mut random = fastrand::Rng::with_seed(17);
    for capture in sets::small() {
        let original = fs::read(&capture.path).unwrap();
        for keys in [capture.keys(), capture.passwords(), Keys::default()] {
            for changes in [0, 3, 30] {
                let mut bytes = original.clone();
                for _ in 0..changes {
                    bytes[random.usize(FILE_HEADER..original.len())] ^= 1 << random.u8(0..8);
                }
                same_as_alone(capture.name(), &bytes, &keys);
            }
        }
    }
}

/// A file that counts the bytes it has given.
struct Counting<'a> {
    file: &'a [u8],
    given: &'a Cell<usize>,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.given.set(self.given.get() + read);
        Ok(read)
    }
}

#[test]
fn no_more_waits_than_is_allowed_however_long_the_capture_is() {
    /// What the reader of a file has read ahead.
    const AHEAD: usize = 1 << 20;
    for (name, bytes, keys) in long_captures() {
        let ends: Vec<_> = records(&bytes)
            .scan(FILE_HEADER, |end, record| {
                *end += record.len();
                Some(*end)
            })
            .collect();
        let (given, mut most) = (Cell::new(0), 0);
        let source = Counting { file: &bytes, given: &given };
        let verification = Verification::of(source, keys, |message| {
            most = most.max(given.get() - ends[message.packet as usize - 1]);
        });
        let messages = verification.unwrap().counts.messages as usize;
        // As much is read while it waits; packets take a little more than their messages.
        let allowed =
            2 * (WAITING_BYTES * 11 / 10).min(bytes.len() / messages * WAITING_MESSAGES * 11 / 10) + AHEAD;
        assert!(most <= allowed, "{name}: {most} bytes, not {allowed}");
        assert!(allowed < bytes.len(), "{name} is too short to tell");
    }
}
