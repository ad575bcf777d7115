//! How a short message's blocks come to lie one after the other.

use core::iter;

use arrayvec::ArrayVec;
use zeroize::Zeroize;

use super::job::total_bytes;
use super::kernel::{Kernel, MAX_LANES};
use super::message::{Message, Operation};
use super::order::Entry;
use crate::kernels::cmac_group::InOnePiece;
use crate::kernels::cmac_ni::{CmacKey, Ending};
use crate::kernels::lane::ShortLane;
use crate::protocol::{Generation, Mark, SequenceNumber, SigningAlgorithm};

/// Where a group's messages are laid out.
pub(super) struct Layout {
    lanes: Box<[ShortLane; MAX_LANES]>,
    /// Of messages that are read where they lie.
    last_blocks: [[u8; 16]; MAX_LANES],
}

impl Layout {
    pub(super) fn new() -> Self {
        Self { lanes: Box::new([ShortLane([0; _]); MAX_LANES]), last_blocks: [[0; 16]; _] }
    }

    /// Wipes what groups of up to so many lanes and bytes a lane have left behind: keys stand before messages, and subkeys are
    /// added to last blocks.
    #[inline(always)]
    pub(super) fn wipe(&mut self, lanes: usize, bytes: usize) {
        for lane in self.lanes.iter_mut().take(lanes) {
            lane.0.split_at_mut(ShortLane::BYTES.saturating_sub(bytes)).1.fill(0);
        }
        self.last_blocks = [[0; 16]; _];
    }

    /// Wipes everything, also where nobody reads it any more.
    pub(super) fn wipe_all(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.0.zeroize());
        self.last_blocks.zeroize();
    }

    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        let blank = |lane: &ShortLane| lane.0 == [0; ShortLane::BYTES];
        self.lanes.iter().all(blank) && self.last_blocks == [[0; 16]; MAX_LANES]
    }

    /// Adds the messages to `lanes`, and gives their last blocks, if all of them can be read where they lie.
    // Lanes are filled in where they stay: a copy of what was just written in parts waits for the parts to arrive.
    #[inline(always)]
    pub(super) fn in_place<'g, 'd, const LANES: usize>(
        &mut self,
        group: Group<'g, '_, 'd, CmacKey>,
        lanes: &mut ArrayVec<ShortMessage<'g, 'd, CmacKey>, LANES>,
    ) -> Option<&[[u8; 16]; LANES]> {
        for (message, last) in group.messages().take(LANES).zip(&mut self.last_blocks) {
            *last = message.last_block()?;
            lanes.push(message);
        }
        self.last_blocks.first_chunk()
    }

    /// The messages copied to the ends of their lanes.
    #[inline(always)]
    pub(super) fn copies<C: Kernel<N>, const N: usize>(
        &mut self,
        group: Group<'_, '_, '_, C>,
        longest: usize,
    ) -> &[ShortLane; MAX_LANES] {
        for (message, lane) in group.messages().zip(self.lanes.iter_mut()) {
            message.copy(longest, lane);
        }
        &self.lanes
    }
}

/// A message that waits for its group; `None` once it is handed back.
pub(super) struct Waiting<'m, 'd, C> {
    pub(super) message: Option<&'m mut Message<'d>>,
    pub(super) key: &'d C,
}

/// Messages that are about to run, the shortest first.
pub(super) struct Group<'g, 'm, 'd, C> {
    pub(super) entries: &'g [Entry],
    pub(super) waiting: &'g [Waiting<'m, 'd, C>],
}

impl<C> Clone for Group<'_, '_, '_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Group<'_, '_, '_, C> {}

impl<'g, 'd, C> Group<'g, '_, 'd, C> {
    /// The messages, and how many blocks each has.
    #[inline(always)]
    pub(super) fn messages(self) -> impl Iterator<Item = ShortMessage<'g, 'd, C>> {
        let Self { entries, waiting } = self;
        entries.iter().filter_map(|entry| {
            let &Waiting { ref message, key } = waiting.get(entry.slot())?;
            Some(ShortMessage { key, message: message.as_deref()?, blocks: entry.left() })
        })
    }
}

