//! Which message comes next, from whom and under which numbers: a generator without its buffers.

use std::num::NonZeroUsize;
use std::ops::Range;

use super::template::{Numbers, SessionField, Signing, Turn};
use super::{FramePlace, GeneratorConfig, Profile};
use crate::protocol::{Sender, SequenceNumber, smb1, smb2};

/// A message about to be sent, its signature still to be made.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// From the protocol id to the end.
    pub bytes: &'a mut [u8],
    /// Which session sends it, from 0 up to [`Series::sessions`].
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

/// What a [`Generator`](super::Generator) writes into its buffers, one after another, each time with fresh numbers.
///
/// Messages are named by their *places* in the set, from 0 up to [`Series::places`]: the same buffer and template each time.
#[derive(Debug, Clone)]
pub struct Series {
    /// The messages of a pass.
    kinds: Vec<Kind>,
    /// Who took each turn of the set last, and from which number on.
    turns: Vec<Taken>,
    turns_per_pass: usize,
    connections: Vec<Connection>,
    first_session_id: u64,
    numbers_per_turn: u64,
    mids_per_turn: u32,
    /// Of the next message: its kind, and its place in the set.
    next_kind: usize,
    next_place: usize,
    /// The turn that is under way, in the set.
    turn: usize,
    /// The session that has it.
    session: usize,
    /// Turns in a row that a session has, and how many of this one's are still to come.
    outstanding: usize,
    turns_left: usize,
    places: usize,
}

/// What all messages at the same place of a pass have in common.
#[derive(Debug, Clone)]
struct Kind {
    within_pass: Range<usize>,
    turn: Turn,
    /// Which turn of the pass it belongs to.
    turn_of_pass: usize,
    numbers: Numbers,
    sender: Sender,
    signing: Signing,
    place: FramePlace,
    /// Of the frame that this message closes: where it begins in the pass, and whether its first message is signed.
    closes: Option<(usize, Signing)>,
    wire_bytes: f64,
    payload_bytes: usize,
}

/// A turn, the last time that it was a session's.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    session: usize,
    /// The first MessageId or sequence number.
    first: u64,
}

/// A connection's numbers.
#[derive(Debug, Clone, Copy)]
struct Connection {
    /// The first MessageId or sequence number of the current turn.
    current: u64,
    /// Of the next turn.
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

/// As many keys as nobody asked for: a large set of short messages would need more memory for keys than for messages.
const MOST_SESSIONS: usize = 4096;

impl Series {
    /// The messages of so many passes; `starts` says where each lies in a pass.
    pub(super) fn new(profile: &Profile, config: GeneratorConfig, starts: &[usize], passes: usize) -> Self {
        let kinds = kinds(profile, config, starts);
        let turns_per_pass = kinds.last().map_or(1, |kind| kind.turn_of_pass + 1);
        let (turns, places) = (passes * turns_per_pass, passes * kinds.len());
        let sessions = config.sessions.unwrap_or(turns.min(MOST_SESSIONS)).max(1);
        let mut series = Self {
            kinds,
            turns: vec![Taken::default(); turns],
            turns_per_pass,
            connections: vec![Connection::new(0); sessions],
            first_session_id: config.seed << 24 | 1,
            numbers_per_turn: profile.numbers_per_turn,
            mids_per_turn: profile.mids_per_turn,
            next_kind: 0,
            next_place: 0,
            turn: 0,
            session: 0,
            outstanding: config.outstanding.map_or(1, NonZeroUsize::get),
            turns_left: 0,
            places,
        };
        series.rewind();
        series
    }

    /// Starts again: the same messages with the same numbers follow.
    pub fn rewind(&mut self) {
        let first = match self.kinds.first().map(|kind| kind.numbers) {
            Some(Numbers::Smb1 { .. }) => 2,
            _ => 4,
        };
        self.connections.fill(Connection::new(first));
        (self.next_kind, self.next_place) = (0, 0);
        // The first turn is session 0's, and the set's first.
        self.turn = self.turns.len() - 1;
        self.session = self.connections.len() - 1;
        self.turns_left = 0;
    }

