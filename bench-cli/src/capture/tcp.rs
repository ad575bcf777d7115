//! One direction of a TCP connection: segments in, its bytes in order out, gaps named.
//!
//! Positions are sequence numbers (RFC 9293 3.4) unrolled to 64 bits, so that nothing below has to think of wrapping.
//! Of bytes sent twice the first seen count.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Bytes that may wait behind a gap, each segment's upkeep included: the largest window of common systems.
const MAX_WAITING_BYTES: usize = 16 << 20;
/// What a waiting segment costs besides its bytes.
const UPKEEP_BYTES: usize = 128;
/// Packets of the connection to wait for bytes the receiver has acknowledged: captures reorder a little.
pub(super) const PATIENCE_PACKETS: u32 = 16;
/// The position of sequence number 0: anything behind the first byte still has one.
const ORIGIN: u64 = 1 << 32;
/// The largest TCP window (RFC 7323 2.3): nothing can be retransmitted from further back.
const MAX_WINDOW: u32 = 1 << 30;

/// A piece of the stream.
#[derive(Debug)]
pub(super) enum Chunk<'a> {
    /// The next bytes. Each segment's are given alone, so that they start where a segment did.
    Bytes { packet: u64, bytes: &'a [u8] },
    /// So many bytes will never come. `packet` is the one that goes on after them.
    Lost { packet: u64, bytes: u64, loss: Loss },
}

/// Why bytes will never come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    NotCaptured,
    SnapLength,
}

/// Whether bytes out of order are worth waiting for those before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gaps {
    Wait,
    Skip,
}

/// A segment's part in the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) packet: u64,
    pub(super) sequence: u32,
    pub(super) payload: &'a [u8],
    /// Bytes after the payload that the snap length cut.
    pub(super) cut: usize,
}

impl Data<'_> {
    pub(super) fn length(&self) -> u64 {
        self.payload.len() as u64 + self.cut as u64
    }
}

#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Position of the next byte to give out.
    next: Option<u64>,
    /// The receiver has everything before this.
    acknowledged: u64,
    /// Position of the FIN.
    end: Option<u64>,
    waiting: BTreeMap<u64, Piece>,
    waiting_bytes: usize,
    overdue: Option<Overdue>,
}

#[derive(Debug)]
struct Piece {
    packet: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Bytes(Vec<u8>),
    Cut(u64),
}

/// A gap the receiver does not have.
#[derive(Debug)]
struct Overdue {
    up_to: u64,
    packets_left: u32,
}

impl Stream {
    /// The stream's first byte will have this sequence number.
    pub(super) fn start(&mut self, sequence: u32) {
        self.next.get_or_insert(ORIGIN + u64::from(sequence));
    }

