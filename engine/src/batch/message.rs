//! One message of many, and what became of it.

use std::io::IoSlice;

use crate::mac::PreparedKey;
use crate::protocol::{Sender, SequenceNumber, SigningError};

/// A message to be signed or verified where it lies: a head, then any bytes up to its end.
///
/// Head and body are one message from its protocol id to its end (a compound's member with its padding, rule 5); pieces may
/// begin and end at any byte, except that the head holds at least the SMB header.
// One cache line: of many messages in flight each line is one that keys and messages want, too.
#[derive(Debug)]
#[repr(align(64))]
pub struct Message<'a> {
    /// The session's key.
    pub key: &'a PreparedKey,
    /// The message's beginning, at least its SMB header. Signing writes its flags and its signature field, nothing else.
    pub head: &'a mut [u8],
    /// What follows the head, in at most [`Message::BODY_SLICES`] pieces.
    pub body: &'a [IoSlice<'a>],
    /// What to do.
    pub operation: Operation,
    /// SMB1's number; SMB2 takes none.
    pub sequence: Option<SequenceNumber>,
    /// What became of it: [`Outcome::Waiting`] until it ran.
    pub outcome: Outcome,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Set SIGNED and fill in the signature field, as [`signing::sign`](crate::signing::sign) does.
    Sign,
    /// Compare the signature field, as [`signing::verify`](crate::signing::verify) does. The sender is who the connection
    /// says sent the message.
    Verify(Sender),
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It did not run yet.
    Waiting,
    /// It is signed.
    Signed,
    /// Its signature is right.
    Verified,
    /// Its signature is wrong. A response may carry its request's instead (rule 23): compare what the field holds with that.
    /// What it should hold is told by [`signing::verify`](crate::signing::verify).
    BadSignature,
    /// Its SMB2 header does not say that it is signed.
    NotSigned,
    /// It can be neither signed nor verified, and is as it was.
    Refused(Refusal),
}

/// Why a message was refused; it never harms the others. [`SigningError`] says more of the first four: [`crate::signing`]
/// refuses such messages, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// [`SigningError::Malformed`].
    #[error("no SMB header")]
    Malformed,
    /// [`SigningError::WrongAlgorithm`].
    #[error("the key's algorithm does not sign such a message")]
    WrongAlgorithm,
    /// [`SigningError::SequenceNumberMissing`].
    #[error("an SMB1 message without its sequence number")]
    SequenceNumberMissing,
    /// [`SigningError::InterimResponse`].
    #[error("an interim response is never signed")]
    InterimResponse,
    /// The body comes in more pieces than a message may have.
    #[error("a body of more than {limit} slices", limit = Message::BODY_SLICES)]
    Scattered,
    /// The message is longer than the engine counts.
    #[error("more than {limit} bytes", limit = Message::MAX_BYTES)]
    TooLong,
}

impl From<&SigningError> for Refusal {
    fn from(error: &SigningError) -> Self {
        match error {
            SigningError::Malformed(_) => Self::Malformed,
            SigningError::WrongAlgorithm(_) => Self::WrongAlgorithm,
            SigningError::SequenceNumberMissing => Self::SequenceNumberMissing,
            SigningError::InterimResponse => Self::InterimResponse,
        }
    }
}

const _: () = assert!(size_of::<Message<'_>>() == 64);

impl<'a> Message<'a> {
    /// The most pieces that a body may have.
    pub const BODY_SLICES: usize = 16;
    /// The most bytes that a message may have: twice what a frame's 24-bit length can announce.
    pub const MAX_BYTES: usize = 1 << 25;

    /// A message in one piece.
    #[must_use]
    pub fn whole(key: &'a PreparedKey, message: &'a mut [u8], operation: Operation) -> Self {
        Self::scattered(key, message, &[], operation)
    }

    /// A message in several pieces.
    #[must_use]
    pub fn scattered(
        key: &'a PreparedKey,
        head: &'a mut [u8],
        body: &'a [IoSlice<'a>],
        operation: Operation,
    ) -> Self {
        Self { key, head, body, operation, sequence: None, outcome: Outcome::Waiting }
    }

    /// The same message with SMB1's number.
    #[must_use]
    pub fn numbered(self, sequence: SequenceNumber) -> Self {
        Self { sequence: Some(sequence), ..self }
    }
}
