//! Every signature of every capture, from keys and from passwords.

use smbsign::capture::keys::Keys;
use smbsign::capture::verification::{Counts, Verification};
use smbsign::report::messages;
use std::io::Write as _;

use crate::sets::{self, Capture};

/// Verifies each capture of a set and compares its counts with those it was recorded with.
fn verify_all(captures: &[Capture], keys: impl Fn(&Capture) -> Keys) -> Counts {
    let mut total = Counts::default();
    for capture in captures {
        let verification = Verification::of(capture.file(), keys(capture), |_| ()).unwrap();
        let counts = verification.counts;
        let expected = |count| capture.expected(count);
        let name = capture.name();
        assert!(verification.damage.is_empty(), "{name}: {:?}", verification.damage);
        assert_eq!(verification.unchecked.len(), 0, "{name}");
        assert_eq!(
            counts,
            Counts {
                frames: expected("frames"),
                messages: expected("messages"),
                signed: expected("signed"),
                verified: expected("verified"),
                failed: 0,
                unsigned: expected("unsigned"),
                echoed: expected("echoed_signature"),
                unchecked: 0,
                transforms: expected("transforms"),
                undecryptable: expected("transforms_undecryptable"),
            },
            "{name}"
        );
        total += counts;
    }
    total
}

/// Says which set ran, past the harness, which keeps what passing tests print to itself.
fn report(set: &str, total: Option<Counts>) {
    let said = total.map_or_else(
        || "not there, not run".to_owned(),
        |total| format!("{} verified, {} echoed", total.verified, total.echoed),
    );
    let _ = writeln!(std::io::stderr(), "verified: {set}: {said}");
}

fn is_kerberos(capture: &Capture) -> bool {
    capture.accounts().is_empty()
}

#[test]
fn every_signature_verifies_with_the_keys_beside_the_capture() {
    let small = verify_all(&sets::small(), Capture::keys);
    report("the repository's captures", Some(small));
    let full = |set, verified, echoed| {
        let captures = sets::full(set);
        let total = (!captures.is_empty()).then(|| verify_all(&captures, Capture::keys));
        report(set, total);
        if let Some(total) = total {
            assert_eq!((total.verified, total.echoed), (verified, echoed));
        }
    };
    full("captures", 6698, 127);
    full("dc-profile/captures", 6337, 0);
}

#[test]
fn passwords_alone_give_every_key_of_ntlm_sessions() {
    for mut captures in [sets::small(), sets::full("captures"), sets::full("dc-profile/captures")] {
        captures.retain(|capture| !is_kerberos(capture));
        verify_all(&captures, Capture::passwords);
    }
}

#[test]
fn a_key_file_may_hold_credentials_alone() {
    let mut captures = sets::small();
    captures.retain(|capture| !is_kerberos(capture));
    verify_all(&captures, |capture| {
        capture.keys_with(|json| {
            json.as_object_mut().unwrap().retain(|key, _| key == "credentials");
        })
    });
}

#[test]
fn session_keys_alone_give_every_other_key() {
    let mut captures = sets::small();
    captures.append(&mut sets::full("dc-profile/captures"));
    verify_all(&captures, |capture| {
        capture.keys_with(|json| {
            json["credentials"] = serde_json::json!([]);
            for session in json["sessions"].as_array_mut().unwrap() {
                for key in
                    ["signing_key", "mac_key", "client_to_server_cipher_key", "server_to_client_cipher_key"]
                {
                    session[key].take();
                }
                for channel in session["bound_channels"].as_array_mut().unwrap() {
                    channel["signing_key"].take();
                }
            }
        })
    });
}

#[test]
fn every_message_is_listed_as_it_was_when_recorded() {
    for capture in
        [sets::small(), sets::full("captures"), sets::full("dc-profile/captures")].into_iter().flatten()
    {
        let mut rows = Vec::new();
        let keys = capture.keys();
        Verification::of(capture.file(), keys, |message| rows.push(messages::row(message))).unwrap();
        let mut list = csv::Reader::from_path(capture.path.with_extension("messages.csv")).unwrap();
        assert_eq!(list.headers().unwrap(), &messages::COLUMNS[..]);
        let expected: Vec<csv::StringRecord> = list.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), expected.len(), "{}", capture.name());
        for (row, expected) in rows.iter().zip(&expected) {
            // The reason's words are our own.
            let columns = 0..messages::COLUMNS.len() - 1;
            assert!(
                columns.into_iter().all(|column| row[column] == expected[column]),
                "{row:?}, not {expected:?}"
            );
        }
    }
}
