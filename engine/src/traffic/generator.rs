//! Hands out message after message, each with fresh numbers, from buffers that were all made beforehand.

use std::num::NonZeroUsize;

use super::template::{Numbers, SessionField, Signing};
use super::{Envelope, FramePlace, Profile, Wire};
use crate::protocol::{Sender, SequenceNumber, smb1, smb2};

/// How a generator plays a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GeneratorConfig {
    /// Sessions, each on a connection of its own; `None` for as many as there are passes in the set, so that in a bulk
    /// profile every buffer's messages have a key of their own, but not more than 4096.
    pub sessions: Option<usize>,
    /// Requests that a session has in flight: so many passes of the profile follow one another before the next
    /// session's turn; `None` for one.
    pub outstanding: Option<NonZeroUsize>,
    /// Bytes of message buffers at least; a profile is never cut.
    pub set_bytes: usize,
    /// In which order of addresses the set's passes are played.
    pub order: SetOrder,
    /// Which wire the messages' byte times are for.
    pub wire: Wire,
    /// What stands around their frames.
    pub envelope: Envelope,
    /// What file data is made from, and SessionIds: generators of different seeds share none.
    pub seed: u64,
}

/// How the buffers of a set follow each other in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SetOrder {
    /// In the order in which they are played.
    #[default]
    Ascending,
    /// Pass by pass at random, the same for the same seed: a prefetcher that guesses the next buffer guesses wrong.
    Shuffled,
}

/// A message about to be sent, its signature still to be made.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// From the protocol id to the end.
    pub bytes: &'a mut [u8],
    /// Which session sends it, from 0 up to [`Generator::sessions`].
    pub session: usize,
    /// What an SMB1 message is signed with.
    pub sequence: Option<SequenceNumber>,
    /// Which end sends it.
    pub sender: Sender,
    /// Whether a signing session signs it.
    pub signing: Signing,
    /// Where it stands in its frame.
    pub place: FramePlace,
    /// Byte times that its frame takes; 0 for all of a compound chain but the last.
    pub wire_bytes: f64,
    /// File data in it.
    pub payload_bytes: usize,
}

/// All messages of one frame, after the last of them was handed out.
#[derive(Debug, Clone, Copy)]
pub struct FinishedFrame<'a> {
    /// From the first protocol id to the end: a compound chain whole.
    pub bytes: &'a [u8],
    /// Which session sends it.
    pub session: usize,
    /// Whether a signing session signs its first message.
    pub signing: Signing,
    /// Its place in the set, below [`Generator::buffers`], and always the same.
    pub place: usize,
}

/// The source of a measurement's messages. After [`Generator::new`] it allocates nothing.
#[derive(Debug, Clone)]
pub struct Generator {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    connections: Vec<Connection>,
    first_session_id: u64,
    numbers_per_pass: u64,
    mids_per_pass: u32,
    next_slot: usize,
    /// The session whose turn it is.
    session: usize,
    /// Passes in a turn, and how many of this one's are still to come.
    outstanding: usize,
    passes_left: usize,
}

