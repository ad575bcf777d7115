//! Messages as runs of whole blocks: read where they lie as far as they can be.

use core::mem;

use arrayvec::ArrayVec;

use crate::kernels::lane::Run;
use crate::mac::chain::{Chain, Cut};

use super::job::Job;
use super::kernel::MAX_LANES;
use super::message::Message;
use crate::protocol::Opening;

/// Pieces of a message: the header as the MAC covers it, the rest of the head, the body.
const MAX_PIECES: usize = 2 + Message::BODY_SLICES;

/// Runs of one lane: each piece may give one in place and one put together before it, and then come the last blocks.
const MAX_RUNS: usize = 2 * MAX_PIECES + 1;
/// A run in place of at most so many bytes is copied if the block before it was: a copy costs a few cycles, and a stop for a new run more.
const COPIED_BYTES: usize = 128;

/// Blocks of room that a lane needs at most: for each piece one that straddles and those worth a copy, and the last two.
const fn lane_blocks<const N: usize>() -> usize {
    (MAX_PIECES + 1) * (1 + COPIED_BYTES / N) + 2
}

/// Blocks of room that [`Layout`] needs for a group, whatever its messages; of what messages mostly are, it is enough for many
/// more.
pub(super) const fn room_blocks<const N: usize>() -> usize {
    MAX_LANES * lane_blocks::<N>()
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

/// Where a walk through a message's bytes stands.
struct Walk {
    /// Bytes to pass over.
    skip: usize,
    /// Whole blocks still to take.
    whole: usize,
    /// Bytes in the block that is being put together.
    filled: usize,
}

impl<'a, const N: usize> Layout<'a, N> {
    #[inline(always)]
    pub(super) fn new(room: &'a mut [[u8; N]]) -> Self {
        Self { runs: ArrayVec::new(), room, pending: 0 }
    }

    /// Blocks of the room that nothing was put into.
    pub(super) const fn left(&self) -> usize {
        self.room.len()
    }

    /// Whether there is room for one more lane, whatever its message.
    pub(super) fn has_room(&self) -> bool {
        self.room.len() >= lane_blocks::<N>() && self.runs.remaining_capacity() >= MAX_RUNS
    }

    /// The runs of all lanes so far.
    pub(super) fn runs(&self) -> &[Run<'a, N>] {
        &self.runs
    }

    /// Lays out a stretch of a message's chain, and tells where its runs end in [`Self::runs`].
    pub(super) fn lane<C: Chain<N>>(&mut self, key: &C, job: &'a Job<'_, '_>, stretch: Stretch) -> usize {
        let cut = key.cut(job.bytes());
        let until = stretch.from + stretch.blocks;
        let whole = until.min(cut.whole).saturating_sub(stretch.from);
        let mut walk = Walk { skip: stretch.from * N, whole, filled: 0 };
        if stretch.from == 0 {
            self.piece(&mut walk, key.prefix(), Self::copy);
        } else {
            walk.skip -= key.prefix().len();
        }
        if let Some(head) = job.covered_head() {
            self.piece(&mut walk, head, Self::append);
        } else {
            if walk.skip < job.header_bytes() {
                let mut copy = [0; Opening::MAX_BYTES];
                let (header, _) = copy.split_at_mut(job.header_bytes());
                header.copy_from_slice(job.header());
                job.cover(header);
                self.piece(&mut walk, header, Self::copy);
            } else {
                walk.skip -= job.header_bytes();
            }
            self.piece(&mut walk, job.head(), Self::append);
        }
        for slice in job.body() {
            if walk.whole == 0 && until <= cut.whole {
                break;
            }
            self.piece(&mut walk, slice, Self::append);
        }
        if until > cut.whole {
            self.pad(key, job.bytes(), cut, walk.filled);
            // A stretch may begin or end between the last two blocks.
            let first = stretch.from.saturating_sub(cut.whole);
            self.keep(first, until.min(cut.blocks()) - cut.whole - first);
        }
        self.flush();
        self.runs.len()
    }

    /// Adds a piece of the message, its whole blocks by `add`.
    #[inline(always)]
    fn piece<'p>(&mut self, walk: &mut Walk, mut piece: &'p [u8], add: impl Fn(&mut Self, &'p [[u8; N]])) {
        if walk.skip > 0 {
            match piece.split_at_checked(walk.skip) {
                Some((_, rest)) => (walk.skip, piece) = (0, rest),
                None => {
                    walk.skip -= piece.len();
                    return;
                }
            }
        }
        if piece.is_empty() {
            return;
        }
        if walk.filled > 0 {
            let taken = self.fill(walk.filled, piece);
            walk.filled += taken;
            piece = piece.split_at(taken).1;
            if walk.filled < N || walk.whole == 0 {
                return;
            }
            self.pending += 1;
            (walk.whole, walk.filled) = (walk.whole - 1, 0);
        }
        let (blocks, rest) = piece.as_chunks::<N>();
        let (run, later) = blocks.split_at(blocks.len().min(walk.whole));
        add(self, run);
        walk.whole -= run.len();
        walk.filled = match later.first() {
            // CMAC's last block may be a whole one; otherwise these bytes belong to a later stretch.
            Some(last) => self.fill_block(last),
            None => self.fill(0, rest),
        };
    }

    /// Puts a whole block into the pending run's next one.
    #[inline]
    fn fill_block(&mut self, block: &[u8; N]) -> usize {
        if let Some(space) = self.room.get_mut(self.pending) {
            *space = *block;
        }
        N
    }

    /// Puts bytes into the pending run's next block, as many as go into it, and tells how many.
    #[inline]
    fn fill(&mut self, filled: usize, piece: &[u8]) -> usize {
        let (taken, _) = piece.split_at(piece.len().min(N - filled));
        if let Some(space) =
            self.room.get_mut(self.pending).and_then(|block| block.get_mut(filled..filled + taken.len()))
        {
            space.copy_from_slice(taken);
        }
        taken.len()
    }

    /// Adds blocks that must be copied.
    #[inline]
    fn copy(&mut self, run: Run<'_, N>) {
        if let Some(space) = self.room.get_mut(self.pending..self.pending + run.len()) {
            for (to, from) in space.iter_mut().zip(run) {
                *to = *from;
            }
            self.pending += run.len();
        }
    }

    /// Adds blocks that lie in the message.
    #[inline]
    fn append(&mut self, run: Run<'a, N>) {
        if run.len() > COPIED_BYTES / N {
            self.flush();
            self.runs.push(run);
        } else {
            self.copy(run);
        }
    }

    #[inline]
    fn pad<C: Chain<N>>(&mut self, key: &C, message_bytes: usize, cut: Cut, filled: usize) {
        if let Some(last) = self.room.get_mut(self.pending..self.pending + cut.last) {
            if filled < N
                && let Some(padding) = last.as_flattened_mut().get_mut(filled..)
            {
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
