//! A message on its way through the scheduler.

use super::message::{Message, Operation, Outcome, Refusal};
use crate::mac::{PreparedKey, Tag};
use crate::protocol::{Generation, Mark, Nonce, Opening, SequenceNumber, SigningAlgorithm};

/// A message that was admitted: its outcome is a matter of its tag alone.
pub(super) struct Job<'m, 'd> {
    message: &'m mut Message<'d>,
    opening: Opening,
    /// What the MAC covers; at most [`Message::MAX_BYTES`].
    bytes: u32,
}

impl<'m, 'd> Job<'m, 'd> {
    /// The session's key.
    #[inline(always)]
    pub(super) const fn key(&self) -> &'d PreparedKey {
        self.message.key
    }

    /// What AES-GMAC takes beside the message.
    #[inline(always)]
    pub(super) fn nonce(&self) -> Nonce {
        self.opening.nonce(self.message.head)
    }

    /// What the MAC covers, in bytes.
    #[inline(always)]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// How long the header is.
    #[inline(always)]
    pub(super) const fn header_bytes(&self) -> usize {
        self.opening.bytes()
    }

    /// The header as it stands in the message; the MAC covers it as [`Self::cover`] changes it.
    #[inline(always)]
    pub(super) fn header(&self) -> &[u8] {
        self.message.head.get(..self.header_bytes()).unwrap_or_default()
    }

    /// An SMB2 header as it stands in the message, and what follows it in the head.
    #[inline(always)]
    pub(super) fn smb2(&self) -> Option<(&[u8; Opening::MAX_BYTES], &[u8])> {
        self.message.head.split_first_chunk()
    }

    /// Makes a copy of the header, or of all, what the MAC covers.
    #[inline(always)]
    pub(super) fn cover(&self, copy: &mut [u8]) {
        self.opening.cover(copy);
    }

    /// The head as the MAC covers it: of a message that is to be signed, once [`Self::cover_signed`] has made it so. Any
    /// other must stay as it is.
    #[inline(always)]
    pub(super) fn covered_head(&self) -> Option<&[u8]> {
        (self.message.operation == Operation::Sign).then_some(&*self.message.head)
    }

    /// Makes a message that is to be signed what the MAC covers.
    #[inline(always)]
    pub(super) fn cover_signed(&mut self) {
        cover_signed(self.key().algorithm(), self.message);
    }

    /// What follows the header in the head.
    #[inline(always)]
    pub(super) fn head(&self) -> &[u8] {
        self.message.head.get(self.header_bytes()..).unwrap_or_default()
    }

    /// What follows the head.
    #[inline(always)]
    pub(super) fn body(&self) -> impl Iterator<Item = &[u8]> {
        self.message.body.iter().map(|slice| &**slice)
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
        self.key().tag(&self.nonce(), pieces.split_at(count).0)
    }

    /// Signs the message with its tag, or compares its signature with it, and hands it back.
    #[inline(always)]
    pub(super) fn settle(self, tag: &Tag) -> &'m mut Message<'d> {
        settle(self.key().algorithm(), self.message, tag)
    }

    /// The message, which can still be settled.
    #[inline(always)]
    pub(super) const fn into_message(self) -> &'m mut Message<'d> {
        self.message
    }
}

/// Signs a message that was admitted with its tag, or compares its signature with it, and hands it back.
#[inline(always)]
pub(super) fn settle<'m, 'd>(
    algorithm: SigningAlgorithm,
    message: &'m mut Message<'d>,
    tag: &Tag,
) -> &'m mut Message<'d> {
    let generation = Generation::signed_with(algorithm);
    match message.operation {
        Operation::Sign => {
            generation.complete(tag.as_bytes(), message.head);
            message.outcome = Outcome::Signed;
        }
        Operation::Verify(_) => {
            let (expected, found) = (generation.signature(tag.as_bytes()), generation.found(message.head));
            message.outcome = if expected == found { Outcome::Verified } else { Outcome::BadSignature };
        }
    }
    message
}

/// The job that a message is, or the message itself with its outcome told if it can be neither signed nor verified.
#[inline(always)]
pub(super) fn admit<'m, 'd>(
    algorithm: SigningAlgorithm,
    message: &'m mut Message<'d>,
) -> Result<Job<'m, 'd>, &'m mut Message<'d>> {
    let Message { ref head, body, operation, sequence, .. } = *message;
    let opening = match operation {
        Operation::Sign => Opening::signable(algorithm, head, sequence),
        Operation::Verify(sender) => Opening::verifiable(algorithm, sender, head, sequence),
    };
    let bytes = total_bytes(message);
    match opening {
        Some(opening) if body.len() <= Message::BODY_SLICES && bytes <= Message::MAX_BYTES => {
            Ok(Job { message, opening, bytes: bytes as u32 })
        }
        _ => {
            message.outcome = objection(message);
            Err(message)
        }
    }
}

/// The opening of a message in one piece that can be signed or verified and is no longer than `most`; `None` says nothing of
/// others.
#[inline(always)]
pub(super) fn plain_opening(
    algorithm: SigningAlgorithm,
    message: &Message<'_>,
    most: usize,
) -> Option<Opening> {
    let Message { ref head, body: [], operation, sequence, .. } = *message else { return None };
    let opening = match operation {
        Operation::Sign => Opening::signable(algorithm, head, sequence),
        Operation::Verify(sender) => Opening::verifiable(algorithm, sender, head, sequence),
    };
    opening.filter(|_| head.len() <= most)
}

/// Makes such a message what [`cover_signed`] makes of it, and tells how many bytes the MAC covers.
#[inline(always)]
pub(super) fn admit_plain(
    algorithm: SigningAlgorithm,
    message: &mut Message<'_>,
    most: usize,
) -> Option<usize> {
    plain_opening(algorithm, message, most)?;
    cover_signed(algorithm, message);
    Some(message.head.len())
}

/// Makes a message that is to be signed what the MAC covers, where it lies: nobody needs what stands in its signature field.
#[inline(always)]
pub(super) fn cover_signed(algorithm: SigningAlgorithm, message: &mut Message<'_>) {
    if message.operation == Operation::Sign {
        let sequence = message.sequence.unwrap_or(SequenceNumber(0));
        Generation::signed_with(algorithm).cover(Mark::Set, sequence, message.head);
    }
}

/// What the MAC covers of a message.
#[inline(always)]
pub(super) fn total_bytes(message: &Message<'_>) -> usize {
    if message.body.is_empty() {
        return message.head.len();
    }
    message.body.iter().fold(message.head.len(), |sum, slice| sum.saturating_add(slice.len()))
}

/// The outcome of a message that cannot be admitted.
#[cold]
fn objection(message: &Message<'_>) -> Outcome {
    let Message { key, ref head, body, operation, sequence, .. } = *message;
    if body.len() > Message::BODY_SLICES {
        return Outcome::Refused(Refusal::Scattered);
    }
    if total_bytes(message) > Message::MAX_BYTES {
        return Outcome::Refused(Refusal::TooLong);
    }
    let opening = match operation {
        Operation::Sign => Opening::to_sign(key.algorithm(), head, sequence).err(),
        Operation::Verify(sender) => Opening::to_verify(key.algorithm(), sender, head, sequence).err(),
    };
    opening.map_or(Outcome::NotSigned, |error| Outcome::Refused(Refusal::from(&error)))
}