/// One message's buffer.
#[derive(Debug, Clone)]
struct Slot {
    start: usize,
    end: usize,
    opens_pass: OpensPass,
    numbers: Numbers,
    sender: Sender,
    signing: Signing,
    place: FramePlace,
    /// Of the frame that this message closes: where it begins, and whether its first message is signed.
    closes: Option<(usize, Signing)>,
    wire_bytes: f64,
    payload_bytes: usize,
    /// Who sent it last, and with which number.
    sent: (usize, Option<SequenceNumber>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpensPass {
    Yes,
    No,
}

/// A connection's numbers.
#[derive(Debug, Clone, Copy)]
struct Connection {
    /// The first MessageId or sequence number of the current pass.
    current: u64,
    /// Of the next pass.
    next: u64,
    /// The same for MIDs, kept below 0xFFFF, which says unsolicited.
    current_mid: u32,
    next_mid: u32,
}

impl Connection {
    /// What comes after negotiation and session setup: request 2 in SMB1 (rule 31), about MessageId 4 in SMB2.
    const fn new(first: u64) -> Self {
        Self { current: first, next: first, current_mid: 0, next_mid: 0 }
    }
}

/// Buffers begin at cache lines, and not all at the same offset of a page: those would share one set of the L1 cache.
const CACHE_LINE: usize = 64;
const PAGE: usize = 4096;

/// As many keys as nobody asked for: a large set of short messages would need more memory for keys than for messages.
const MOST_SESSIONS: usize = 4096;

/// Where each message of a pass begins, and the bytes of a pass. The members of a compound chain lie one behind the
/// other, as they do on the wire.
fn layout(profile: &Profile) -> (Vec<usize>, usize) {
    let mut starts = Vec::with_capacity(profile.messages.len());
    let (mut frame_start, mut end) = (0, 0);
    for (at, template) in profile.messages.iter().enumerate() {
        starts.push(end);
        end += template.bytes.len();
        if profile.closes_frame(at) {
            let mut stride = (end - frame_start).next_multiple_of(CACHE_LINE);
            if stride.is_multiple_of(PAGE) {
                stride += CACHE_LINE;
            }
            end = frame_start + stride;
            frame_start = end;
        }
    }
    (starts, end)
}

impl Generator {
    /// Makes every buffer of the set and paints the file data.
    #[must_use]
    pub fn new(profile: &Profile, config: GeneratorConfig) -> Self {
        let passes = config.set_bytes.div_ceil(profile.message_bytes().max(1)).max(1);
        let wire_bytes = profile.wire_bytes_by_message(config.wire, config.envelope);
        let mut random = fastrand::Rng::with_seed(config.seed);
        let (starts, pass_bytes) = layout(profile);
        let mut places: Vec<usize> = (0..passes).collect();
        if config.order == SetOrder::Shuffled {
            random.shuffle(&mut places);
        }
        let mut bytes = vec![0; passes * pass_bytes];
        let mut slots = Vec::with_capacity(passes * profile.messages.len());
        for place in places {
            let mut frame = (0, Signing::Unsigned);
            for (at, (template, &wire_bytes)) in profile.messages.iter().zip(&wire_bytes).enumerate() {
                let start = place * pass_bytes + starts[at];
                let end = start + template.bytes.len();
                bytes[start..end].copy_from_slice(&template.bytes);
                random.fill(&mut bytes[start + template.painted.start..start + template.painted.end]);
                if template.place == FramePlace::Opens {
                    frame = (start, template.signing);
                }
                slots.push(Slot {
                    start,
                    end,
                    opens_pass: if at == 0 { OpensPass::Yes } else { OpensPass::No },
                    numbers: template.numbers,
                    sender: template.sender,
                    signing: template.signing,
                    place: template.place,
                    closes: profile.closes_frame(at).then_some(frame),
                    wire_bytes,
                    payload_bytes: template.payload_bytes,
                    sent: (0, None),
                });
            }
        }
        let mut generator = Self {
            bytes,
            slots,
            connections: vec![
                Connection::new(0);
                config.sessions.unwrap_or(passes.min(MOST_SESSIONS)).max(1)
            ],
            first_session_id: config.seed << 24 | 1,
            numbers_per_pass: profile.numbers_per_pass,
            mids_per_pass: profile.mids_per_pass,
            next_slot: 0,
            session: 0,
            outstanding: config.outstanding.map_or(1, NonZeroUsize::get),
            passes_left: 0,
        };
        generator.rewind();
        generator
    }

    /// The next message, under numbers that its connection has never used. Sessions take turns.
    #[inline]
    pub fn next_message(&mut self) -> Outgoing<'_> {
        let slot = &mut self.slots[self.next_slot];
        if slot.opens_pass == OpensPass::Yes {
            if self.passes_left == 0 {
                self.session = if self.session + 1 < self.connections.len() { self.session + 1 } else { 0 };
                self.passes_left = self.outstanding;
            }
            self.passes_left -= 1;
            let connection = &mut self.connections[self.session];
            connection.current = connection.next;
            connection.next = connection.current.wrapping_add(self.numbers_per_pass);
            connection.current_mid = connection.next_mid;
            connection.next_mid =
                (connection.current_mid + self.mids_per_pass) % u32::from(smb1::UNSOLICITED_MID);
        }
        let message = &mut self.bytes[slot.start..slot.end];
        let session_id = self.first_session_id.wrapping_add((self.session as u64) << 3);
        let connection = &self.connections[self.session];
        slot.sent = (self.session, number(message, slot.numbers, self.session, session_id, connection));
        self.outgoing()
    }

    /// The next message as it was sent last, numbers and signature included: what a receiver gets, again and again.
    #[inline]
    pub fn next_received(&mut self) -> Outgoing<'_> {
        self.outgoing()
    }

