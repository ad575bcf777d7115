//! SMB1 without extended security, whose MAC key has the challenge response appended (rule 29).

use std::net::SocketAddr;

use serde_json::Value;
use smbsign::capture::follow::{Follower, Message, SignedWith, Verdict};
use smbsign::capture::keys::{Credentials, Keys, Secret};
use smbsign::capture::{Connection, Event, Frame};
use smbsign_engine::protocol::{Sender, SequenceNumber};

fn smb1(command: u8, flags: u8, mid: u16, rest: &[u8]) -> Vec<u8> {
    let mut message = [&b"\xffSMB"[..], &[command, 0, 0, 0, 0, flags, 0, 0x80], &[0; 20], rest].concat();
    message[30..32].copy_from_slice(&mid.to_le_bytes());
    message
}

/// A NEGOTIATE response of NT LM 0.12 that carries the challenge itself.
fn negotiate_response(challenge: &[u8]) -> Vec<u8> {
    let mut words = [0; 34];
    words[33] = 8; // ChallengeLength; Capabilities stay without extended security
    smb1(0x72, 0x88, 0, &[&[17][..], &words, &[8, 0], challenge].concat())
}

fn session_setup_request(mid: u16, response: &[u8], user: &str, domain: &str) -> Vec<u8> {
    let mut words = [0; 26];
    words[16..18].copy_from_slice(&u16::try_from(response.len()).unwrap().to_le_bytes());
    let mut names: Vec<u8> = [user, domain]
        .iter()
        .flat_map(|name| name.encode_utf16().chain([0]))
        .flat_map(u16::to_le_bytes)
        .collect();
    if (61 + response.len()) % 2 == 1 {
        names.insert(0, 0);
    }
    let data = [response, &names].concat();
    let length = u16::try_from(data.len()).unwrap().to_le_bytes();
    smb1(0x73, 0x18, mid, &[&[13][..], &words, &length, &data].concat())
}

#[test]
fn a_logon_without_extended_security_signs_as_smbclient_computed_it() {
    let vectors: Value =
        serde_json::from_str(include_str!("../data/smb1-challenge-response-appended.vector.json")).unwrap();
    for vector in vectors["vectors"].as_array().unwrap() {
        let text = |key: &str| vector[key].as_str().unwrap();
        let bytes = |key: &str| hex::decode(text(key)).unwrap();
        let mut answer = bytes("message");
        answer[14..22].copy_from_slice(&bytes("expected_signature"));
        let mid = u16::from_le_bytes([answer[30], answer[31]]);
        let frames = [
            (Sender::Client, smb1(0x72, 0x18, 0, &[0, 0, 0])),
            (Sender::Server, negotiate_response(&bytes("server_challenge"))),
            (
                Sender::Client,
                session_setup_request(mid, &bytes("challenge_response"), text("user"), text("domain")),
            ),
            (Sender::Server, answer),
        ];
        let credentials = Credentials::new(
            text("user").into(),
            text("domain").into(),
            Secret::new(text("password").into()),
        );
        let messages = follow(Keys::from_credentials(vec![credentials]), frames);
        let verdict = &messages[3].verdict;
        let first = SignedWith::Response(SequenceNumber(1));
        assert!(matches!(verdict, Verdict::Verified(with) if *with == first), "{}: {verdict}", text("kind"));
    }
}

fn follow(keys: Keys, frames: [(Sender, Vec<u8>); 4]) -> Vec<Message> {
    let address = |port| SocketAddr::from(([10, 0, 0, 1], port));
    let mut follower = Follower::new(keys);
    follower.event(&Event::Opened(Connection { index: 0, client: address(50000), server: address(445) }));
    let mut number = 0;
    let frames = frames.map(|(sender, bytes)| {
        number += 1;
        Event::Frame(Frame { number, packet: number, connection: 0, sender, bytes })
    });
    frames.iter().flat_map(|frame| follower.event(frame)).collect()
}
