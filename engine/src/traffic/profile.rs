//! What is sent: a sequence of messages that a session plays over and over.

use super::template::{FramePlace, Signing, Template};
use super::{BulkMessage, RecordedMessage, Wire, replay};
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
    /// A recorded message is longer than the generator makes any.
    #[error("a recorded message of {0} bytes is too long")]
    TooLong(usize),
    /// A recorded message is no SMB message.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
}

/// A sequence of messages, which one session sends from its first to its last before another session's turn comes.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) messages: Vec<Template>,
    /// MessageIds or sequence numbers that one pass takes.
    pub(super) numbers_per_pass: u64,
    /// MIDs that one pass takes; SMB1 only.
    pub(super) mids_per_pass: u32,
}

impl Profile {
    /// One bulk message of this length, again and again: what a file copy consists of.
    ///
    /// # Errors
    /// [`ProfileError::MessageBytes`].
    pub fn bulk(message: BulkMessage, dialect: Dialect, message_bytes: usize) -> Result<Self, ProfileError> {
        Ok(Self {
            messages: vec![message.template(dialect, message_bytes)?],
            numbers_per_pass: message.numbers_taken(dialect, message_bytes),
            mids_per_pass: 1,
        })
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
        let mut profile = Self { messages: Vec::new(), numbers_per_pass: 0, mids_per_pass: 0 };
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

    /// Byte times of a pass on the wire.
    #[must_use]
    pub fn wire_bytes(&self, wire: Wire) -> f64 {
        self.wire_bytes_by_message(wire).iter().sum()
    }

    /// Byte times on the wire by message; the first of a compound chain takes them for the whole frame.
    pub(super) fn wire_bytes_by_message(&self, wire: Wire) -> Vec<f64> {
        let mut wire_bytes = vec![0.0; self.messages.len()];
        let mut frame_bytes = framing::HEADER_BYTES;
        for (at, message) in self.messages.iter().enumerate().rev() {
            frame_bytes += message.bytes.len();
            if message.place == FramePlace::Opens {
                wire_bytes[at] = wire.bytes_of(frame_bytes);
                frame_bytes = framing::HEADER_BYTES;
            }
        }
        wire_bytes
    }
}
