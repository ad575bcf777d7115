//! What is missing is named, and the rest is read.

use smbsign::capture::{Event, Events};
use smbsign_engine::protocol::Sender::{self, Client, Server};

use crate::wire::{Talk, bodies, frame, pcap};

fn frames(sender: Sender, count: u8, length: usize) -> Vec<Vec<u8>> {
    (0..count).map(|seed| frame(sender, seed, length)).collect()
}

/// The bytes of the frames the client sent.
fn from_client(talk: &Talk) -> Vec<Vec<u8>> {
    talk.frames().into_iter().filter(|frame| frame.sender == Client).map(|frame| frame.bytes).collect()
}

#[test]
fn a_packet_lost_inside_a_frame_costs_that_frame_alone() {
    let sent = frames(Client, 3, 3000);
    let mut talk = Talk::begin([1, 1]);
    talk.send(Client, &sent.concat(), 1000);
    talk.send(Server, &frame(Server, 1, 100), 1000);
    talk.packets.remove(2 + 4);
    assert_eq!(from_client(&talk), [bodies(&sent)[0], bodies(&sent)[2]]);
    let (_, damage) = talk.read();
    assert_eq!(
        damage,
        ["connection 0, client to server: of an SMB frame of 3000 bytes in packets 6 to 8, 1000 bytes are \
             missing: packets are not in the capture"]
    );
}

#[test]
fn a_gap_over_a_frame_boundary_is_left_at_the_next_segment_that_begins_a_frame() {
    let sent = frames(Client, 4, 1500);
    let mut talk = Talk::begin([1, 1]);
    talk.send(Client, &sent[..2].concat(), 1000);
    for frame in &sent[2..] {
        talk.send(Client, frame, 2000);
    }
    talk.packets.remove(2 + 1);
    assert_eq!(from_client(&talk), bodies(&sent)[2..]);
    let (_, damage) = talk.read();
    assert_eq!(
        damage,
        [
            "connection 0, client to server: of an SMB frame of 1500 bytes in packets 3 to 4, 504 bytes are \
             missing: packets are not in the capture",
            "connection 0, client to server: no SMB frames could be read in packets 4 to 6 (1000 bytes missing, \
             1008 bytes skipped): packets are not in the capture"
        ]
    );
}

#[test]
fn an_acknowledged_gap_is_given_up_while_the_capture_goes_on() {
    let sent = frames(Client, 60, 500);
    let mut talk = Talk::begin([1, 1]);
    for frame in &sent {
        talk.send(Client, frame, 1000);
        talk.send(Server, &self::frame(Server, 1, 100), 1000);
    }
    talk.packets.remove(2 + 10);
    let position = |wanted: &dyn Fn(&Event) -> bool| {
        Events::new(pcap(101, &talk.packets).as_slice()).unwrap().position(|event| wanted(&event)).unwrap()
    };
    let told = position(&|event| matches!(event, Event::Damage(_)));
    let last = position(&|event| matches!(event, Event::Frame(frame) if frame.packet == 121));
    assert!(told < last, "{told} {last}");
    assert_eq!(from_client(&talk).len(), 59);
}

#[test]
fn a_gap_nobody_acknowledges_is_given_up_when_too_much_waits() {
    let mut talk = Talk::begin([1, 1]);
    let mut sent = frames(Client, 10, 8_000_000);
    sent.insert(0, frame(Client, 99, 500));
    talk.send(Client, &sent.concat(), 60_000);
    talk.packets.remove(2);
    let found = from_client(&talk);
    assert_eq!(found.len(), 0, "the first segment held the header of a frame and no later one begins there");

    let mut talk = Talk::begin([1, 1]);
    for frame in &sent {
        talk.send(Client, frame, 60_000);
    }
    talk.packets.remove(2);
    assert_eq!(from_client(&talk), bodies(&sent)[1..]);
    let capture = pcap(101, &talk.packets);
    let mut rest = capture.as_slice();
    let mut events = Events::new(&mut rest).unwrap();
    assert!(events.any(|event| matches!(event, Event::Frame(_))));
    drop(events);
    assert!(rest.len() > capture.len() / 2, "the first frame came only after most of the capture was read");
}

#[test]
fn a_capture_that_begins_midway_is_read_from_the_next_frame_on() {
    let sent = frames(Client, 3, 1000);
    for server_port in [445, 4450] {
        let mut talk = Talk { server_port, ..Talk::midway() };
        talk.send(Client, &sent[0][300..], 400);
        talk.send(Server, &frame(Server, 1, 100), 1000);
        for frame in &sent[1..] {
            talk.send(Client, frame, 400);
        }
        assert_eq!(from_client(&talk), bodies(&sent)[1..]);
        let (_, damage) = talk.read();
        assert_eq!(
            damage,
            [
                "connection 0: the capture begins in the middle of it (packet 1)",
                "connection 0, client to server: no SMB frames could be read in packets 1 to 4 (0 bytes missing, \
                 704 bytes skipped): the capture begins in the middle of a frame"
            ]
        );
    }
}

