//! SMB frames in one direction of a connection (framing: MS-SMB2 2.1, RFC 1002 4.3).
//!
//! After a gap inside a frame the next frame is where the framing header said. After any other gap frames are looked
//! for again at the start of each segment, by the framing header and the protocol identifier after it.

use smbsign_engine::protocol::framing::{Announced, HEADER_BYTES, Protocol, parse_header};

use super::damage::Cause;
use super::tcp::{Chunk, Gaps, Loss};

/// A claimed length reserves no more than this before the bytes arrive.
const RESERVED_BYTES: usize = 64 << 10;

/// What a stream turned out to hold.
#[derive(Debug)]
pub(super) enum Found {
    Frame {
        packet: u64,
        bytes: Vec<u8>,
    },
    Incomplete {
        first_packet: u64,
        last_packet: u64,
        bytes: Vec<u8>,
        length: usize,
        missing: u64,
        cause: Cause,
    },
    Unread(Unread),
}

/// A stretch without frames.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unread {
    pub(super) first_packet: u64,
    pub(super) last_packet: u64,
    pub(super) lost: u64,
    pub(super) skipped: u64,
    pub(super) cause: Cause,
}

impl Unread {
    fn new(packet: u64, cause: Cause) -> Self {
        Self { first_packet: packet, last_packet: packet, lost: 0, skipped: 0, cause }
    }
}

#[derive(Debug)]
pub(super) struct Framer {
    state: State,
    /// A stretch that is over; told together with the next frame, which proves the stream to be SMB.
    unread: Option<Unread>,
    trust: Trust,
    first_packet: u64,
    last_packet: u64,
}

/// Whether this stream has shown an SMB protocol identifier where one belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Unproven,
    Proven,
}

#[derive(Debug)]
enum State {
    /// Not on a frame's boundary.
    Searching(Unread),
    /// In a framing header.
    Header(Vec<u8>),
    /// In a frame.
    Frame(Partial),
    /// In a NetBIOS session packet with so many bytes left.
    SessionPacket(usize),
}

/// A frame whose end has not come yet.
#[derive(Debug)]
struct Partial {
    length: usize,
    /// Its bytes up to the first loss: after one, the rest is of no use.
    bytes: Vec<u8>,
    /// How far the stream has come in it, losses included.
    reached: usize,
    missing: usize,
    cause: Cause,
}

impl Framer {
    /// A stream seen from its first byte.
    pub(super) fn from_start() -> Self {
        Self::new(State::Header(Vec::new()))
    }

    /// A stream whose first byte was not seen.
    pub(super) fn midway(packet: u64) -> Self {
        Self::new(State::Searching(Unread::new(packet, Cause::StartsMidway)))
    }

    fn new(state: State) -> Self {
        Self { state, unread: None, trust: Trust::Unproven, first_packet: 0, last_packet: 0 }
    }

    /// Whether gaps should be waited for: while searching, each segment stands for itself.
    pub(super) fn gaps(&self) -> Gaps {
        match self.state {
            State::Searching(_) => Gaps::Skip,
            _ => Gaps::Wait,
        }
    }

    /// Takes the next piece of the stream.
    pub(super) fn push(&mut self, chunk: &Chunk<'_>, sink: &mut dyn FnMut(Found)) {
        match *chunk {
            Chunk::Bytes { packet, mut bytes } => {
                self.last_packet = self.last_packet.max(packet);
                while !bytes.is_empty() {
                    bytes = self.step(packet, bytes, sink);
                }
            }
            Chunk::Lost { packet, bytes, loss } => self.lose(packet, bytes, loss, sink),
        }
    }

    /// Nothing more will come.
    pub(super) fn end(&mut self, cause: Cause, sink: &mut dyn FnMut(Found)) {
        let packet = self.last_packet;
        match std::mem::replace(&mut self.state, State::Header(Vec::new())) {
            State::Searching(unread) => self.unread = Some(unread),
            State::Header(header) if header.is_empty() => {}
            State::Header(header) => {
                let unread = Unread { skipped: header.len() as u64, ..Unread::new(packet, cause) };
                self.unread = Some(unread);
            }
            State::Frame(frame) if self.trust == Trust::Unproven => {
                let skipped = (HEADER_BYTES + frame.reached) as u64;
                self.unread = Some(Unread { skipped, ..Unread::new(packet, cause) });
            }
            State::Frame(mut frame) => {
                frame.missing += frame.length - frame.reached;
                frame.cause = cause;
                self.incomplete(packet, frame, sink);
            }
            State::SessionPacket(_) => {}
        }
        self.tell_unread(sink);
    }

