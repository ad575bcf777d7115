//! One flipped bit anywhere in a signed message is found, and the frame named.

use std::fs;
use std::ops::Range;

use smbsign::capture::follow::{Follower, Header, Message, Verdict};
use smbsign::capture::keys::Keys;
use smbsign::capture::verification::Verification;
use smbsign::capture::{Event, Frame};
use smbsign_engine::protocol::Sender;

use crate::sets::{self, Capture, judge};

/// Bits of a message that nothing else covers for it, and what they are called.
fn bits_of(message: &Message, random: &mut fastrand::Rng) -> Vec<(&'static str, usize)> {
    let (header, flags, signature) = match message.header {
        Header::Smb1 { .. } => (32, 9..12, 14..22),
        Header::Smb2 { .. } => (64, 16..20, 48..64),
        _ => (52, 42..44, 4..20),
    };
    let mut some = |bytes: Range<usize>| random.usize(bytes.start * 8..bytes.end * 8);
    let mut bits = vec![("signature", some(signature)), ("header", some(0..header))];
    if message.length > header {
        bits.push(("body", some(header..message.length)));
    }
    let flags = flags.flat_map(|byte| byte * 8..byte * 8 + 8);
    bits.extend(flags.map(|bit| ("flags", bit)));
    bits
}

fn flip(frame: &Frame, offset: usize, bit: usize) -> Frame {
    let mut frame = frame.clone();
    frame.bytes[offset + bit / 8] ^= 1 << (bit % 8);
    frame
}

