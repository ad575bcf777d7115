//! What is done between two readings of the clock.

use smbsign_engine::traffic::{Outgoing, Schedule, Signing};

/// How much that is at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkBound {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

/// Who says whether the next message is due.
pub(super) enum Pace<'a> {
    /// Nobody waits: it always is.
    Saturated,
    /// A link, asked at one moment.
    Link {
        schedule: &'a mut Schedule,
        moment: u64,
        /// Where the chunk's intended departures go; as long as its bound.
        intended: &'a mut [u64],
    },
}

impl Pace<'_> {
    /// Lets message `at` of the chunk depart, and says whether another one is due.
    #[inline]
    fn depart(&mut self, at: usize, wire_bytes: f64) -> bool {
        match self {
            Self::Saturated => true,
            Self::Link { schedule, moment, intended } => {
                intended[at] = schedule.depart(wire_bytes);
                schedule.next() <= *moment
            }
        }
    }
}

/// The messages of a chunk, added up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chunk {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    /// Of messages that a signing session signs.
    pub(super) signed_bytes: usize,
    pub(super) payload_bytes: usize,
    pub(super) wire_bytes: f64,
}

/// Whether a chunk goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another message belongs to it.
    Message,
    /// It is complete.
    Nothing,
}

impl Chunk {
    /// Adds a message, which departs with it.
    #[inline]
    pub(super) fn add(&mut self, message: &Outgoing<'_>, bound: ChunkBound, pace: &mut Pace<'_>) -> Next {
        let bytes = message.bytes.len();
        let another_is_due = pace.depart(self.messages, message.wire_bytes);
        self.messages += 1;
        self.bytes += bytes;
        self.signed_bytes += if message.signing == Signing::Signed { bytes } else { 0 };
        self.payload_bytes += message.payload_bytes;
        self.wire_bytes += message.wire_bytes;
        if another_is_due && self.messages < bound.messages && self.bytes < bound.bytes {
            Next::Message
        } else {
            Next::Nothing
        }
    }
}
