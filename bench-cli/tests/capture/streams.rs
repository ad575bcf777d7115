//! However TCP carries two streams, the same frames come out.

use proptest::collection::vec;
use proptest::prelude::*;
use smbsign::capture::Frame;
use smbsign_engine::protocol::Sender;

use crate::wire::{Segment, Talk, bodies, frame, pcap, read};

/// One direction: what is sent, and the segments it is sent in, each with the order it comes in.
#[derive(Debug, Clone)]
struct Direction {
    frames: Vec<Vec<u8>>,
    segments: Vec<(usize, Segment)>,
}

/// How a piece of the stream is sent: its length, how late it comes, and how it is sent again.
type Piece = (usize, usize, Option<(usize, usize, usize)>);

fn direction(sender: Sender, first: u32, peer: u32) -> impl Strategy<Value = Direction> {
    let frames = vec((any::<u8>(), 20_usize..6000), 0..8);
    let pieces = vec(
        (1_usize..2000, 0_usize..12, proptest::option::of((0_usize..900, 0_usize..900, 0_usize..30))),
        1..40,
    );
    (frames, pieces).prop_map(move |(frames, pieces): (Vec<(u8, usize)>, Vec<Piece>)| {
        let frames: Vec<_> = frames.iter().map(|(seed, length)| frame(sender, *seed, *length)).collect();
        let stream = frames.concat();
        let mut segments = Vec::new();
        let mut at = 0;
        let segment = |from: usize, to: usize| Segment {
            sequence: first.wrapping_add(from as u32),
            // An acknowledgment of the first byte only: never more than the capture holds.
            acknowledgment: Some(peer),
            payload: stream[from..to].to_vec(),
            ..Segment::default()
        };
        for (turn, (length, late, again)) in pieces.iter().cycle().enumerate() {
            if at >= stream.len() {
                break;
            }
            let end = (at + length).min(stream.len());
            segments.push((turn + late, segment(at, end)));
            if let Some((before, after, late)) = again {
                let (from, to) = (at.saturating_sub(*before), (end + after).min(stream.len()));
                segments.push((turn + late, segment(from, to)));
            }
            at = end;
        }
        Direction { frames, segments }
    })
}

/// Both directions and their first sequence numbers, often close to where these wrap.
fn conversation() -> impl Strategy<Value = (Direction, Direction, [u32; 2])> {
    let first = || prop_oneof![any::<u32>(), (u32::MAX - 9000)..=u32::MAX];
    [first(), first()].prop_flat_map(|first| {
        let [client, server] = first.map(|first| first.wrapping_add(1));
        (direction(Sender::Client, client, server), direction(Sender::Server, server, client), Just(first))
    })
}

fn of(sender: Sender, frames: &[Frame]) -> Vec<&[u8]> {
    frames.iter().filter(|frame| frame.sender == sender).map(|frame| frame.bytes.as_slice()).collect()
}

proptest! {
    #[test]
    fn segments_cut_late_repeated_and_overlapping_carry_the_same_frames(
        (client, server, first) in conversation(),
        ip_version in prop_oneof![Just(4_u8), Just(6)],
    ) {
        let mut talk = Talk { ip_version, next: first, ..Talk::midway() };
        talk.handshake();
        let mut order: Vec<_> = client.segments.iter().map(|(at, segment)| (*at, Sender::Client, segment)).collect();
        order.extend(server.segments.iter().map(|(at, segment)| (*at, Sender::Server, segment)));
        order.sort_by_key(|(at, ..)| *at);
        for (_, sender, segment) in order {
            talk.put(sender, segment);
        }
        let (frames, damage) = talk.read();
        prop_assert!(damage.is_empty(), "{damage:?}");
        prop_assert_eq!(of(Sender::Client, &frames), bodies(&client.frames));
        prop_assert_eq!(of(Sender::Server, &frames), bodies(&server.frames));
        prop_assert!(frames.is_sorted_by_key(|frame| frame.packet));
    }

    #[test]
    fn lost_packets_never_make_a_frame_that_was_not_sent(
        sent in vec((any::<u8>(), 20_usize..4000), 1..12),
        size in 100_usize..1500,
        lost in vec(any::<prop::sample::Index>(), 1..6),
        acknowledged in any::<bool>(),
    ) {
        let sent: Vec<_> = sent.iter().map(|(seed, length)| frame(Sender::Client, *seed, *length)).collect();
        let mut talk = Talk::begin([7, 9]);
        for frame in &sent {
            talk.send(Sender::Client, frame, size);
            if acknowledged {
                talk.send(Sender::Server, &self::frame(Sender::Server, 1, 80), size);
            }
        }
        let packets = talk.packets.len();
        let mut lost: Vec<_> = lost.iter().map(|index| 2 + index.index(packets - 2)).collect();
        lost.sort_unstable();
        lost.dedup();
        for at in lost.iter().rev() {
            talk.packets.remove(*at);
        }
        let (frames, _) = talk.read();
        let expected = bodies(&sent);
        let mut rest = expected.iter();
        for found in of(Sender::Client, &frames) {
            prop_assert!(rest.any(|sent| *sent == found), "a frame that was not sent, or out of order");
        }
    }

    #[test]
    fn any_bytes_at_all_are_read_to_the_end(
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        end in any::<prop::sample::Index>(),
        pcapng in any::<bool>(),
        ip_version in prop_oneof![Just(4_u8), Just(6)],
    ) {
        let packets = if ip_version == 4 {
            crate::wire::fixture("smb302-aes-cmac-smbtorture-multichannel-bind.pcap")
        } else {
            let mut talk = Talk { ip_version, ..Talk::midway() };
            talk.handshake();
            for seed in 0..20 {
                talk.send(Sender::Client, &frame(Sender::Client, seed, 150), 90);
                talk.send(Sender::Server, &frame(Sender::Server, seed, 150), 90);
            }
            talk.packets
        };
        let mut file = if pcapng {
            let mut file = crate::wire::Pcapng::new(u32::to_le_bytes);
            file.section(&[101], 0);
            for packet in &packets {
                file.packet(crate::wire::PacketBlock::Enhanced, 0, packet);
            }
            file.file
        } else {
            pcap(101, &packets)
        };
        for (at, flip) in flips {
            let at = at.index(file.len());
            file[at] ^= flip;
        }
        file.truncate(end.index(file.len()) + 1);
        if let Ok(events) = smbsign::capture::Events::new(file.as_slice()) {
            // Each packet gives few events: more would mean that reading goes in circles.
            prop_assert!(events.count() < 20 * packets.len());
        }
    }
}

