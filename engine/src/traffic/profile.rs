//! What is sent: a sequence of messages that a session plays over and over.

use std::ops::RangeInclusive;

use super::template::{FramePlace, Signing, Template, Turn};
use super::{BulkMessage, Envelope, Exchange, RecordedMessage, Wire, exchange, replay};
use crate::protocol::{Dialect, MalformedMessage, framing};

/// A profile that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The dialect has no message of this length.
    #[error("a {dialect} message of this kind has {min} to {max} bytes, not {asked}")]
    MessageBytes {
        /// The dialect.
        dialect: Dialect,
        /// Bytes asked for.
        asked: usize,
        /// The shortest message.
        min: usize,
        /// The longest message.
        max: usize,
    },
    /// None of the recorded messages that a session signs belongs to the dialect's generation of the protocol.
    #[error("nothing was recorded that a session of {0} could sign")]
    NothingRecorded(Dialect),
    /// A member of a compound chain that another follows does not end at a multiple of 8 bytes.
    #[error("a compound's member of {0} bytes does not end where the next can begin")]
    Unaligned(usize),
    /// A recorded message is longer than the generator makes any.
    #[error("a recorded message of {0} bytes is too long")]
    TooLong(usize),
    /// A recorded message is no SMB message.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
}

/// A sequence of messages. In a bulk profile each is a session's turn, in all others a pass is: one session sends it from its
/// first message to its last.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) messages: Vec<Template>,
    /// MessageIds or sequence numbers that a turn takes.
    pub(super) numbers_per_turn: u64,
    /// MIDs that a turn takes; SMB1 only.
    pub(super) mids_per_turn: u32,
}

impl Profile {
    /// One bulk message of this length, again and again: what a file copy consists of.
    ///
    /// # Errors
    /// [`ProfileError::MessageBytes`].
    pub fn bulk(message: BulkMessage, dialect: Dialect, message_bytes: usize) -> Result<Self, ProfileError> {
        Ok(Self {
            messages: vec![message.template(dialect, message_bytes)?],
            numbers_per_turn: message.numbers_taken(dialect, message_bytes),
            mids_per_turn: 1,
        })
    }

    /// Bulk messages of many lengths, log-uniform from the shortest to the longest: as many between 128 and 256 bytes as
    /// between 2 and 4 KiB. Their order is shuffled, and always the same; lengths below the dialect's shortest message are
    /// that one's.
    ///
    /// # Errors
    /// [`ProfileError::MessageBytes`].
    pub fn bulk_of_lengths(
        message: BulkMessage,
        dialect: Dialect,
        lengths: RangeInclusive<usize>,
    ) -> Result<Self, ProfileError> {
        const PASS_BYTES: f64 = 512.0 * 1024.0;
        const FEWEST: f64 = 64.0;
        const MOST: f64 = 4096.0;
        let (shortest, longest) = (*lengths.start() as f64, *lengths.end() as f64);
        // Evenly spaced on a logarithmic scale, so that every pass has the distribution's mean.
        let count = (PASS_BYTES * 2.0 / (shortest + longest)).clamp(FEWEST, MOST).round() as usize;
        let length = |at| shortest * (longest / shortest).powf((at as f64 + 0.5) / count as f64);
        let bounded = |length: f64| (length.round() as usize).max(message.min_bytes(dialect));
        let mut lengths: Vec<_> = (0..count).map(|at| bounded(length(at))).collect();
        fastrand::Rng::with_seed(0).shuffle(&mut lengths);
        let numbers = lengths.iter().map(|length| message.numbers_taken(dialect, *length));
        Ok(Self {
            numbers_per_turn: numbers.max().unwrap_or(1),
            messages: lengths
                .iter()
                .map(|length| message.template(dialect, *length))
                .collect::<Result<_, _>>()?,
            mids_per_turn: 1,
        })
    }