    /// The next message in the buffer of [`Self::next_place`], under numbers that its connection has never used. Sessions
    /// take turns.
    #[inline]
    pub fn next_message<'a>(&mut self, buffer: &'a mut [u8]) -> Outgoing<'a> {
        let kind = &self.kinds[self.next_kind];
        if kind.turn == Turn::Next {
            if self.turns_left == 0 {
                self.session = if self.session + 1 < self.connections.len() { self.session + 1 } else { 0 };
                self.turns_left = self.outstanding;
            }
            self.turns_left -= 1;
            self.turn = if self.turn + 1 < self.turns.len() { self.turn + 1 } else { 0 };
            let connection = &mut self.connections[self.session];
            connection.current = connection.next;
            connection.next = connection.current.wrapping_add(self.numbers_per_turn);
            connection.current_mid = connection.next_mid;
            connection.next_mid =
                (connection.current_mid + self.mids_per_turn) % u32::from(smb1::UNSOLICITED_MID);
            self.turns[self.turn] = Taken { session: self.session, first: connection.current };
        }
        let connection = self.connections[self.session];
        let session_id = self.session_id(self.session);
        number(buffer, kind.numbers, self.session, session_id, connection);
        let taken = Taken { session: self.session, first: connection.current };
        let kind = self.kinds[self.next_kind].outgoing(taken, buffer);
        self.go_on();
        kind
    }

    /// The next message as it was sent last, numbers and signature included.
    #[inline]
    pub fn next_received<'a>(&mut self, buffer: &'a mut [u8]) -> Outgoing<'a> {
        let kind = &self.kinds[self.next_kind];
        if kind.turn == Turn::Next {
            self.turn = if self.turn + 1 < self.turns.len() { self.turn + 1 } else { 0 };
        }
        let message = kind.outgoing(self.turns[self.turn], buffer);
        self.go_on();
        message
    }

    #[inline]
    fn go_on(&mut self) {
        self.next_kind = if self.next_kind + 1 == self.kinds.len() { 0 } else { self.next_kind + 1 };
        self.next_place = if self.next_place + 1 == self.places { 0 } else { self.next_place + 1 };
    }

    /// The message at a place as it was sent last.
    #[must_use]
    pub fn message<'a>(&self, place: usize, buffer: &'a mut [u8]) -> Outgoing<'a> {
        self.kind(place).outgoing(self.taken(place), buffer)
    }

    /// Where the next message lies.
    #[inline]
    #[must_use]
    pub const fn next_place(&self) -> usize {
        self.next_place
    }

    /// Where the message lies that was handed out last; before the first, the set's last.
    #[inline]
    #[must_use]
    pub fn last_place(&self) -> usize {
        self.next_place.checked_sub(1).unwrap_or(self.places - 1)
    }

    /// Messages in the set.
    #[must_use]
    pub const fn places(&self) -> usize {
        self.places
    }

    /// Sessions that send.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.connections.len()
    }

    /// Messages that can be under way at once: of each session its outstanding turns, and none twice.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        let turn = self.kinds.len().div_ceil(self.turns_per_pass);
        self.sessions().saturating_mul(self.outstanding).saturating_mul(turn).min(self.places)
    }

    /// Whether any frame is a compound chain.
    #[must_use]
    pub fn has_chains(&self) -> bool {
        self.kinds.iter().any(|kind| kind.place == FramePlace::Continues)
    }

    /// Byte times on the wire per message.
    #[must_use]
    pub fn mean_wire_bytes(&self) -> f64 {
        self.kinds.iter().map(|kind| kind.wire_bytes).sum::<f64>() / self.kinds.len() as f64
    }

    /// The SessionId that SMB2 messages of this session carry.
    #[must_use]
    pub const fn session_id(&self, session: usize) -> smb2::SessionId {
        smb2::SessionId(self.first_session_id.wrapping_add((session as u64) << 3))
    }

    /// The UID that SMB1 messages of this session carry.
    #[must_use]
    pub const fn uid(session: usize) -> u16 {
        (session % 0xfff0) as u16 + 1
    }

    #[inline]
    pub(super) fn pass(&self, place: usize) -> usize {
        if self.kinds.len() == 1 { place } else { place / self.kinds.len() }
    }

    #[inline]
    pub(super) fn within_pass(&self, place: usize) -> Range<usize> {
        self.kind(place).within_pass.clone()
    }

    /// Of the frame that the message at this place closes: where it begins in the pass, and whether it is signed.
    pub(super) fn closed_frame(&self, place: usize) -> Option<(usize, Signing)> {
        self.kind(place).closes
    }

    /// Who sent the message at this place last.
    pub(super) fn session(&self, place: usize) -> usize {
        self.taken(place).session
    }

    #[inline]
    fn kind(&self, place: usize) -> &Kind {
        if self.kinds.len() == 1 { &self.kinds[0] } else { &self.kinds[place % self.kinds.len()] }
    }

    fn taken(&self, place: usize) -> Taken {
        self.turns[self.pass(place) * self.turns_per_pass + self.kind(place).turn_of_pass]
    }
}

