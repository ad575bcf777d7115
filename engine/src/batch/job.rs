//! A message on its way through the scheduler.

use super::message::{Message, Operation, Outcome, Refusal};
use crate::mac::Tag;
use crate::protocol::Opening;

/// A message that was admitted: its outcome is a matter of its tag alone.
pub(super) struct Job<'m, 'd> {
    message: &'m mut Message<'d>,
    opening: Opening,
    /// What the MAC covers; at most [`Message::MAX_BYTES`].
    bytes: u32,
}

impl<'m, 'd> Job<'m, 'd> {
    /// Takes a message in, or hands back one that needs no tag, its outcome told.
    #[inline(always)]
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
        self.bytes as usize
    }

    /// How long the header is.
    #[inline]
    pub(super) const fn header_bytes(&self) -> usize {
        self.opening.bytes()
    }

    /// The header as it stands in the message; the MAC covers it as [`Self::cover`] changes it.
    #[inline]
    pub(super) fn header(&self) -> &[u8] {
        self.message.head.get(..self.header_bytes()).unwrap_or_default()
    }

    /// Makes a copy of the header, or of all, what the MAC covers.
    #[inline]
    pub(super) fn cover(&self, copy: &mut [u8]) {
        self.opening.cover(copy);
    }

    /// What follows the header in the head.
    #[inline]
    pub(super) fn head(&self) -> &[u8] {
        self.message.head.get(self.header_bytes()..).unwrap_or_default()
    }

    /// What follows the head.
    #[inline]
    pub(super) fn body(&self) -> impl Iterator<Item = &[u8]> {
        self.message.body.iter().map(|slice| &**slice)
    }

    /// Copies the whole message, [`Self::bytes`] bytes, as the MAC covers it.
    ///
    /// The head is copied in pieces of a fixed length, the last of which may overlap the one before: the length of a short
    /// message is hard to foretell, and a branch that goes wrong costs more than the whole copy.
    #[inline]
    pub(super) fn copy(&self, to: &mut [u8]) {
        let head = &*self.message.head;
        let Some((to_head, to_body)) = to.split_at_mut_checked(head.len()) else { return };
        match (to_head.last_chunk_mut::<64>(), head.last_chunk::<64>()) {
            (Some(to), Some(from)) => *to = *from,
            _ => to_head.copy_from_slice(head),
        }
        let (to_pieces, _) = to_head.as_chunks_mut::<64>();
        for (to, from) in to_pieces.iter_mut().zip(head.as_chunks::<64>().0) {
            *to = *from;
        }
        self.cover(to_head);
        if !self.message.body.is_empty() {
            let mut rest = to_body;
            for slice in self.body() {
                let Some((to, later)) = rest.split_at_mut_checked(slice.len()) else { return };
                to.copy_from_slice(slice);
                rest = later;
            }
        }
    }

    /// The tag by the code for a single message.
    pub(super) fn tag_alone(&self) -> Tag {
        let mut copy = [0; Opening::MAX_BYTES];
        let (header, _) = copy.split_at_mut(self.header_bytes());
        header.copy_from_slice(self.header());
        self.cover(header);
        let mut pieces = [&[][..]; 2 + Message::BODY_SLICES];
        let all = [&*header, self.head()].into_iter().chain(self.body());
        let count = pieces.iter_mut().zip(all).map(|(piece, bytes)| *piece = bytes).count();
        self.message.key.tag(&self.opening.nonce(self.message.head), pieces.split_at(count).0)
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

#[inline(always)]
fn admission(message: &Message<'_>) -> Result<(Opening, u32), Outcome> {
    let Message { key, body, operation, sequence, .. } = *message;
    let bytes = if body.is_empty() {
        message.head.len()
    } else if body.len() <= Message::BODY_SLICES {
        body.iter().fold(message.head.len(), |sum, slice| sum.saturating_add(slice.len()))
    } else {
        return Err(Outcome::Refused(Refusal::Scattered(body.len())));
    };
    if bytes > Message::MAX_BYTES {
        return Err(Outcome::Refused(Refusal::TooLong(bytes)));
    }
    let opening = match operation {
        Operation::Sign => Opening::to_sign(key.algorithm(), message.head, sequence).map(Some),
        Operation::Verify(sender) => Opening::to_verify(key.algorithm(), sender, message.head, sequence),
    };
    match opening {
        Ok(Some(opening)) => Ok((opening, bytes as u32)),
        Ok(None) => Err(Outcome::NotSigned),
        Err(error) => Err(Outcome::Refused(error.into())),
    }
}
