//! Builds packets and capture files.

use std::fs::File;
use std::path::Path;

use etherparse::PacketBuilder;
use smbsign::capture::{Damage, Event, Events, Frame, PacketReader};
use smbsign_engine::protocol::Sender;
use smbsign_engine::protocol::framing;

pub(crate) const CLIENT_PORT: u16 = 50_123;

/// What goes into one TCP segment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Segment {
    pub(crate) sequence: u32,
    pub(crate) acknowledgment: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) payload: Vec<u8>,
}

/// A TCP connection that is written down packet by packet, as raw IP.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub(crate) packets: Vec<Vec<u8>>,
    pub(crate) server_port: u16,
    pub(crate) ip_version: u8,
    /// The next sequence number of the client and of the server.
    pub(crate) next: [u32; 2],
}

impl Talk {
    pub(crate) fn midway() -> Self {
        Self { packets: Vec::new(), server_port: 445, ip_version: 4, next: [1000, 2000] }
    }

    /// Starts with a handshake; the first sequence numbers are given.
    pub(crate) fn begin(first: [u32; 2]) -> Self {
        let mut talk = Self { next: first, ..Self::midway() };
        talk.handshake();
        talk
    }

    pub(crate) fn handshake(&mut self) {
        let [client, server] = self.next;
        self.next = [client.wrapping_add(1), server.wrapping_add(1)];
        self.put(Sender::Client, &Segment { sequence: client, syn: true, ..Segment::default() });
        let acknowledgment = Some(client.wrapping_add(1));
        self.put(
            Sender::Server,
            &Segment { sequence: server, acknowledgment, syn: true, ..Segment::default() },
        );
    }

    /// Sends bytes in segments of at most `size`, everything before acknowledged.
    pub(crate) fn send(&mut self, sender: Sender, bytes: &[u8], size: usize) {
        for payload in bytes.chunks(size) {
            let segment = self.segment(sender, payload);
            self.put(sender, &segment);
        }
    }

    /// The next segment of `sender`, as if sent.
    pub(crate) fn segment(&mut self, sender: Sender, payload: &[u8]) -> Segment {
        let [client, server] = &mut self.next;
        let (own, peer) = match sender {
            Sender::Client => (client, server),
            Sender::Server => (server, client),
        };
        let sequence = *own;
        *own = own.wrapping_add(payload.len() as u32);
        Segment { sequence, acknowledgment: Some(*peer), payload: payload.to_vec(), ..Segment::default() }
    }

    pub(crate) fn put(&mut self, sender: Sender, segment: &Segment) {
        let (low, high) = (1, 2);
        let (source, destination) = match sender {
            Sender::Client => ((low, CLIENT_PORT), (high, self.server_port)),
            Sender::Server => ((high, self.server_port), (low, CLIENT_PORT)),
        };
        let builder = if self.ip_version == 4 {
            PacketBuilder::ipv4([10, 0, 0, source.0], [10, 0, 0, destination.0], 64)
        } else {
            let address = |last| std::array::from_fn(|at| if at == 15 { last } else { 0xfd });
            PacketBuilder::ipv6(address(source.0), address(destination.0), 64)
        };
        let mut builder = builder.tcp(source.1, destination.1, segment.sequence, 0xffff);
        for (wanted, set) in [
            (segment.syn, PacketBuilderTcp::syn as fn(PacketBuilderTcp) -> PacketBuilderTcp),
            (segment.fin, PacketBuilderTcp::fin),
            (segment.rst, PacketBuilderTcp::rst),
        ] {
            builder = if wanted { set(builder) } else { builder };
        }
        if let Some(acknowledgment) = segment.acknowledgment {
            builder = builder.ack(acknowledgment);
        }
        let mut packet = Vec::new();
        builder.write(&mut packet, &segment.payload).unwrap();
        self.packets.push(packet);
    }

    pub(crate) fn frames(&self) -> Vec<Frame> {
        read(&pcap(101, &self.packets)).0
    }

    /// Frames and damage, the damage in words.
    pub(crate) fn read(&self) -> (Vec<Frame>, Vec<String>) {
        let (frames, damage) = read(&pcap(101, &self.packets));
        (frames, damage.iter().map(Damage::to_string).collect())
    }
}

type PacketBuilderTcp = etherparse::PacketBuilderStep<etherparse::TcpHeader>;

/// A framing header and an SMB2 frame of `length` bytes, told apart by `seed`; a response has the response bit.
pub(crate) fn frame(sender: Sender, seed: u8, length: usize) -> Vec<u8> {
    let mut frame = framing::header(length).unwrap().to_vec();
    frame.extend_from_slice(b"\xfeSMB\x40\0");
    frame.extend((6..length).map(|at| (at % 251) as u8 ^ seed));
    frame[4 + 16] = u8::from(sender == Sender::Server);
    frame
}