impl Kind {
    #[inline]
    fn outgoing<'a>(&self, taken: Taken, bytes: &'a mut [u8]) -> Outgoing<'a> {
        let sequence = match self.numbers {
            Numbers::Smb1 { sequence, .. } => {
                Some(SequenceNumber((taken.first as u32).wrapping_add(sequence)))
            }
            Numbers::Smb2 { .. } => None,
        };
        Outgoing {
            bytes,
            session: taken.session,
            sequence,
            sender: self.sender,
            signing: self.signing,
            place: self.place,
            wire_bytes: self.wire_bytes,
            payload_bytes: self.payload_bytes,
        }
    }
}

fn kinds(profile: &Profile, config: GeneratorConfig, starts: &[usize]) -> Vec<Kind> {
    let wire_bytes = profile.wire_bytes_by_message(config.wire, config.envelope);
    let mut kinds = Vec::with_capacity(profile.messages.len());
    let (mut frame, mut turns) = ((0, Signing::Unsigned), 0);
    for (at, ((template, &start), wire_bytes)) in
        profile.messages.iter().zip(starts).zip(wire_bytes).enumerate()
    {
        if template.place == FramePlace::Opens {
            frame = (start, template.signing);
        }
        // A pass begins with a turn, whatever its first message says.
        let turn = if at == 0 { Turn::Next } else { template.turn };
        turns += usize::from(turn == Turn::Next);
        kinds.push(Kind {
            within_pass: start..start + template.bytes.len(),
            turn,
            turn_of_pass: turns - 1,
            numbers: template.numbers,
            sender: template.sender,
            signing: template.signing,
            place: template.place,
            closes: profile.closes_frame(at).then_some(frame),
            wire_bytes,
            payload_bytes: template.payload_bytes,
        });
    }
    kinds
}

/// Writes a message's numbers.
#[inline]
fn number(
    message: &mut [u8],
    numbers: Numbers,
    session: usize,
    session_id: smb2::SessionId,
    connection: Connection,
) {
    match numbers {
        Numbers::Smb2 { message_id, session: field } => {
            if let Some(relative) = message_id {
                let id = connection.current.wrapping_add(relative);
                message[smb2::MESSAGE_ID_FIELD].copy_from_slice(&id.to_le_bytes());
            }
            if field == SessionField::Written {
                message[smb2::SESSION_ID_FIELD].copy_from_slice(&session_id.0.to_le_bytes());
            }
        }
        Numbers::Smb1 { mid, .. } => {
            message[smb1::UID_FIELD].copy_from_slice(&Series::uid(session).to_le_bytes());
            if let Some(relative) = mid {
                let mid = (connection.current_mid + relative) % u32::from(smb1::UNSOLICITED_MID);
                message[smb1::MID_FIELD].copy_from_slice(&(mid as u16).to_le_bytes());
            }
        }
    }
}
