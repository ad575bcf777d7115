//! Things that real clients do and a careful reader of the specification would not expect.

use std::fs::File;
use std::path::{Path, PathBuf};

use smbsign::capture::follow::{Message, SignedWith, Unchecked, Verdict};
use smbsign::capture::keys::{Credentials, Keys, NoKey, Secret};
use smbsign::capture::{Event, Events};

use crate::sets;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/odd").join(name).with_extension("pcap")
}

fn events(name: &str) -> Vec<Event> {
    Events::new(File::open(path(name)).unwrap()).unwrap().collect()
}

fn keys() -> Keys {
    let alice = Credentials::new("alice".to_owned(), String::new(), Secret::new("Passw0rd!".to_owned()));
    Keys::from_credentials(vec![alice])
}

/// Signed messages by verdict: verified, failed, echoed, unchecked.
fn signed(messages: &[Message]) -> [usize; 4] {
    ["verified", "failed", "echoed", "unchecked"]
        .map(|name| messages.iter().filter(|message| message.verdict.name() == name).count())
}

fn latest_session(messages: &[Message]) -> Vec<&Message> {
    let is_latest =
        |message: &&Message| matches!(message.verdict, Verdict::Verified(SignedWith::LatestSession));
    messages.iter().filter(is_latest).collect()
}

#[test]
fn clients_go_on_after_logoff_with_the_keys_of_the_session_they_left() {
    let messages = sets::judge(&events("smb311-smbclient-after-logoff"), keys());
    assert_eq!(signed(&messages), [27, 0, 2, 0]);
    let wiped: Vec<_> = latest_session(&messages).iter().map(|message| message.header.session()).collect();
    assert_eq!(wiped, ["ffffffffffffffff"; 2]);

    let messages = sets::judge(&events("smb311-encrypted-impacket-after-logoff"), keys());
    assert_eq!(signed(&messages), [7, 0, 6, 0]);
    assert_eq!(messages.last().map(|message| message.encrypted), Some(true));
}

#[test]
fn a_client_may_sign_for_a_session_that_is_not_there() {
    let messages = sets::judge(&events("smb311-smbtorture-session-id"), keys());
    assert_eq!(signed(&messages), [14, 0, 1, 0]);
    assert_eq!(latest_session(&messages).len(), 1);
}

#[test]
fn a_session_id_that_was_changed_to_none_is_found() {
    let name = "smb311-smbtorture-session-id";
    let judged = sets::judge(&events(name), keys());
    let honest = judged.iter().filter(|message| matches!(message.verdict, Verdict::Verified(_)));
    for message in honest.filter(|message| message.sender == smbsign_engine::protocol::Sender::Client) {
        for id in [0, 1, u64::MAX] {
            let mut changed = events(name);
            for event in &mut changed {
                if let Event::Frame(frame) = event
                    && frame.number == message.frame
                {
                    frame.bytes[40..48].copy_from_slice(&u64::to_le_bytes(id));
                }
            }
            let messages = sets::judge(&changed, keys());
            let found = messages.iter().find(|changed| changed.frame == message.frame).unwrap();
            assert_eq!(found.verdict.name(), "failed", "frame {}: {}", message.frame, found.verdict);
        }
    }
}

#[test]
fn a_capture_of_one_direction_has_no_keys_and_no_failures() {
    let messages = sets::judge(&events("smb311-smbclient-requests-only"), keys());
    assert_eq!(signed(&messages), [0, 0, 0, 12]);
    assert!(messages.iter().all(|message| !matches!(&message.verdict, Verdict::Unchecked(reason)
                if *reason != Unchecked::NoKey(NoKey::NoSessionSetup))));
}

#[test]
fn an_anonymous_smb1_client_may_sign_alone() {
    let messages = sets::judge(&events("smb1-impacket-anonymous"), Keys::default());
    assert_eq!(signed(&messages), [6, 0, 0, 0]);
}