/// A message of a group, and its key.
pub(super) struct ShortMessage<'g, 'd, C> {
    pub(super) key: &'d C,
    pub(super) message: &'g Message<'d>,
    /// In blocks of the key's chain.
    pub(super) blocks: u32,
}

impl ShortMessage<'_, '_, CmacKey> {
    /// The last block, made for the chain, of a message that can be read where it lies.
    #[inline(always)]
    fn last_block(&self) -> Option<[u8; 16]> {
        // One to be signed has become what the MAC covers; one to be verified must stay as it is.
        let Message { ref head, body: [], operation: Operation::Sign, .. } = *self.message else {
            return None;
        };
        Some(self.key.last_block_of(Ending::of(head.len()), head.last_chunk()?))
    }
}

impl InOnePiece for ShortMessage<'_, '_, CmacKey> {
    #[inline(always)]
    fn key(&self) -> &CmacKey {
        self.key
    }

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        self.message.head
    }
}

impl<C> ShortMessage<'_, '_, C> {
    /// Copies the message to the end of a lane: the key before it, what the MAC covers of it, the padding behind it. A chain
    /// that can idle does so until the message is as long as the longest of its group.
    #[inline(always)]
    fn copy<const N: usize>(&self, longest: usize, lane: &mut ShortLane)
    where
        C: Kernel<N>,
    {
        let Self { key, message, blocks } = *self;
        let Some(begin) = ShortLane::BYTES.checked_sub(blocks as usize * N) else { return };
        if (blocks as usize) < longest
            && let Some(block) = key.idle_block()
            && let Some(idle) = lane.0.get_mut(ShortLane::BYTES.saturating_sub(longest * N)..begin)
        {
            idle.as_chunks_mut().0.fill(block);
        }
        // Padding takes less than two blocks, a whole one at most in the last.
        if let Some(last) = lane.0.last_chunk_mut::<N>() {
            *last = [0; N];
        }
        if N == 64
            && let Some(last) = lane.0.last_chunk_mut::<128>()
        {
            *last = [0; 128];
        }
        let bytes = total_bytes(message);
        let (_, all) = lane.0.split_at_mut(begin);
        let Some((prefix, all)) = all.split_at_mut_checked(key.prefix().len()) else { return };
        prefix.copy_from_slice(key.prefix());
        let Some((copy, _)) = all.split_at_mut_checked(bytes) else { return };
        copy_covered(C::ALGORITHM, message, copy);
        let cut = key.cut(bytes);
        let all = lane.0.as_chunks_mut::<N>().0;
        if let Some(last) = all.get_mut(ShortLane::BYTES / N - cut.last..) {
            key.pad(bytes, cut, last);
        }
    }
}

/// Copies a message as the MAC covers it; `to` is as long.
#[inline(always)]
fn copy_covered(algorithm: SigningAlgorithm, message: &Message<'_>, to: &mut [u8]) {
    if message.body.is_empty() {
        copy_one(to, message.head);
    } else {
        copy_pieces(to, message);
    }
    if message.operation != Operation::Sign {
        let sequence = message.sequence.unwrap_or(SequenceNumber(0));
        Generation::signed_with(algorithm).cover(Mark::Leave, sequence, to);
    }
}

#[inline(never)]
fn copy_pieces(to: &mut [u8], message: &Message<'_>) {
    let mut rest = to;
    for piece in iter::once(&*message.head).chain(message.body.iter().map(|slice| &**slice)) {
        let Some((to, behind)) = rest.split_at_mut_checked(piece.len()) else { return };
        to.copy_from_slice(piece);
        rest = behind;
    }
}

/// Copies a piece, mostly in two of a fixed length that may overlap: how long it is is hard to foretell, and a branch that
/// goes wrong costs more than the copy.
#[inline(always)]
fn copy_one(to: &mut [u8], from: &[u8]) {
    match to.len() {
        64..=128 => copy_ends::<64>(to, from),
        129..=256 => copy_ends::<128>(to, from),
        257..=512 => copy_ends::<256>(to, from),
        513..=1024 => copy_ends::<512>(to, from),
        bytes => to.copy_from_slice(from.split_at(bytes).0),
    }
}

/// Copies the first and the last `N` bytes, which are all there are.
#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    let Some(from) = from.get(..to.len()) else { return };
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *to = *from;
    }
}
