//! Captures with messages missing: what is left still verifies, and nothing good is called wrong.

use std::collections::HashMap;

use serde_json::Value;
use smbsign::capture::follow::{Message, Verdict};
use smbsign::capture::{Cause, Damage, Event};
use smbsign_engine::protocol::Sender;

use crate::sets::{self, Capture, judge};

fn count(messages: &[Message], name: &str) -> usize {
    messages.iter().filter(|message| message.verdict.name() == name).count()
}

/// The events behind `frame`, as of captures that start there.
fn midway(capture: &Capture, frame: u64) -> Vec<Event> {
    let mut events = capture.events();
    events.retain(|event| match event {
        Event::Frame(one) => one.number > frame,
        _ => true,
    });
    events
}

#[test]
fn a_capture_that_starts_midway_verifies_with_the_keys_of_a_file() {
    for capture in sets::small() {
        let whole = judge(&capture.events(), capture.keys());
        let behind = |messages: &[Message], name: &str| {
            messages.iter().filter(|one| one.frame > 20 && one.verdict.name() == name).count()
        };
        let messages = judge(&midway(&capture, 20), capture.keys());
        assert_eq!(count(&messages, "failed"), 0, "{}", capture.name());
        assert_eq!(count(&messages, "verified"), behind(&whole, "verified"), "{}", capture.name());
    }
}

#[test]
fn a_flipped_bit_is_found_in_a_capture_that_starts_midway() {
    for capture in sets::small() {
        let mut events = midway(&capture, 20);
        let messages = judge(&events, capture.keys());
        let signed =
            |message: &&Message| matches!(message.verdict, Verdict::Verified(_)) && !message.encrypted;
        let Some(number) = messages.iter().rfind(signed).map(|message| message.frame) else { continue };
        let frame = events.iter_mut().find_map(|event| match event {
            Event::Frame(frame) if frame.number == number => Some(frame),
            _ => None,
        });
        *frame.unwrap().bytes.last_mut().unwrap() ^= 1;
        let messages = judge(&events, capture.keys());
        let failed = messages.iter().filter(|message| matches!(message.verdict, Verdict::Failed { .. }));
        assert_eq!(failed.map(|message| message.frame).collect::<Vec<_>>(), [number], "{}", capture.name());
    }
}

#[test]
fn without_keys_what_is_signed_is_counted_apart() {
    for capture in sets::small() {
        for events in [capture.events(), midway(&capture, 20)] {
            let messages = judge(&events, smbsign::capture::keys::Keys::default());
            assert_eq!(count(&messages, "failed") + count(&messages, "verified"), 0, "{}", capture.name());
        }
    }
}

/// Takes every so many frames one away and says so, as the reader of a capture does.
fn with_gaps(events: Vec<Event>, every: u64) -> Vec<Event> {
    let missing = |frame: &smbsign::capture::Frame| {
        Event::Damage(Damage::Incomplete {
            connection: frame.connection,
            sender: frame.sender,
            first_packet: frame.packet,
            last_packet: frame.packet,
            length: frame.bytes.len(),
            missing: 1,
            cause: Cause::NotCaptured,
        })
    };
    let gap = |event: Event| match event {
        Event::Frame(frame) if frame.number % every == 0 => missing(&frame),
        other => other,
    };
    events.into_iter().map(gap).collect()
}

#[test]
fn missing_frames_turn_no_good_message_into_a_failure() {
    for capture in sets::small() {
        let place = |message: &Message| (message.frame, message.offset);
        let whole: HashMap<_, _> = judge(&capture.events(), capture.keys())
            .iter()
            .map(|message| (place(message), message.verdict.name()))
            .collect();
        for every in [3, 5, 7, 11] {
            for message in judge(&with_gaps(capture.events(), every), capture.keys()) {
                match (whole[&place(&message)], message.verdict.name()) {
                    // Without the request nobody can tell its copy.
                    ("echoed", "unchecked") => {}
                    (expected, found) => assert_eq!(expected, found, "{}: {message:?}", capture.name()),
                }
            }
        }
    }
}

#[test]
fn missing_frames_may_cost_a_password_its_key_but_fail_nothing() {
    for capture in sets::small() {
        for every in [3, 5, 7, 11] {
            let messages = judge(&with_gaps(capture.events(), every), capture.passwords());
            assert_eq!(count(&messages, "failed"), 0, "{}, every {every}", capture.name());
        }
    }
}

#[test]
fn lost_smb1_numbers_are_found_again_and_a_flipped_bit_after_that_is_found() {
    let capture = sets::named("smb1-md5-smbtorture-notify-lock");
    let mut events = with_gaps(capture.events(), 11);
    let place = events.iter().rposition(
        |event| matches!(event, Event::Frame(frame) if frame.sender == Sender::Client && frame.number % 11 == 5),
    );
    let Some(Event::Frame(frame)) = place.and_then(|place| events.get_mut(place)) else { unreachable!() };
    *frame.bytes.last_mut().unwrap() ^= 1;
    let number = frame.number;
    let failed: Vec<u64> = judge(&events, capture.keys())
        .iter()
        .filter(|message| matches!(message.verdict, Verdict::Failed { .. }))
        .map(|message| message.frame)
        .collect();
    assert_eq!(failed, [number]);
}

#[test]
fn sessions_are_matched_by_ports_where_the_file_counts_connections_otherwise() {
    let capture = sets::named("smb311-aes-gmac-smbtorture-multichannel-bind");
    let keys = capture.keys_with(|json| {
        let renumber = |index: &mut Value| *index = (index.as_u64().unwrap() + 40).into();
        for connection in json["connections"].as_array_mut().unwrap() {
            renumber(&mut connection["index"]);
        }
        for session in json["sessions"].as_array_mut().unwrap() {
            renumber(&mut session["connection"]);
            session["bound_channels"].as_array_mut().unwrap().iter_mut().for_each(|channel| {
                renumber(&mut channel["connection"]);
            });
        }
    });
    let messages = judge(&midway(&capture, 20), keys);
    assert_eq!((count(&messages, "failed"), count(&messages, "unchecked")), (0, 0));
}