/// Takes a capture's events in turn, and for each frame tries every flip that `flips` names (what, where the message
/// begins, which bit) on a follower of its own.
fn every_flip_is_found(
    capture: &Capture,
    keys: Keys,
    mut flips: impl FnMut(&Frame, &[Message]) -> Vec<(&'static str, usize, usize)>,
) {
    let mut follower = Follower::new(keys);
    let mut flipped = 0;
    for event in capture.events() {
        let before = follower.clone();
        let messages = follower.event(&event);
        let Event::Frame(frame) = event else { continue };
        for (what, offset, bit) in flips(&frame, &messages) {
            let judged = before.clone().event(&Event::Frame(flip(&frame, offset, bit)));
            assert!(
                judged.iter().any(is_failed),
                "{}: bit {bit} ({what}) at offset {offset} of frame {} went unnoticed",
                capture.name(),
                frame.number,
            );
            assert!(judged.iter().all(|message| message.frame == frame.number));
            flipped += 1;
        }
    }
    println!("{}: {flipped} flipped bits found", capture.name());
}

/// In every signed message: its signature, its flags, its header, its body.
fn in_signed_messages() -> impl FnMut(&Frame, &[Message]) -> Vec<(&'static str, usize, usize)> {
    let mut random = fastrand::Rng::with_seed(7);
    move |_, messages| {
        // The plaintext of a transform is not what was sent: its frame is flipped as a whole.
        let signed = messages.iter().filter(|message| is_verified(message) && !message.encrypted);
        signed
            .flat_map(|message| {
                bits_of(message, &mut random).into_iter().map(|(what, bit)| (what, message.offset, bit))
            })
            .collect()
    }
}

fn is_failed(message: &Message) -> bool {
    matches!(message.verdict, Verdict::Failed { .. })
}

fn is_verified(message: &Message) -> bool {
    matches!(message.verdict, Verdict::Verified(_))
}

#[test]
fn a_flipped_bit_in_any_signed_message_is_found() {
    for capture in
        [sets::small(), sets::full("captures"), sets::full("dc-profile/captures")].into_iter().flatten()
    {
        every_flip_is_found(&capture, capture.keys(), in_signed_messages());
    }
}

#[test]
fn a_flipped_bit_is_found_with_passwords_alone_as_well() {
    for capture in sets::small().iter().filter(|capture| !capture.accounts().is_empty()) {
        every_flip_is_found(capture, capture.passwords(), in_signed_messages());
    }
}

#[test]
fn a_flipped_bit_in_an_encrypted_frame_keeps_it_from_opening() {
    for capture in sets::small() {
        let mut random = fastrand::Rng::with_seed(11);
        every_flip_is_found(&capture, capture.keys(), |frame, _| {
            let sealed = frame.bytes.starts_with(b"\xfdSMB");
            let bits = if sealed { 8 } else { 0 };
            (0..bits).map(|_| ("sealed", 0, random.usize(0..frame.bytes.len() * 8))).collect()
        });
    }
}

#[test]
fn one_flipped_bit_fails_one_message_and_no_other() {
    for capture in sets::small() {
        let mut events = capture.events();
        let messages = judge(&events, capture.keys());
        let mut signed = messages.iter().filter(|message| is_verified(message) && !message.encrypted);
        let Some(message) = signed.nth(3) else { continue };
        let frame = events.iter_mut().find_map(|event| match event {
            Event::Frame(frame) if frame.number == message.frame => Some(frame),
            _ => None,
        });
        let frame = frame.unwrap();
        *frame = flip(frame, message.offset, (message.length - 1) * 8);
        let judged = judge(&events, capture.keys());
        let failed: Vec<u64> =
            judged.iter().filter(|message| is_failed(message)).map(|message| message.frame).collect();
        assert_eq!(failed, [message.frame], "{}", capture.name());
    }
}

#[test]
fn a_changed_mid_of_the_smb1_logon_that_gives_the_key_fails_alone() {
    for name in ["smb1-md5-impacket-mixed", "smb1-md5-smbclient-trans2-secondary"] {
        let capture = sets::named(name);
        let mut events = capture.events();
        let first = judge(&events, capture.passwords()).into_iter().find(is_verified).unwrap();
        assert_eq!(first.header.command(), "SESSION_SETUP_ANDX");
        for event in &mut events {
            if let Event::Frame(frame) = event
                && frame.number == first.frame
            {
                *frame = flip(frame, 0, 30 * 8);
            }
        }
        let judged = judge(&events, capture.passwords());
        let others: Vec<_> = judged.iter().filter(|message| message.frame > first.frame).collect();
        assert!(judged.iter().any(|message| message.frame == first.frame && is_failed(message)), "{name}");
        assert!(others.len() > 10 && others.into_iter().all(is_verified), "{name}");
    }
}

#[test]
fn a_changed_protocol_identifier_is_a_failure_and_no_damage() {
    let capture = sets::named("smb311-aes-gmac-smbtorture-reauth-reconnect");
    let mut bytes = fs::read(&capture.path).unwrap();
    let mut headers = bytes.windows(5).enumerate().filter(|(_, window)| window == b"\xfeSMB@");
    let at = headers.nth(19).unwrap().0;
    for byte in at..at + 4 {
        bytes[byte] ^= 0x04;
        let verification = Verification::of(&bytes[..], capture.keys(), |_| ()).unwrap();
        assert_eq!((verification.counts.failed, verification.damage.len()), (1, 0));
        bytes[byte] ^= 0x04;
    }
}

#[test]
fn mangled_frames_give_verdicts_and_never_a_panic() {
    let mut random = fastrand::Rng::with_seed(13);
    let mut mangle = |frame: &mut Frame| match random.u8(0..8) {
        0 => frame.bytes.truncate(random.usize(0..=frame.bytes.len())),
        1 => frame.bytes.extend_from_within(random.usize(0..frame.bytes.len())..),
        2..6 => {
            for _ in 0..random.usize(1..6) {
                let at = random.usize(0..frame.bytes.len().min(200));
                frame.bytes[at] = [random.u8(..), 0, 0xff][random.usize(0..3)];
            }
        }
        _ => frame.sender = if random.bool() { Sender::Client } else { Sender::Server },
    };
    for capture in sets::small() {
        for _ in 0..3 {
            let mut events = capture.events();
            let mut frames = 0;
            for event in &mut events {
                if let Event::Frame(frame) = event
                    && !frame.bytes.is_empty()
                {
                    mangle(frame);
                    frames += 1;
                }
            }
            assert!(judge(&events, capture.keys()).len() >= frames);
        }
    }
}
