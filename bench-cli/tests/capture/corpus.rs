//! Every capture at hand against the list of messages made when it was recorded.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use smbsign::capture::{Event, Events, Frame};
use smbsign_engine::protocol::Sender;

/// What a message list says of one frame. Lengths are those of the plaintext where a frame is encrypted: `None` here.
#[derive(Debug, PartialEq)]
struct Expected {
    connection: usize,
    sender: Sender,
    bytes: Option<usize>,
}

#[test]
fn every_frame_of_every_capture_is_found_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sets = ["tests/data/captures", "../../shared/captures", "../../shared/dc-profile/captures"];
    for set in sets.map(|set| root.join(set)) {
        let captures = captures_in(&set);
        // Past the harness, which keeps what passing tests print to itself.
        let _ = writeln!(std::io::stderr(), "read: {}: {} captures", set.display(), captures.len());
        for capture in captures {
            check(&capture);
        }
    }
    assert!(!captures_in(&root.join("tests/data/captures")).is_empty());
}

fn captures_in(set: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(set) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "pcap")).collect()
}

fn check(capture: &Path) {
    let name = capture.display();
    let mut frames = Vec::new();
    let mut connections = Vec::new();
    for event in Events::new(File::open(capture).unwrap()).unwrap() {
        match event {
            Event::Opened(connection) => connections.push(connection),
            Event::Frame(frame) => frames.push(frame),
            Event::Closed(_) => {}
            Event::Damage(damage) => panic!("{name}: {damage}"),
        }
    }
    let record: serde_json::Value =
        serde_json::from_reader(File::open(capture.with_extension("json")).unwrap()).unwrap();
    assert_eq!(record["expected"]["frames"], frames.len(), "{name}");
    for (connection, expected) in connections.iter().zip(record["connections"].as_array().unwrap()) {
        assert_eq!(expected["index"], connection.index, "{name}");
        assert_eq!(expected["client_port"], connection.client.port(), "{name}");
        assert_eq!(expected["server_port"], connection.server.port(), "{name}");
    }
    assert!(frames.is_sorted_by_key(|frame| frame.packet), "{name}");
    let expected = message_list(&capture.with_extension("messages.csv"));
    assert_eq!(frames.len(), expected.len(), "{name}");
    for (frame, (number, expected)) in frames.iter().zip(expected) {
        assert_eq!(frame.number, number, "{name}");
        let bytes = expected.bytes.map(|_| frame.bytes.len());
        let Frame { connection, sender, .. } = *frame;
        assert_eq!(Expected { connection, sender, bytes }, expected, "{name}: frame {number}");
    }
}

fn message_list(path: &Path) -> BTreeMap<u64, Expected> {
    let mut list = BTreeMap::new();
    for row in csv::Reader::from_path(path).unwrap().deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let number = |column: &str| row[column].parse::<usize>().unwrap();
        let end = number("offset_in_frame") + number("length");
        let expected = Expected {
            connection: number("conn"),
            sender: if row["dir"] == "C" { Sender::Client } else { Sender::Server },
            bytes: (row["encrypted"] == "0").then_some(end),
        };
        // Of a compound's rows the last one reaches to the end of the frame.
        list.insert(number("frame") as u64, expected);
    }
    list
}