#[test]
fn of_bytes_sent_twice_the_first_seen_count() {
    let sent = frame(Sender::Client, 1, 300);
    let mut talk = Talk::begin([5, 5]);
    let mut early = talk.segment(Sender::Client, &sent);
    early.sequence += 100;
    early.payload.drain(..100);
    talk.put(Sender::Client, &early);
    let other = frame(Sender::Client, 0x55, 300);
    talk.put(Sender::Client, &Segment { sequence: 6, payload: other.clone(), ..early });
    let expected = [&other[..100], &sent[100..]].concat();
    assert_eq!(talk.frames()[0].bytes, expected[4..]);
}

#[test]
fn keep_alive_probes_add_nothing() {
    let mut talk = Talk::begin([5, 5]);
    let sent: Vec<_> = (0..3).map(|seed| frame(Sender::Client, seed, 200)).collect();
    for frame in &sent {
        talk.send(Sender::Client, frame, 1000);
        let mut probe = talk.segment(Sender::Client, &[]);
        probe.sequence -= 1;
        probe.payload = vec![0];
        talk.put(Sender::Client, &probe);
    }
    let (frames, damage) = talk.read();
    assert!(damage.is_empty());
    assert_eq!(of(Sender::Client, &frames), bodies(&sent));
}

#[test]
fn netbios_session_packets_are_passed_over() {
    let mut talk = Talk { server_port: 139, ..Talk::midway() };
    talk.handshake();
    talk.send(Sender::Client, &[&[0x81, 0, 0, 68][..], &[0x20; 68]].concat(), 40);
    talk.send(Sender::Server, &[0x82, 0, 0, 0], 40);
    let sent = frame(Sender::Client, 1, 200);
    talk.send(Sender::Client, &[&sent[..], &[0x85, 0, 0, 0], &sent].concat(), 90);
    assert_eq!(of(Sender::Client, &talk.frames()), bodies(&[sent.clone(), sent]));
}

#[test]
fn ports_used_again_are_a_new_connection() {
    let mut talk = Talk::begin([100, 200]);
    talk.send(Sender::Client, &frame(Sender::Client, 1, 100), 60);
    talk.next = [9_000_000, 8_000_000];
    talk.handshake();
    talk.send(Sender::Client, &frame(Sender::Client, 2, 100), 60);
    let connections: Vec<_> = talk.frames().iter().map(|frame| frame.connection).collect();
    assert_eq!(connections, [0, 1]);
}

#[test]
fn what_is_not_smb_is_no_connection() {
    let mut talk = Talk { server_port: 80, ..Talk::midway() };
    talk.handshake();
    talk.send(Sender::Client, b"GET / HTTP/1.1\r\n\r\n", 5);
    talk.send(Sender::Server, &[0; 5000], 900);
    let (frames, damage) = talk.read();
    assert!(frames.is_empty() && damage.is_empty());
}

#[test]
fn a_response_captured_before_its_request_comes_after_it() {
    let mut talk = Talk::begin([10, 20]);
    for seed in 0..20 {
        talk.send(Sender::Client, &frame(Sender::Client, seed, 200), 150);
        talk.send(Sender::Server, &frame(Sender::Server, seed, 3000), 1460);
    }
    let in_order = talk.frames();
    assert_eq!(in_order.len(), 40);
    // Behind the handshake, each packet up to eight places from its own.
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..50 {
        let mut places: Vec<_> =
            talk.packets.iter().enumerate().map(|(at, packet)| (at + random.usize(0..8), packet)).collect();
        places[2..].sort_by_key(|(place, _)| *place);
        let packets: Vec<_> = places.into_iter().map(|(_, packet)| packet.clone()).collect();
        let frames = read(&pcap(101, &packets)).0;
        assert!(frames.iter().map(|frame| &frame.bytes).eq(in_order.iter().map(|frame| &frame.bytes)));
    }
}

#[test]
fn a_response_whose_request_is_missing_is_not_waited_for_long() {
    let mut talk = Talk::begin([10, 20]);
    talk.send(Sender::Client, &frame(Sender::Client, 1, 200), 1460);
    talk.segment(Sender::Client, &[0; 300]);
    for seed in 0..40 {
        talk.send(Sender::Server, &frame(Sender::Server, seed, 100), 1460);
    }
    let frames = talk.frames();
    assert_eq!(frames.len(), 41);
    assert!(frames.windows(2).all(|pair| pair[0].number < pair[1].number && pair[0].packet < pair[1].packet));
}