    /// Consumes some of `bytes`, which are not empty, and gives back the rest.
    fn step<'a>(&mut self, packet: u64, bytes: &'a [u8], sink: &mut dyn FnMut(Found)) -> &'a [u8] {
        match &mut self.state {
            State::Searching(unread) => {
                unread.last_packet = packet;
                if begins_frame(bytes) {
                    self.unread = Some(*unread);
                    self.state = State::Header(Vec::new());
                    return bytes;
                }
                unread.skipped += bytes.len() as u64;
                &[]
            }
            State::Header(header) => {
                if header.is_empty() {
                    self.first_packet = packet;
                }
                let rest = fill(header, HEADER_BYTES, bytes);
                if let Some(&header) = header.first_chunk() {
                    self.header(packet, header);
                }
                rest
            }
            State::Frame(frame) => {
                let (taken, rest) = bytes.split_at(bytes.len().min(frame.length - frame.reached));
                frame.reached += taken.len();
                if frame.missing == 0 {
                    frame.bytes.extend_from_slice(taken);
                }
                self.check_frame(packet, sink);
                rest
            }
            State::SessionPacket(left) => {
                let (skipped, rest) = bytes.split_at(bytes.len().min(*left));
                *left -= skipped.len();
                if *left == 0 {
                    self.state = State::Header(Vec::new());
                }
                rest
            }
        }
    }

    fn header(&mut self, packet: u64, header: [u8; HEADER_BYTES]) {
        self.state = match parse_header(header) {
            Ok(Announced::Message(0) | Announced::SessionService(0)) => State::Header(Vec::new()),
            Ok(Announced::Message(length)) => State::Frame(Partial {
                length,
                bytes: Vec::with_capacity(length.min(RESERVED_BYTES)),
                reached: 0,
                missing: 0,
                cause: Cause::NotCaptured,
            }),
            Ok(Announced::SessionService(length)) => State::SessionPacket(length),
            Err(_) => State::Searching(Unread {
                skipped: header.len() as u64,
                ..Unread::new(packet, Cause::NotFraming)
            }),
        };
    }

    /// Looks at the frame after it grew: is it one, and is it whole?
    fn check_frame(&mut self, packet: u64, sink: &mut dyn FnMut(Found)) {
        let State::Frame(frame) = &self.state else { return };
        let ended = frame.reached == frame.length;
        if frame.bytes.len() >= HEADER_BYTES || (ended && frame.missing == 0) {
            // On a proven stream, an identifier with one byte changed is a changed message, for the reader to judge.
            let changed = self.trust == Trust::Proven && resembles_identifier(&frame.bytes);
            if Protocol::of(&frame.bytes).is_err() && !changed {
                let skipped = (HEADER_BYTES + frame.bytes.len()) as u64;
                self.state =
                    State::Searching(Unread { skipped, ..Unread::new(self.first_packet, Cause::NotFraming) });
                return;
            }
            self.trust = Trust::Proven;
        }
        if !ended {
            return;
        }
        if let State::Frame(frame) = std::mem::replace(&mut self.state, State::Header(Vec::new())) {
            if frame.missing == 0 {
                self.tell_unread(sink);
                sink(Found::Frame { packet: self.last_packet.max(packet), bytes: frame.bytes });
            } else {
                self.incomplete(packet, frame, sink);
            }
        }
    }

    /// Bytes are lost: stays on the frames' boundaries if they all lie within this frame.
    fn lose(&mut self, packet: u64, bytes: u64, loss: Loss, sink: &mut dyn FnMut(Found)) {
        let cause = match loss {
            Loss::NotCaptured => Cause::NotCaptured,
            Loss::SnapLength => Cause::SnapLength,
        };
        let lost = usize::try_from(bytes).unwrap_or(usize::MAX);
        let searching = Unread { lost: bytes, ..Unread::new(packet, cause) };
        match &mut self.state {
            State::Searching(unread) => {
                unread.lost += bytes;
                unread.last_packet = packet;
            }
            State::SessionPacket(left) if lost < *left => *left -= lost,
            State::Frame(frame) if self.trust == Trust::Proven && lost <= frame.length - frame.reached => {
                frame.reached += lost;
                frame.missing += lost;
                frame.cause = cause;
                self.check_frame(packet, sink);
            }
            State::Frame(_) | State::SessionPacket(_) => {
                let state = std::mem::replace(&mut self.state, State::Searching(searching));
                if let State::Frame(mut frame) = state
                    && self.trust == Trust::Proven
                {
                    frame.missing += frame.length - frame.reached;
                    frame.cause = cause;
                    self.incomplete(packet, frame, sink);
                }
            }
            State::Header(header) => {
                let skipped = header.len() as u64;
                self.state = State::Searching(Unread { skipped, ..searching });
            }
        }
    }

    fn incomplete(&mut self, packet: u64, frame: Partial, sink: &mut dyn FnMut(Found)) {
        self.tell_unread(sink);
        sink(Found::Incomplete {
            first_packet: self.first_packet,
            last_packet: self.last_packet.max(packet),
            bytes: frame.bytes,
            length: frame.length,
            missing: frame.missing as u64,
            cause: frame.cause,
        });
    }

    /// A stretch in which nothing is missing and nothing was skipped is none.
    fn tell_unread(&mut self, sink: &mut dyn FnMut(Found)) {
        if let Some(unread) = self.unread.take().filter(|unread| unread.lost > 0 || unread.skipped > 0) {
            sink(Found::Unread(unread));
        }
    }
}

/// Whether no more than one byte of the protocol identifier is wrong.
fn resembles_identifier(frame: &[u8]) -> bool {
    const IDENTIFIERS: [&[u8; 4]; 4] = [b"\xffSMB", b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"];
    let same =
        |identifier: &[u8; 4]| identifier.iter().zip(frame).filter(|(one, other)| one == other).count();
    IDENTIFIERS.into_iter().any(|identifier| same(identifier) >= 3)
}

/// Moves bytes into `buffer` until it holds `total`; gives back the rest.
fn fill<'a>(buffer: &mut Vec<u8>, total: usize, bytes: &'a [u8]) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(bytes.len().min(total.saturating_sub(buffer.len())));
    buffer.extend_from_slice(taken);
    rest
}

/// A framing header and a protocol identifier, as a frame begins.
fn begins_frame(bytes: &[u8]) -> bool {
    let Some((&header, frame)) = bytes.split_first_chunk() else { return false };
    matches!(parse_header(header), Ok(Announced::Message(length)) if length >= HEADER_BYTES)
        && Protocol::of(frame).is_ok()
}
