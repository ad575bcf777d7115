//! One TCP connection: whether it carries SMB (told by content, on any port) and who is client and who server.

use std::collections::VecDeque;
use std::net::SocketAddr;

use smbsign_engine::protocol::{Sender, smb1, smb2};

use super::damage::{Cause, Damage};
use super::early::{Early, EarlySegments};
use super::events::{Connection, Event, Frame};
use super::frames::{Found, Framer, Unread};
use super::link::Segment;
use super::tcp::{Chunk, Data, Stream};

const SMB_PORTS: [u16; 2] = [445, 139];

/// What the next connection and the next frame will be called.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    connections: usize,
    frames: u64,
}

/// The two ends of a connection, the lower address first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Flow {
    low: SocketAddr,
    high: SocketAddr,
}

/// One of a flow's ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Low, Self::High];

    pub(super) fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

impl Flow {
    /// The flow of a segment, and the side that sent it.
    pub(super) fn of(segment: &Segment<'_>) -> (Self, Side) {
        let (source, destination) = (segment.source, segment.destination);
        if source <= destination {
            (Self { low: source, high: destination }, Side::Low)
        } else {
            (Self { low: destination, high: source }, Side::High)
        }
    }

    fn end(&self, side: Side) -> SocketAddr {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }

    /// The one end on an SMB port.
    fn well_known_server(&self) -> Option<Side> {
        match Side::BOTH.map(|side| SMB_PORTS.contains(&self.end(side).port())) {
            [true, false] => Some(Side::Low),
            [false, true] => Some(Side::High),
            _ => None,
        }
    }
}

/// A connection and what is incomplete of it.
#[derive(Debug)]
pub(super) struct Conversation {
    flow: Flow,
    first_packet: u64,
    last_packet: u64,
    start: Start,
    /// Known from the handshake, or settled at the first event.
    server: Option<Side>,
    /// Given at the first event.
    index: Option<usize>,
    phase: Phase,
    low: Half,
    high: Half,
    early: EarlySegments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Handshake,
    Midway,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Kept to tell stray retransmissions from a new connection.
    Closed,
}

/// What one side sends.
#[derive(Debug)]
struct Half {
    /// The sequence number of its first byte.
    first: Option<u32>,
    stream: Stream,
    framer: Framer,
    bytes: u64,
}

impl Half {
    fn midway(packet: u64) -> Self {
        Self { first: None, stream: Stream::default(), framer: Framer::midway(packet), bytes: 0 }
    }