#[test]
fn one_direction_alone_is_read() {
    let sent = frames(Server, 5, 2000);
    let mut talk = Talk::begin([1, 1]);
    talk.send(Server, &sent.concat(), 700);
    talk.packets.remove(0);
    let (frames, damage) = talk.read();
    assert!(damage.is_empty(), "{damage:?}");
    assert!(frames.iter().all(|frame| frame.sender == Server));
    assert_eq!(frames.iter().map(|frame| frame.bytes.as_slice()).collect::<Vec<_>>(), bodies(&sent));
}

#[test]
fn a_frame_the_capture_does_not_end_is_named() {
    let sent = frames(Client, 2, 1000);
    let mut talk = Talk::begin([1, 1]);
    talk.send(Client, &sent.concat()[..1500], 800);
    let (found, damage) = talk.read();
    assert_eq!(found.len(), 1);
    assert_eq!(
        damage,
        ["connection 0, client to server: of an SMB frame of 1000 bytes in packets 4 to 4, 508 bytes are \
             missing: the capture ended"]
    );
}

#[test]
fn bytes_acknowledged_but_never_captured_are_named_at_the_end() {
    let mut talk = Talk::begin([1, 1]);
    talk.send(Client, &frame(Client, 1, 100), 1000);
    talk.send(Client, &frame(Client, 2, 100), 1000);
    talk.packets.pop();
    talk.send(Server, &frame(Server, 1, 100), 1000);
    assert_eq!(
        talk.read().1,
        [
            "connection 0, client to server: no SMB frames could be read in packets 4 to 4 (104 bytes missing, 0 \
             bytes skipped): packets are not in the capture"
        ]
    );
}

#[test]
fn a_connection_closes_with_both_fins_or_a_reset_and_late_packets_do_not_open_it_again() {
    for reset in [false, true] {
        let mut talk = Talk::begin([1, 1]);
        let sent = frame(Client, 1, 100);
        talk.send(Client, &sent, 1000);
        let late = talk.packets.last().cloned();
        talk.send(Server, &frame(Server, 1, 100), 1000);
        let senders: &[Sender] = if reset { &[Client] } else { &[Client, Server] };
        for sender in senders {
            let mut end = talk.segment(*sender, &[]);
            (end.fin, end.rst) = (!reset, reset);
            talk.put(*sender, &end);
        }
        talk.packets.extend(late);
        let events: Vec<_> = Events::new(pcap(101, &talk.packets).as_slice()).unwrap().collect();
        assert!(
            matches!(events[..], [Event::Opened(_), Event::Frame(_), Event::Frame(_), Event::Closed(0)]),
            "{events:?}"
        );
    }
}

#[test]
fn bytes_that_are_no_framing_are_named() {
    let sent = frames(Client, 2, 500);
    let mut talk = Talk::begin([1, 1]);
    talk.send(Client, &sent[0], 1000);
    talk.send(Client, b"\x17\x03\x03\x00\x20 not SMB", 1000);
    talk.send(Client, &sent[1], 1000);
    assert_eq!(from_client(&talk), bodies(&sent));
    assert!(talk.read().1[0].ends_with("(0 bytes missing, 13 bytes skipped): the bytes are not SMB frames"));
}

#[test]
fn an_smb_port_without_a_single_frame_is_named() {
    let mut talk = Talk::midway();
    talk.send(Client, &[0x55; 3000], 1000);
    assert_eq!(
        talk.read().1,
        [
            "10.0.0.1:50123 → 10.0.0.2:445 (from packet 1): 3000 bytes, but no SMB frame could be found in them"
        ]
    );
}

#[test]
fn scans_of_many_ports_do_not_disturb_the_connections_among_them() {
    let sent = frames(Client, 3, 1000);
    let mut talk = Talk::begin([1, 1]);
    let mut scan = Talk::midway();
    for server_port in 10_000..35_000 {
        scan.server_port = server_port;
        scan.handshake();
    }
    for frame in &sent {
        talk.send(Client, &frame[..700], 400);
        talk.packets.append(&mut scan.packets.clone());
        talk.send(Client, &frame[700..], 400);
    }
    let (found, damage) = talk.read();
    assert!(damage.is_empty(), "{damage:?}");
    assert_eq!(found.iter().map(|frame| frame.bytes.as_slice()).collect::<Vec<_>>(), bodies(&sent));
}
