//! File formats and link layers: the same packets, written down in every way, hold the same frames.

use smbsign::capture::{Damage, Event, Events, FileError, Frame};

use crate::wire::{PacketBlock, Pcap, Pcapng, Talk, fixture, on_link, pcap, read};

const SMALL: &str = "smb302-aes-cmac-smbtorture-multichannel-bind.pcap";
/// The packets of its frames, as tshark numbers them.
const SMALL_PACKETS: [u64; 5] = [4, 6, 8, 9, 10];

fn expected(packets: &[Vec<u8>]) -> Vec<Frame> {
    let (frames, damage) = read(&pcap(101, packets));
    assert!(damage.is_empty() && frames.len() == 44);
    frames
}

#[test]
fn packets_are_numbered_as_wireshark_numbers_them() {
    let packets: Vec<u64> = expected(&fixture(SMALL)).iter().map(|frame| frame.packet).collect();
    assert_eq!(packets[..5], SMALL_PACKETS);
}

#[test]
fn journal_entries_and_custom_blocks_count_as_packets_and_statistics_do_not() {
    let packets = fixture(SMALL);
    let mut file = Pcapng::new(u32::to_le_bytes);
    file.section(&[101], 0);
    file.block(9, b"__REALTIME_TIMESTAMP=1\nMESSAGE=hello\n");
    file.block(0xbad, &[0xd9, 0x7e, 0, 0, 1, 2, 3, 4]);
    file.block(5, &[0; 12]);
    for packet in &packets {
        file.packet(PacketBlock::Enhanced, 0, packet);
    }
    assert_eq!(read(&file.file).0[0].packet, SMALL_PACKETS[0] + 2);
}

#[test]
fn every_kind_of_pcap_holds_the_same_frames() {
    let packets = fixture(SMALL);
    for (magic, order, record_extra) in [
        (0xa1b2_c3d4, u32::to_le_bytes as fn(u32) -> [u8; 4], 0),
        (0xa1b2_c3d4, u32::to_be_bytes, 0),
        (0xa1b2_3c4d, u32::to_le_bytes, 0),
        (0xa1b2_3c4d, u32::to_be_bytes, 0),
        (0xa1b2_cd34, u32::to_le_bytes, 8),
    ] {
        let file = Pcap { magic, order, record_extra }.file(101, &packets);
        assert_eq!(read(&file).0, expected(&packets), "{magic:x}");
    }
}

#[test]
fn every_kind_of_pcapng_block_holds_the_same_frames() {
    let packets = fixture(SMALL);
    for kind in [PacketBlock::Enhanced, PacketBlock::Simple, PacketBlock::Old] {
        for order in [u32::to_le_bytes as fn(u32) -> [u8; 4], u32::to_be_bytes] {
            let mut file = Pcapng::new(order);
            file.section(&[101], 0);
            for packet in &packets {
                file.packet(kind, 0, packet);
            }
            assert_eq!(read(&file.file).0, expected(&packets), "{kind:?}");
        }
    }
}

#[test]
fn sections_bring_their_own_byte_order_and_interfaces_their_own_link_type() {
    let packets = fixture(SMALL);
    let (first, second) = packets.split_at(30);
    let mut file = Pcapng::new(u32::to_le_bytes);
    file.section(&[1, 101], 0);
    for (at, packet) in first.iter().enumerate() {
        let interface = at as u16 % 2;
        let packet = on_link(if interface == 0 { 1 } else { 101 }, packet);
        file.packet(PacketBlock::Enhanced, interface, &packet);
    }
    file.order = u32::to_be_bytes;
    file.section(&[276], 0);
    for packet in second {
        file.packet(PacketBlock::Enhanced, 0, &on_link(276, packet));
    }
    assert_eq!(read(&file.file).0, expected(&packets));
}

#[test]
fn every_link_layer_holds_the_same_frames() {
    let packets = fixture(SMALL);
    for link_type in [0, 1, 12, 14, 101, 108, 113, 228, 276] {
        let linked: Vec<_> = packets.iter().map(|packet| on_link(link_type, packet)).collect();
        assert_eq!(read(&pcap(link_type, &linked)).0, expected(&packets), "{link_type}");
    }
}

#[test]
fn vlan_tags_and_ethernet_padding_are_no_part_of_the_stream() {
    let packets = fixture(SMALL);
    let tagged = packets.iter().map(|packet| {
        let mut linked = on_link(1, packet);
        linked.splice(12..12, [0x88, 0xa8, 0, 7, 0x81, 0, 0, 9]);
        linked.extend([0xaa; 24]);
        linked
    });
    assert_eq!(read(&pcap(1, &tagged.collect::<Vec<_>>())).0, expected(&packets));
}

#[test]
fn ip_lengths_of_zero_from_segmentation_offload_are_read_from_the_packet() {
    let packets = fixture(SMALL);
    let mut offloaded = packets.clone();
    for packet in &mut offloaded {
        packet[2..4].fill(0);
    }
    assert_eq!(read(&pcap(101, &offloaded)).0, expected(&packets));
}

#[test]
fn fragmented_datagrams_are_put_together_in_any_order() {
    let packets = fixture(SMALL);
    let mut pieces = Vec::new();
    for packet in &packets {
        let payload = &packet[20..];
        let cut = payload.len() / 2 / 8 * 8;
        let fragment = |offset: usize, more: u8, part: &[u8]| {
            let mut fragment = packet[..20].to_vec();
            fragment[2..4].copy_from_slice(&(20 + part.len() as u16).to_be_bytes());
            fragment[6..8].copy_from_slice(&[more << 5, (offset / 8) as u8]);
            fragment.extend(part);
            fragment
        };
        pieces.push(fragment(cut, 0, &payload[cut..]));
        pieces.push(fragment(0, 1, &payload[..cut]));
    }
    let bytes = |frames: Vec<Frame>| frames.into_iter().map(|frame| frame.bytes).collect::<Vec<_>>();
    assert_eq!(bytes(read(&pcap(101, &pieces)).0), bytes(expected(&packets)));

    pieces.truncate(7);
    assert!(matches!(read(&pcap(101, &pieces)).1[..], [.., Damage::Fragments { packet: 7 }]));
}