    /// Lets the stream move on, and collects what its frames turn out to be.
    fn advance(&mut self, step: impl FnOnce(&mut Stream, &mut dyn FnMut(Chunk<'_>))) -> Vec<Found> {
        let mut found = Vec::new();
        step(&mut self.stream, &mut |chunk| self.framer.push(&chunk, &mut |one| found.push(one)));
        found
    }
}

impl Conversation {
    /// A connection of which this packet is the first that is known.
    pub(super) fn midway(flow: Flow, packet: u64) -> Self {
        Self {
            flow,
            first_packet: packet,
            last_packet: packet,
            start: Start::Midway,
            server: None,
            index: None,
            phase: Phase::Open,
            low: Half::midway(packet),
            high: Half::midway(packet),
            early: EarlySegments::default(),
        }
    }

    pub(super) fn first_packet(&self) -> u64 {
        self.first_packet
    }

    pub(super) fn last_packet(&self) -> u64 {
        self.last_packet
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether it carries SMB and may carry more.
    pub(super) fn is_open_smb(&self) -> bool {
        self.phase == Phase::Open && self.index.is_some()
    }

    /// The sequence number of this side's first byte, where the handshake told it.
    pub(super) fn started_at(&self, side: Side) -> Option<u32> {
        self.half(side).first
    }

    /// The handshake was seen: who the client is and where it starts.
    pub(super) fn handshake(&mut self, client: Side, first: u32) {
        self.start = Start::Handshake;
        self.server = Some(client.other());
        self.start(client, first);
    }

    /// The handshake told this side's first sequence number.
    pub(super) fn start(&mut self, side: Side, first: u32) {
        let phase = self.phase;
        let half = self.half_mut(side);
        if half.first.is_none() && half.bytes == 0 && phase == Phase::Open {
            half.first = Some(first);
            half.stream.start(first);
            half.framer = Framer::from_start();
        }
    }

    /// Takes a segment sent by `side`.
    pub(super) fn segment(
        &mut self,
        packet: u64,
        side: Side,
        segment: &Segment<'_>,
        numbers: &mut Numbers,
        events: &mut VecDeque<Event>,
    ) {
        if self.phase == Phase::Closed {
            return;
        }
        self.last_packet = packet;
        let sequence = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.rst {
            if self.half(side).stream.accepts_reset(sequence) {
                self.close(Cause::ConnectionEnded, numbers, events);
            }
            return;
        }
        let receiver = self.half_mut(side.other());
        if let Some(acknowledged) = segment.acknowledgment {
            receiver.stream.acknowledged(acknowledged);
        }
        let found = receiver.advance(|stream, sink| stream.packet_passed(sink));
        self.tell(side.other(), found, numbers, events);

        let data = Data { packet, sequence, payload: segment.payload, cut: segment.cut };
        let peer = &self.half(side.other()).stream;
        match segment.acknowledgment.filter(|acknowledged| !peer.has_reached(*acknowledged)) {
            Some(acknowledged) if data.length() > 0 => self.early.wait(side, data, segment.fin, acknowledged),
            _ => self.data(side, data, segment.fin, numbers, events),
        }
        let found = self.half_mut(side).advance(|stream, sink| stream.packet_passed(sink));
        self.tell(side, found, numbers, events);
        self.early.packet_passed();
        while let Some(early) = self.next_due() {
            self.data(early.side, early.data(), early.fin, numbers, events);
        }
        if Side::BOTH.iter().all(|side| self.half(*side).stream.is_finished()) {
            self.close(Cause::ConnectionEnded, numbers, events);
        }
    }

    fn next_due(&mut self) -> Option<Early> {
        let Self { low, high, early, .. } = self;
        early.next_due(|side, acknowledged| match side {
            Side::Low => high.stream.has_reached(acknowledged),
            Side::High => low.stream.has_reached(acknowledged),
        })
    }

    /// What `side` sent, when nothing speaks against its being the next.
    fn data(
        &mut self,
        side: Side,
        data: Data<'_>,
        fin: bool,
        numbers: &mut Numbers,
        events: &mut VecDeque<Event>,
    ) {
        let sender = self.half_mut(side);
        let gaps = sender.framer.gaps();
        sender.bytes += data.length();
        let found = sender.advance(|stream, sink| {
            stream.data(data, gaps, sink);
            if fin {
                stream.fin(data);
            }
        });
        self.tell(side, found, numbers, events);
    }

    /// Gives out what is left and frees it.
    pub(super) fn close(&mut self, cause: Cause, numbers: &mut Numbers, events: &mut VecDeque<Event>) {
        if self.phase == Phase::Closed {
            return;
        }
        while let Some(early) = self.early.next() {
            self.data(early.side, early.data(), early.fin, numbers, events);
        }
        self.phase = Phase::Closed;
        let last_packet = self.last_packet;
        for side in Side::BOTH {
            let half = self.half_mut(side);
            let mut found = half.advance(|stream, sink| stream.finish(last_packet, sink));
            half.framer.end(cause, &mut |one| found.push(one));
            self.tell(side, found, numbers, events);
        }
        let bytes = self.low.bytes + self.high.bytes;
        match (self.index, self.flow.well_known_server()) {
            (Some(index), _) if cause == Cause::ConnectionEnded => events.push_back(Event::Closed(index)),
            (None, Some(server)) if bytes > 0 => events.push_back(Event::Damage(Damage::NoFrames {
                client: self.flow.end(server.other()),
                server: self.flow.end(server),
                packet: self.first_packet,
                bytes,
            })),
            _ => {}
        }
        for half in [&mut self.low, &mut self.high] {
            half.stream = Stream::default();
            half.framer = Framer::from_start();
        }
    }

    /// Turns what a side's stream held into events.
    fn tell(&mut self, side: Side, found: Vec<Found>, numbers: &mut Numbers, events: &mut VecDeque<Event>) {
        let evidence = found.iter().find_map(|one| match one {
            Found::Frame { bytes, .. } | Found::Incomplete { bytes, .. } => Some(bytes.as_slice()),
            Found::Unread(_) => None,
        });
        let connection = match (self.index, evidence) {
            (Some(index), _) => index,
            (None, Some(evidence)) => self.open(side, evidence, numbers, events),
            // Nothing shows yet that this is SMB at all.
            (None, None) => return,
        };
        let sender = if self.server == Some(side) { Sender::Server } else { Sender::Client };
        for one in found {
            events.push_back(match one {
                Found::Frame { packet, bytes } => {
                    numbers.frames += 1;
                    Event::Frame(Frame { number: numbers.frames, packet, connection, sender, bytes })
                }
                Found::Incomplete { first_packet, last_packet, length, missing, cause, .. } => {
                    Event::Damage(Damage::Incomplete {
                        connection,
                        sender,
                        first_packet,
                        last_packet,
                        length,
                        missing,
                        cause,
                    })
                }
                Found::Unread(Unread { first_packet, last_packet, lost, skipped, cause }) => {
                    Event::Damage(Damage::Unread {
                        connection,
                        sender,
                        first_packet,
                        last_packet,
                        lost,
                        skipped,
                        cause,
                    })
                }
            });
        }
    }

    /// Gives the connection its index and settles who the server is; `frame` was sent by `side`.
    fn open(
        &mut self,
        side: Side,
        frame: &[u8],
        numbers: &mut Numbers,
        events: &mut VecDeque<Event>,
    ) -> usize {
        let index = numbers.connections;
        numbers.connections += 1;
        self.index = Some(index);
        let by_header = || {
            let smb2 = smb2::Header::parse(frame).map(smb2::Header::sender);
            let sender = smb2.or_else(|_| smb1::Header::parse(frame).map(smb1::Header::sender)).ok()?;
            Some(if sender == Sender::Server { side } else { side.other() })
        };
        let by_lower_port =
            || if self.flow.low.port() <= self.flow.high.port() { Side::Low } else { Side::High };
        let server = self
            .server
            .or_else(|| self.flow.well_known_server())
            .or_else(by_header)
            .unwrap_or_else(by_lower_port);
        self.server = Some(server);
        let (client, server) = (self.flow.end(server.other()), self.flow.end(server));
        events.push_back(Event::Opened(Connection { index, client, server }));
        if self.start == Start::Midway {
            let packet = self.first_packet;
            events.push_back(Event::Damage(Damage::StartsMidway { connection: index, packet }));
        }
        index
    }

    fn half(&self, side: Side) -> &Half {
        match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }

    fn half_mut(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }
}