    /// Requests and responses of these kinds and lengths, in this order; only SMB2 has them.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn exchanges(dialect: Dialect, exchanges: &[Exchange]) -> Result<Self, ProfileError> {
        if dialect == Dialect::Smb1 || exchanges.is_empty() {
            return Err(ProfileError::NothingRecorded(dialect));
        }
        let mut profile = Self { messages: Vec::new(), numbers_per_turn: 0, mids_per_turn: 0 };
        exchange::append(&mut profile, dialect, exchanges)?;
        Ok(profile)
    }

    /// The messages of real conversations, one connection after another, with their commands, lengths, directions and bodies.
    ///
    /// SMB2 messages stand for any dialect from 2.0.2 on, since its bodies hardly changed; messages of the other generation
    /// are left out. MessageIds become dense and stay shared by request and response; SMB1 messages are numbered as their
    /// connection would number them.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn replay<'a, Conversations, Conversation>(
        dialect: Dialect,
        conversations: Conversations,
    ) -> Result<Self, ProfileError>
    where
        Conversations: IntoIterator<Item = Conversation>,
        Conversation: IntoIterator<Item = RecordedMessage<'a>>,
    {
        let mut profile = Self { messages: Vec::new(), numbers_per_turn: 0, mids_per_turn: 0 };
        for conversation in conversations {
            match dialect {
                Dialect::Smb1 => replay::append_smb1(&mut profile, conversation)?,
                _ => replay::append_smb2(&mut profile, conversation)?,
            }
        }
        if profile.signed_count() == 0 {
            return Err(ProfileError::NothingRecorded(dialect));
        }
        Ok(profile)
    }

    /// How many messages a pass has; never 0.
    #[must_use]
    pub fn message_count(&self) -> usize {
        self.messages.len()
    }

    /// How many messages the longest turn of a session has: one in a bulk profile, else a pass.
    #[must_use]
    pub fn turn_messages(&self) -> usize {
        let turns = self.messages.iter().filter(|message| message.turn == Turn::Next).count();
        self.messages.len().div_ceil(turns.max(1))
    }

    /// How many of them a signing session signs.
    #[must_use]
    pub fn signed_count(&self) -> usize {
        self.messages.iter().filter(|message| message.signing == Signing::Signed).count()
    }

    /// Bytes of a pass from protocol ids to ends, framing not counted.
    #[must_use]
    pub fn message_bytes(&self) -> usize {
        self.message_lengths().sum()
    }

    /// Bytes of each message, in the order of the pass.
    pub fn message_lengths(&self) -> impl Iterator<Item = usize> + Clone {
        self.messages.iter().map(|message| message.bytes.len())
    }

    /// The longest message.
    #[must_use]
    pub fn longest_message(&self) -> usize {
        self.message_lengths().max().unwrap_or(0)
    }

    /// Bytes of the longest frame, framing and envelope not counted: a compound chain's sum, else the longest message.
    #[must_use]
    pub fn longest_frame(&self) -> usize {
        let (mut longest, mut frame_bytes) = (0, 0);
        for message in &self.messages {
            let before = if message.place == FramePlace::Opens { 0 } else { frame_bytes };
            frame_bytes = before + message.bytes.len();
            longest = longest.max(frame_bytes);
        }
        longest
    }

    /// Whether the message at this place of the pass is its frame's last.
    pub(super) fn closes_frame(&self, at: usize) -> bool {
        self.messages.get(at + 1).is_none_or(|next| next.place == FramePlace::Opens)
    }

    /// Byte times of a pass on the wire.
    #[must_use]
    pub fn wire_bytes(&self, wire: Wire, envelope: Envelope) -> f64 {
        self.wire_bytes_by_message(wire, envelope).iter().sum()
    }

    /// Byte times on the wire by message; the last of a compound chain takes them for the whole frame, so that all of the
    /// chain departs together.
    pub(super) fn wire_bytes_by_message(&self, wire: Wire, envelope: Envelope) -> Vec<f64> {
        let mut frame_bytes = 0;
        let of = |(at, message): (usize, &Template)| {
            if message.place == FramePlace::Opens {
                let sealed = if message.signing == Signing::Signed { envelope.bytes() } else { 0 };
                frame_bytes = framing::HEADER_BYTES + sealed;
            }
            frame_bytes += message.bytes.len();
            if self.closes_frame(at) { wire.bytes_of(frame_bytes) } else { 0.0 }
        };
        self.messages.iter().enumerate().map(of).collect()
    }
}
