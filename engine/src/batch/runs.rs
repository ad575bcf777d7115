//! Messages as runs of whole blocks: read where they lie as far as they can be.

use core::mem;

use arrayvec::ArrayVec;

use crate::kernels::lane::Run;
use crate::mac::chain::{Chain, Cut};

use super::kernel::MAX_LANES;
use super::message::Message;

/// Pieces of a message: the header as the MAC covers it, the rest of the head, the body.
pub(super) const MAX_PIECES: usize = 2 + Message::BODY_SLICES;
/// The pieces of a message.
pub(super) type Pieces<'a> = ArrayVec<&'a [u8], MAX_PIECES>;

/// Runs of one lane: each piece may give one in place and one put together before it, and then come the last blocks.
const MAX_RUNS: usize = 2 * MAX_PIECES + 1;
/// A run in place of at most so many bytes is copied if the block before it was: a copy costs a few cycles, and a stop for a new run more.
const COPIED_BYTES: usize = 128;

/// Blocks of room that [`Layout`] needs for a group: for each piece of each lane one that straddles and those worth a copy,
/// and the last two.
pub(super) const fn room_blocks<const N: usize>() -> usize {
    MAX_LANES * ((MAX_PIECES + 1) * (1 + COPIED_BYTES / N) + 2)
}

/// The runs of a group's lanes, laid out one lane after the other.
pub(super) struct Layout<'a, const N: usize> {
    runs: ArrayVec<Run<'a, N>, { MAX_LANES * MAX_RUNS }>,
    /// Room for blocks that must be put together.
    room: &'a mut [[u8; N]],
    /// How many of them belong to the run that is being put together.
    pending: usize,
}

/// The blocks of a chain that a lane takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// Blocks before them.
    pub(super) from: usize,
    /// How many they are.
    pub(super) blocks: usize,
}

impl<'a, const N: usize> Layout<'a, N> {
    pub(super) fn new(room: &'a mut [[u8; N]]) -> Self {
        Self { runs: ArrayVec::new_const(), room, pending: 0 }
    }

    /// The runs of all lanes so far.
    pub(super) fn runs(&self) -> &[Run<'a, N>] {
        &self.runs
    }

    /// Lays out a stretch of a message's chain, and tells where its runs end in [`Self::runs`].
    #[inline]
    pub(super) fn lane<C: Chain<N>>(
        &mut self,
        key: &C,
        message_bytes: usize,
        pieces: impl Iterator<Item = &'a [u8]>,
        stretch: Stretch,
    ) -> usize {
        let cut = key.cut(message_bytes);
        let until = stretch.from.saturating_add(stretch.blocks);
        let mut whole = until.min(cut.whole).saturating_sub(stretch.from);
        let mut skip = stretch.from.saturating_mul(N);
        let mut filled = 0;
        // The prefix is shorter than a block: it is always put together with what follows.
        let prefix = key.prefix();
        if skip < prefix.len() {
            filled = self.fill(0, prefix).len();
        } else {
            skip -= prefix.len();
        }
        for piece in pieces {
            if whole == 0 && until <= cut.whole {
                break;
            }
            let Some((_, mut piece)) = piece.split_at_checked(skip) else {
                skip -= piece.len();
                continue;
            };
            skip = 0;
            if filled > 0 {
                let taken = self.fill(filled, piece).len();
                filled += taken;
                piece = piece.split_at(taken).1;
                if filled < N || whole == 0 {
                    continue;
                }
                self.pending += 1;
                whole -= 1;
            }
            let (blocks, rest) = piece.as_chunks::<N>();
            let (run, later) = blocks.split_at(blocks.len().min(whole));
            self.append(run);
            whole -= run.len();
            // CMAC's last block may be a whole one, and lie here.
            filled = match later.first() {
                Some(last) => self.fill(0, last).len(),
                None => self.fill(0, rest).len(),
            };
        }
        if until > cut.whole {
            self.pad(key, message_bytes, cut, filled);
            // A stretch may begin or end between the last two blocks.
            let first = stretch.from.saturating_sub(cut.whole);
            self.keep(first, until.min(cut.blocks()) - cut.whole - first);
        }
        self.flush();
        self.runs.len()
    }

    /// Puts bytes into the pending run's next block, as many as go into it, and gives them back.
    #[inline]
    fn fill<'p>(&mut self, filled: usize, piece: &'p [u8]) -> &'p [u8] {
        let (taken, _) = piece.split_at(piece.len().min(N - filled));
        if let Some(space) =
            self.room.get_mut(self.pending).and_then(|block| block.get_mut(filled..filled + taken.len()))
        {
            space.copy_from_slice(taken);
        }
        taken
    }

    /// Adds blocks that lie in the message.
    #[inline]
    fn append(&mut self, run: Run<'a, N>) {
        if run.len() > COPIED_BYTES / N {
            self.flush();
            self.runs.push(run);
        } else if let Some(space) = self.room.get_mut(self.pending..self.pending + run.len()) {
            space.copy_from_slice(run);
            self.pending += run.len();
        }
    }

    #[inline]
    fn pad<C: Chain<N>>(&mut self, key: &C, message_bytes: usize, cut: Cut, filled: usize) {
        if let Some(last) = self.room.get_mut(self.pending..self.pending + cut.last) {
            if let Some(padding) = last.as_flattened_mut().get_mut(filled..) {
                padding.fill(0);
            }
            key.pad(message_bytes, cut, last);
        }
    }

    /// Adds `count` of the blocks that were put together, but for the first `skipped` of them.
    #[inline]
    fn keep(&mut self, skipped: usize, count: usize) {
        if skipped > 0
            && let Some(blocks) = self.room.get_mut(self.pending..self.pending + skipped + count)
        {
            blocks.copy_within(skipped.., 0);
        }
        self.pending += count;
    }

    /// Ends the run that is being put together.
    #[inline]
    fn flush(&mut self) {
        if self.pending > 0 {
            let (run, rest) = mem::take(&mut self.room).split_at_mut(mem::take(&mut self.pending));
            self.room = rest;
            self.runs.push(run);
        }
    }
}
