//! Captures with messages missing: what is left still verifies, and nothing good is called wrong.

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
fn without_keys_what_is_signed_is_counted_apart() {
    for capture in sets::small() {
        for events in [capture.events(), midway(&capture, 20)] {
            let messages = judge(&events, smbsign::capture::keys::Keys::default());
            assert_eq!(count(&messages, "failed") + count(&messages, "verified"), 0, "{}", capture.name());
        }
    }
}

/// Takes every eleventh frame away and says so, as the reader of a capture does.
fn with_gaps(events: Vec<Event>) -> Vec<Event> {
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
        Event::Frame(frame) if frame.number % 11 == 0 => missing(&frame),
        other => other,
    };
    events.into_iter().map(gap).collect()
}

#[test]
fn missing_frames_turn_no_good_message_into_a_failure() {
    for capture in sets::small() {
        let messages = judge(&with_gaps(capture.events()), capture.keys());
        assert_eq!(count(&messages, "failed"), 0, "{}", capture.name());
        assert_eq!(count(&messages, "unchecked"), 0, "{}", capture.name());
    }
}

#[test]
fn lost_smb1_numbers_are_found_again_and_a_flipped_bit_after_that_is_found() {
    let capture = sets::named("smb1-md5-smbtorture-notify-lock");
    let mut events = with_gaps(capture.events());
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