#[test]
fn broken_chains_of_ipv6_extension_headers_are_damage() {
    let mut talk = Talk { ip_version: 6, ..Talk::midway() };
    talk.handshake();
    let mut packet = talk.packets.remove(0);
    // Destination options that announce more of them, where the packet ends.
    packet.truncate(40);
    packet[4..7].copy_from_slice(&[0, 8, 60]);
    packet.extend([60, 0, 1, 4, 0, 0, 0, 0]);
    assert!(matches!(read(&pcap(101, &[packet])).1[..], [Damage::Headers { packet: 1 }]));
}

#[test]
fn an_unknown_link_layer_is_told_once() {
    let (frames, damage) = read(&pcap(105, &fixture(SMALL)));
    assert!(frames.is_empty());
    assert!(matches!(damage[..], [Damage::LinkType { packet: 1, link_type: 105 }]), "{damage:?}");
}

#[test]
fn what_is_no_capture_is_refused_with_the_reason() {
    assert!(matches!(Events::new(&b""[..]), Err(FileError::Empty)));
    assert!(matches!(Events::new(&b"PK\x03\x04 and so on"[..]), Err(FileError::NotACapture { .. })));
    assert!(matches!(Events::new(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0][..]), Err(FileError::Truncated { .. })));
}

#[test]
fn a_file_that_ends_early_gives_the_frames_before_its_end() {
    let packets = fixture(SMALL);
    let file = pcap(101, &packets);
    let all = expected(&packets);
    let ends: Vec<usize> = packets
        .iter()
        .scan(24, |end, packet| {
            *end += 16 + packet.len();
            Some(*end)
        })
        .collect();
    for end in (24..file.len()).step_by(61).chain(ends.iter().copied()) {
        let (frames, damage) = read(&file[..end]);
        assert_eq!(frames, all[..frames.len()]);
        let last = frames.last().map_or(0, |frame| frame.packet);
        let next = all.get(frames.len()).map_or(u64::MAX, |frame| frame.packet);
        let whole = ends.iter().filter(|packet_end| **packet_end <= end).count() as u64;
        assert!(last <= whole && whole < next, "{end}");
        let told = damage
            .iter()
            .any(|one| matches!(one, Damage::File(FileError::Truncated { after, .. }) if *after == whole));
        assert_eq!(told, end > 24 && !ends.contains(&end), "{end}: {damage:?}");
    }
}

#[test]
fn a_bad_block_length_ends_the_file_and_a_bad_block_only_itself() {
    let packets = fixture(SMALL);
    let mut file = Pcapng::new(u32::to_le_bytes);
    file.section(&[101], 0);
    for packet in &packets[..8] {
        file.packet(PacketBlock::Enhanced, 0, packet);
    }
    // An enhanced packet block that claims to have captured more than it holds.
    file.block(6, &[[0; 4], [0; 4], [0; 4], [0xff, 0xff, 0, 0], [0; 4]].concat());
    file.packet(PacketBlock::Enhanced, 7, &packets[8]);
    for packet in &packets[8..] {
        file.packet(PacketBlock::Enhanced, 0, packet);
    }
    let good = file.file.len();
    file.file.extend([6, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let (frames, damage) = read(&file.file);
    assert_eq!(frames.len(), 44);
    let after = packets.len() as u64 + 1;
    match &damage[..] {
        [
            Damage::File(FileError::Block { after: 8, kind: 6, .. }),
            Damage::File(FileError::UnknownInterface { packet: 9, interface: 7 }),
            Damage::File(FileError::BlockLength { after: last, offset }),
        ] => assert_eq!((*last, *offset), (after, good as u64)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn packets_cut_by_the_snap_length_cost_only_their_frames() {
    let packets = fixture(SMALL);
    let mut file = Pcapng::new(u32::to_le_bytes);
    file.section(&[101], 250);
    for packet in &packets {
        let mut content = packet.clone();
        content.truncate(250);
        content.splice(0..0, (packet.len() as u32).to_le_bytes());
        file.block(3, &content);
    }
    let (frames, damage) = read(&file.file);
    let whole: Vec<Frame> =
        expected(&packets).into_iter().filter(|frame| frame.bytes.len() + 4 + 52 <= 250).collect();
    let bytes = |frames: Vec<Frame>| {
        frames.into_iter().map(|frame| (frame.packet, frame.connection, frame.bytes)).collect::<Vec<_>>()
    };
    assert_eq!(damage.len(), 44 - whole.len());
    assert!(damage.iter().all(|damage| damage.to_string().contains("snap length")));
    assert_eq!(bytes(frames), bytes(whole));
}

#[test]
fn reading_errors_are_damage_with_their_cause() {
    struct Failing<'a>(&'a [u8]);
    impl std::io::Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(std::io::Error::other("the disk is gone")),
                read => Ok(read),
            }
        }
    }
    let file = pcap(101, &fixture(SMALL));
    let last = Events::new(Failing(&file)).unwrap().last();
    match last {
        Some(Event::Damage(damage)) => assert!(damage.to_string().contains("the disk is gone"), "{damage}"),
        other => panic!("{other:?}"),
    }
}
