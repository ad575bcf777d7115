//! Messages on their way through the scheduler.

use super::message::{Message, Operation, Outcome, Refusal};
use super::runs::Pieces;
use crate::mac::Tag;
use crate::protocol::Opening;

/// A message that was admitted: its outcome is a matter of its tag alone.
pub(super) struct Job<'m, 'd> {
    message: &'m mut Message<'d>,
    opening: Opening,
    bytes: usize,
}

impl<'m, 'd> Job<'m, 'd> {
    /// Takes a message in, or hands back one that needs no tag, its outcome told.
    #[inline]
    pub(super) fn admit(message: &'m mut Message<'d>) -> Result<Self, &'m mut Message<'d>> {
        match admission(message) {
            Ok((opening, bytes)) => Ok(Self { message, opening, bytes }),
            Err(outcome) => {
                message.outcome = outcome;
                Err(message)
            }
        }
    }

    /// What the MAC covers, in bytes.
    #[inline]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(super) fn opening(&self) -> &Opening {
        &self.opening
    }

    /// What the MAC covers, piece after piece.
    #[inline]
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let header = self.opening.as_bytes();
        let head = self.message.head.get(header.len()..).unwrap_or_default();
        [header, head].into_iter().chain(self.message.body.iter().map(|slice| &**slice))
    }

    /// The tag by the code for a single message.
    pub(super) fn tag_alone(&self) -> Tag {
        let pieces: Pieces<'_> = self.pieces().collect();
        self.message.key.tag(&self.opening.nonce(), &pieces)
    }

    /// Signs the message with its tag, or compares its signature with it, and hands it back.
    #[inline]
    pub(super) fn settle(self, tag: &Tag) -> &'m mut Message<'d> {
        let Self { message, opening, .. } = self;
        message.outcome = match message.operation {
            Operation::Sign => {
                opening.complete(tag.as_bytes(), message.head);
                Outcome::Signed
            }
            Operation::Verify(_) => {
                let (expected, found) = (opening.signature(tag.as_bytes()), opening.found(message.head));
                if expected == found { Outcome::Verified } else { Outcome::BadSignature { expected, found } }
            }
        };
        message
    }
}

#[inline]
fn admission(message: &Message<'_>) -> Result<(Opening, usize), Outcome> {
    let Message { key, body, operation, sequence, .. } = *message;
    if body.len() > Message::BODY_SLICES {
        return Err(Outcome::Refused(Refusal::Scattered(body.len())));
    }
    let bytes = body.iter().fold(message.head.len(), |sum, slice| sum.saturating_add(slice.len()));
    if bytes > Message::MAX_BYTES {
        return Err(Outcome::Refused(Refusal::TooLong(bytes)));
    }
    let opening = match operation {
        Operation::Sign => Opening::to_sign(key.algorithm(), message.head, sequence).map(Some),
        Operation::Verify(sender) => Opening::to_verify(key.algorithm(), sender, message.head, sequence),
    };
    match opening {
        Ok(Some(opening)) => Ok((opening, bytes)),
        Ok(None) => Err(Outcome::NotSigned),
        Err(error) => Err(Outcome::Refused(error.into())),
    }
}