    /// The message that was handed out last; before the first, the set's last one.
    pub fn last(&mut self) -> Outgoing<'_> {
        let last = self.next_slot.checked_sub(1).unwrap_or(self.slots.len() - 1);
        self.message(last)
    }

    /// The frame of the message that was handed out last, if that was the frame's last message.
    #[inline]
    #[must_use]
    pub fn finished_frame(&self) -> Option<FinishedFrame<'_>> {
        let place = self.next_slot.checked_sub(1).unwrap_or(self.slots.len() - 1);
        let slot = &self.slots[place];
        let (start, signing) = slot.closes?;
        Some(FinishedFrame { bytes: &self.bytes[start..slot.end], session: slot.sent.0, signing, place })
    }

    #[inline]
    fn outgoing(&mut self) -> Outgoing<'_> {
        let slot = self.next_slot;
        self.next_slot = if slot + 1 == self.slots.len() { 0 } else { slot + 1 };
        self.message(slot)
    }

    #[inline]
    fn message(&mut self, slot: usize) -> Outgoing<'_> {
        let slot = &self.slots[slot];
        let (session, sequence) = slot.sent;
        Outgoing {
            bytes: &mut self.bytes[slot.start..slot.end],
            session,
            sequence,
            sender: slot.sender,
            signing: slot.signing,
            place: slot.place,
            wire_bytes: slot.wire_bytes,
            payload_bytes: slot.payload_bytes,
        }
    }

    /// Starts again: the same messages with the same numbers follow, so that a warm-up uses no number twice for
    /// different bytes.
    pub fn rewind(&mut self) {
        let first = match self.slots.first().map(|slot| slot.numbers) {
            Some(Numbers::Smb1 { .. }) => 2,
            _ => 4,
        };
        self.connections.fill(Connection::new(first));
        self.next_slot = 0;
        // The first turn is session 0's.
        self.session = self.connections.len() - 1;
        self.passes_left = 0;
    }

    /// Sessions that send.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.connections.len()
    }

    /// Message buffers in the set.
    #[must_use]
    pub fn buffers(&self) -> usize {
        self.slots.len()
    }

    /// Bytes of message buffers.
    #[must_use]
    pub fn set_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Byte times on the wire per message.
    #[must_use]
    pub fn mean_wire_bytes(&self) -> f64 {
        self.slots.iter().map(|slot| slot.wire_bytes).sum::<f64>() / self.slots.len() as f64
    }

    /// The SessionId that SMB2 messages of this session carry.
    #[must_use]
    pub const fn session_id(&self, session: usize) -> smb2::SessionId {
        smb2::SessionId(self.first_session_id.wrapping_add((session as u64) << 3))
    }

    /// The UID that SMB1 messages of this session carry; sessions have connections of their own, so that UIDs may recur.
    #[must_use]
    pub const fn uid(session: usize) -> u16 {
        (session % 0xfff0) as u16 + 1
    }
}

/// Writes a message's numbers, and says what SMB1 signs it with.
#[inline]
fn number(
    message: &mut [u8],
    numbers: Numbers,
    session: usize,
    session_id: u64,
    connection: &Connection,
) -> Option<SequenceNumber> {
    match numbers {
        Numbers::Smb2 { message_id, session: field } => {
            if let Some(relative) = message_id {
                let id = connection.current.wrapping_add(relative);
                message[smb2::MESSAGE_ID_FIELD].copy_from_slice(&id.to_le_bytes());
            }
            if field == SessionField::Written {
                message[smb2::SESSION_ID_FIELD].copy_from_slice(&session_id.to_le_bytes());
            }
            None
        }
        Numbers::Smb1 { sequence, mid } => {
            message[smb1::UID_FIELD].copy_from_slice(&Generator::uid(session).to_le_bytes());
            if let Some(relative) = mid {
                let mid = (connection.current_mid + relative) % u32::from(smb1::UNSOLICITED_MID);
                message[smb1::MID_FIELD].copy_from_slice(&(mid as u16).to_le_bytes());
            }
            Some(SequenceNumber((connection.current as u32).wrapping_add(sequence)))
        }
    }
}