/// The frames' bytes without their framing headers.
pub(crate) fn bodies(frames: &[Vec<u8>]) -> Vec<&[u8]> {
    frames.iter().map(|frame| &frame[framing::HEADER_BYTES..]).collect()
}

pub(crate) fn read(capture: &[u8]) -> (Vec<Frame>, Vec<Damage>) {
    let (mut frames, mut damage) = (Vec::new(), Vec::new());
    for event in Events::new(capture).unwrap() {
        match event {
            Event::Frame(frame) => frames.push(frame),
            Event::Damage(one) => damage.push(one),
            Event::Opened(_) | Event::Closed(_) => {}
        }
    }
    (frames, damage)
}

/// The IP packets of a capture in the repository (Ethernet, IPv4, whole packets).
pub(crate) fn fixture(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures").join(name);
    let mut reader = PacketReader::new(File::open(path).unwrap()).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet().unwrap() {
        packets.push(packet.data[14..].to_vec());
    }
    packets
}

/// A little-endian capture with microseconds.
pub(crate) fn pcap(link_type: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    Pcap { magic: 0xa1b2_c3d4, order: u32::to_le_bytes, record_extra: 0 }.file(link_type, packets)
}

/// One dialect of the classic format.
pub(crate) struct Pcap {
    pub(crate) magic: u32,
    pub(crate) order: fn(u32) -> [u8; 4],
    pub(crate) record_extra: usize,
}

impl Pcap {
    pub(crate) fn file(&self, link_type: u32, packets: &[Vec<u8>]) -> Vec<u8> {
        let version = (self.order)(0x0002_0004);
        let version = if version[0] == 0 { version } else { [2, 0, 4, 0] };
        let mut file = (self.order)(self.magic).to_vec();
        file.extend(version);
        file.extend([0; 8]);
        file.extend((self.order)(262_144));
        file.extend((self.order)(link_type));
        for packet in packets {
            let length = (self.order)(packet.len() as u32);
            file.extend([[0; 4], [0; 4], length, length].concat());
            file.extend(vec![0; self.record_extra]);
            file.extend(packet);
        }
        file
    }
}

/// How a pcapng block holds a packet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PacketBlock {
    Enhanced,
    Simple,
    Old,
}

/// Writes pcapng blocks in one byte order.
pub(crate) struct Pcapng {
    pub(crate) order: fn(u32) -> [u8; 4],
    pub(crate) file: Vec<u8>,
}

impl Pcapng {
    pub(crate) fn new(order: fn(u32) -> [u8; 4]) -> Self {
        Self { order, file: Vec::new() }
    }

    pub(crate) fn block(&mut self, kind: u32, content: &[u8]) {
        let padded = content.len().next_multiple_of(4);
        let length = (self.order)(padded as u32 + 12);
        self.file.extend([(self.order)(kind), length].concat());
        self.file.extend(content);
        self.file.extend(vec![0; padded - content.len()]);
        self.file.extend(length);
    }

    fn words(&self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| (self.order)(*word)).collect()
    }

    /// A pair of 16-bit fields.
    fn halves(&self, first: u16, second: u16) -> [u8; 4] {
        let big = (self.order)(1) == [0, 0, 0, 1];
        let (high, low) = if big { (first, second) } else { (second, first) };
        (self.order)(u32::from(high) << 16 | u32::from(low))
    }

    pub(crate) fn section(&mut self, link_types: &[u16], snap_length: u32) {
        let mut content = self.words(&[0x1a2b_3c4d]);
        content.extend(self.halves(1, 0));
        content.extend([0xff; 8]);
        self.block(0x0a0d_0d0a, &content);
        for link_type in link_types {
            let mut content = self.halves(*link_type, 0).to_vec();
            content.extend(self.words(&[snap_length]));
            self.block(1, &content);
        }
    }

    pub(crate) fn packet(&mut self, kind: PacketBlock, interface: u16, packet: &[u8]) {
        let length = packet.len() as u32;
        let (kind, mut content) = match kind {
            PacketBlock::Enhanced => (6, self.words(&[u32::from(interface), 0, 0, length, length])),
            PacketBlock::Simple => (3, self.words(&[length])),
            PacketBlock::Old => {
                let mut content = self.halves(interface, 0).to_vec();
                content.extend(self.words(&[0, 0, length, length]));
                (2, content)
            }
        };
        content.extend(packet);
        self.block(kind, &content);
    }
}

/// An IP packet on a link layer.
pub(crate) fn on_link(link_type: u32, ip: &[u8]) -> Vec<u8> {
    let kind: [u8; 2] = if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] };
    let mut packet = match link_type {
        1 => [&[0; 12][..], &kind].concat(),
        113 => [&[0, 0, 0x03, 0x04, 0, 6][..], &[0; 8], &kind].concat(),
        276 => [&kind[..], &[0; 18]].concat(),
        0 => vec![2, 0, 0, 0],
        108 => vec![0, 0, 0, 2],
        _ => Vec::new(),
    };
    packet.extend(ip);
    packet
}