    /// Takes a segment's bytes and gives out what is now in order.
    pub(super) fn data(&mut self, data: Data<'_>, gaps: Gaps, sink: &mut dyn FnMut(Chunk<'_>)) {
        let Data { packet, sequence, payload, cut } = data;
        if payload.is_empty() && cut == 0 {
            return;
        }
        let start = self.position(sequence);
        let next = *self.next.get_or_insert(start);
        let middle = start + payload.len() as u64;
        let end = middle + cut as u64;
        if self.waiting.is_empty() && start <= next {
            self.give(packet, next - start, payload, sink);
            self.give_lost(packet, end.saturating_sub(middle.max(next)), Loss::SnapLength, sink);
            return;
        }
        self.wait(packet, start, middle, |from, to| {
            let (from, to) = ((from - start) as usize, (to - start) as usize);
            Content::Bytes(payload.get(from..to).unwrap_or_default().to_vec())
        });
        self.wait(packet, middle, end, |from, to| Content::Cut(to - from));
        self.drain(Some(packet), sink);
        if gaps == Gaps::Skip {
            self.give_up(u64::MAX, sink);
        }
        while self.waiting_bytes > MAX_WAITING_BYTES && self.give_up_first(u64::MAX, sink) {}
    }

    /// The other side has everything before `sequence`.
    pub(super) fn acknowledged(&mut self, sequence: u32) {
        if self.next.is_some() {
            self.acknowledged = self.acknowledged.max(self.position(sequence));
        }
    }

    /// One more packet of the connection went by: gives up what the receiver has and the capture has not.
    pub(super) fn packet_passed(&mut self, sink: &mut dyn FnMut(Chunk<'_>)) {
        let next = self.next.unwrap_or_default();
        if self.waiting.is_empty() || self.acknowledged <= next {
            self.overdue = None;
            return;
        }
        let up_to = self.acknowledged;
        let overdue = self.overdue.get_or_insert(Overdue { up_to, packets_left: PATIENCE_PACKETS });
        if overdue.up_to <= next {
            *overdue = Overdue { up_to, packets_left: PATIENCE_PACKETS };
        }
        match overdue.packets_left.checked_sub(1) {
            Some(left) => overdue.packets_left = left,
            None => {
                let up_to = overdue.up_to;
                self.overdue = None;
                self.give_up(up_to, sink);
            }
        }
    }

    /// The segment with this data has the FIN: the data's end is the stream's.
    pub(super) fn fin(&mut self, data: Data<'_>) {
        let end = self.position(data.sequence) + data.length();
        self.end = Some(end);
        self.next.get_or_insert(end);
    }

    /// Whether everything up to the FIN has been given out.
    pub(super) fn is_finished(&self) -> bool {
        self.end.is_some_and(|end| self.next >= Some(end))
    }

    /// Whether everything before this sequence number was given out or given up.
    pub(super) fn has_reached(&self, sequence: u32) -> bool {
        let Some(next) = self.next else { return true };
        // A FIN counts as one byte.
        self.position(sequence) <= next + u64::from(self.end == Some(next))
    }

    /// Whether a reset with this sequence number belongs here, rather than to an earlier or forged connection.
    pub(super) fn accepts_reset(&self, sequence: u32) -> bool {
        self.next.is_none_or(|next| self.position(sequence) >= next)
    }

    /// Nothing more will come: gives out what waits, with the gaps before it, and the known loss at the end.
    pub(super) fn finish(&mut self, packet: u64, sink: &mut dyn FnMut(Chunk<'_>)) {
        self.give_up(u64::MAX, sink);
        let Some(next) = self.next else { return };
        let tail = self.end.unwrap_or(u64::MAX).min(self.acknowledged).saturating_sub(next);
        // A single byte may be a FIN that was not captured: it is acknowledged like one.
        let tail = if tail == 1 { 0 } else { tail };
        self.give_lost(packet, tail, Loss::NotCaptured, sink);
    }

    /// Unrolls a sequence number: up to a window behind the next byte, or else ahead of it.
    fn position(&self, sequence: u32) -> u64 {
        let Some(next) = self.next else { return ORIGIN + u64::from(sequence) };
        let behind = (next as u32).wrapping_sub(sequence);
        if behind <= MAX_WINDOW {
            next.saturating_sub(u64::from(behind))
        } else {
            next + u64::from(sequence.wrapping_sub(next as u32))
        }
    }

    /// Keeps what is new of `from..to`.
    fn wait(&mut self, packet: u64, from: u64, to: u64, content: impl Fn(u64, u64) -> Content) {
        let mut from = from.max(self.next.unwrap_or_default());
        while from < to {
            let before = self.waiting.range(..=from).next_back();
            if let Some(covered) = before.map(|(start, piece)| start + piece.len()).filter(|end| *end > from)
            {
                from = covered;
                continue;
            }
            let after = self.waiting.range((Bound::Excluded(from), Bound::Unbounded)).next();
            let until = after.map_or(to, |(start, _)| to.min(*start));
            let piece = Piece { packet, content: content(from, until) };
            self.waiting_bytes += piece.cost();
            self.waiting.insert(from, piece);
            from = until;
        }
    }

    /// Gives out the pieces that are now in order: as of `packet`, or of the packet each came in.
    fn drain(&mut self, packet: Option<u64>, sink: &mut dyn FnMut(Chunk<'_>)) {
        while let Some(entry) = self.waiting.first_entry()
            && self.next.is_some_and(|next| *entry.key() <= next)
        {
            let piece = entry.remove();
            self.waiting_bytes -= piece.cost();
            let packet = packet.unwrap_or(piece.packet);
            match piece.content {
                Content::Bytes(bytes) => self.give(packet, 0, &bytes, sink),
                Content::Cut(bytes) => self.give_lost(packet, bytes, Loss::SnapLength, sink),
            }
        }
    }

    /// Gives up every gap that begins before `limit`.
    fn give_up(&mut self, limit: u64, sink: &mut dyn FnMut(Chunk<'_>)) {
        while self.give_up_first(limit, sink) {}
    }

    /// Gives up the first gap, if it begins before `limit`; false when there is none.
    fn give_up_first(&mut self, limit: u64, sink: &mut dyn FnMut(Chunk<'_>)) -> bool {
        let (Some(next), Some((&start, piece))) = (self.next, self.waiting.first_key_value()) else {
            return false;
        };
        if next >= limit {
            return false;
        }
        let packet = piece.packet;
        self.give_lost(packet, start.saturating_sub(next), Loss::NotCaptured, sink);
        self.drain(None, sink);
        true
    }

    fn give(&mut self, packet: u64, known: u64, bytes: &[u8], sink: &mut dyn FnMut(Chunk<'_>)) {
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let bytes = bytes.get(known..).unwrap_or_default();
        if !bytes.is_empty() {
            self.next = self.next.map(|next| next + bytes.len() as u64);
            sink(Chunk::Bytes { packet, bytes });
        }
    }

    fn give_lost(&mut self, packet: u64, bytes: u64, loss: Loss, sink: &mut dyn FnMut(Chunk<'_>)) {
        if bytes > 0 {
            self.next = self.next.map(|next| next + bytes);
            sink(Chunk::Lost { packet, bytes, loss });
        }
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Cut(bytes) => *bytes,
        }
    }

    fn cost(&self) -> usize {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() + UPKEEP_BYTES,
            Content::Cut(_) => UPKEEP_BYTES,
        }
    }
}
