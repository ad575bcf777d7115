//! Runs a group of hash lanes to its end: every lane a block on, all at the same time.
//!
//! Lanes of unequal length are aligned at their ends: a short one starts late, so that nothing stops the others. A lane that
//! has not started (or that no chain was given for) goes along with the longest one, and nobody looks at what comes of it.
//! While one block of every lane is hashed, the next one is transposed into vectors, an eighth at a time.

use core::array;

use super::lane::{Lane, Runs};
use super::vector::fresh_mut;
use super::words::Words;

/// A hash's compression function over `V` vectors of lanes, its state `S` words per lane.
pub(super) trait Chain<W: Words, const V: usize, const S: usize> {
    /// Moves every lane's state on by one block, and calls [`NextBlock::step`] as often as it says it will.
    fn compress<const L: usize>(
        proof: W::Proof,
        state: &mut [[W; V]; S],
        words: &mut [[W; 16]; V],
        next: NextBlock<'_, W, V, L>,
    );
}

/// Read by lanes that have nothing else to read.
static ANY_BLOCK: [u8; 64] = [0; 64];

/// The next block's transposition, spread over the steps of a compression.
pub(super) struct NextBlock<'a, W: Words, const V: usize, const L: usize> {
    proof: W::Proof,
    rows: &'a [*const [u8; 64]; L],
    block: usize,
    staging: &'a mut [W; 16],
    words: &'a mut [[W; 16]; V],
}

impl<W: Words, const V: usize, const L: usize> NextBlock<'_, W, V, L> {
    /// After the step of this number, from 0, of so many steps in all.
    #[inline(always)]
    pub(super) fn step(&mut self, step: usize, steps: usize) {
        for work in step * 8 * V / steps..(step + 1) * 8 * V / steps {
            let (vector, eighth) = (work / 8, work % 8);
            let rows = &self.rows[vector * W::LANES..][..W::LANES];
            let words = &mut self.words[vector];
            // SAFETY: `Rows` keeps every pointer such that the block that it stands at is within the lane's run.
            unsafe { W::transpose_eighth(self.proof, eighth, rows, self.block, self.staging, words) }
        }
    }
}

/// A lane without any.
const NO_RUNS: Lane<'static, (), (), 64> = Lane::over(&(), (), &[]);

/// Where each lane reads: the block to load next, and until when its run goes on.
struct Rows<'a, const L: usize> {
    /// Block `t` of the group is read `t` blocks behind these, as long as `t` is before the lane's `until`.
    origins: [*const [u8; 64]; L],
    /// The block at which a lane needs another run, or starts.
    until: [usize; L],
    /// The block at which the lane starts.
    starts: [usize; L],
    rest: [Runs<'a, 64>; L],
    longest: usize,
}

impl<'a, const L: usize> Rows<'a, L> {
    /// `lanes` are at most `L`, the longest of them `blocks` long.
    #[inline(always)]
    fn new<S>(lanes: &[Lane<'a, (), S, 64>], blocks: usize) -> Self {
        let mut rows = Self {
            origins: [core::ptr::null(); L],
            until: [0; L],
            starts: [usize::MAX; L],
            rest: array::from_fn(|_| NO_RUNS.runs()),
            longest: 0,
        };
        for (index, lane) in lanes.iter().enumerate() {
            rows.rest[index] = lane.runs();
            if lane.blocks() > 0 {
                rows.starts[index] = blocks - lane.blocks();
            }
            if lane.blocks() == blocks {
                rows.longest = index;
            }
        }
        rows
    }

    /// Gives a run to every lane that needs one at `block`, and returns the block at which the next lane will.
    #[inline(always)]
    fn next_runs(&mut self, block: usize) -> usize {
        if self.until[self.longest] <= block && !self.next_run(self.longest, block) {
            self.origins[self.longest] = (&raw const ANY_BLOCK).wrapping_sub(block);
            self.until[self.longest] = block + 1;
        }
        for lane in 0..L {
            if self.until[lane] <= block && !self.next_run(lane, block) {
                self.origins[lane] = self.origins[self.longest];
                self.until[lane] = self.until[self.longest].min(self.starts[lane].max(block + 1));
            }
        }
        self.until.iter().copied().fold(usize::MAX, usize::min)
    }

    /// Whether there was one.
    #[inline(always)]
    fn next_run(&mut self, lane: usize, block: usize) -> bool {
        if self.starts[lane] > block {
            return false;
        }
        for run in self.rest[lane].by_ref() {
            if !run.is_empty() {
                self.origins[lane] = run.as_ptr().wrapping_sub(block);
                self.until[lane] = block + run.len();
                return true;
            }
        }
        false
    }
}

/// Moves every lane to its end. At most `L` lanes, `L` being `V` vectors.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "a lane's words are at the same place of several arrays")]
pub(super) fn run<C, W, const V: usize, const L: usize, const S: usize>(
    proof: W::Proof,
    lanes: &mut [Lane<'_, (), [u32; S], 64>],
) where
    C: Chain<W, V, S>,
    W: Words,
{
    const { assert!(L == V * W::LANES) };
    let blocks = lanes.iter().map(Lane::blocks).max().unwrap_or(0);
    if blocks == 0 {
        return;
    }
    let zero = W::splat(proof, 0);
    let mut state = [[zero; V]; S];
    for four in (0..S).step_by(4) {
        for v in 0..V {
            let quads = W::load_quads(proof, |lane| match lanes.get(v * W::LANES + lane) {
                Some(lane) => &lane.state.as_chunks().0[four / 4],
                None => &[0; 4],
            });
            for word in 0..4 {
                state[four + word][v] = quads[word];
            }
        }
    }
    let mut rows = Rows::<L>::new(lanes, blocks);
    let mut staging = [zero; 16];
    let (mut even, mut odd) = ([[zero; 16]; V], [[zero; 16]; V]);
    let (mut now, mut next) = (&mut even, &mut odd);

    let mut event = rows.next_runs(0);
    let mut first = NextBlock { proof, rows: &rows.origins, block: 0, staging: &mut staging, words: now };
    first.step(0, 1);
    for block in 1..=blocks {
        let happens = block == event && block < blocks;
        if happens {
            event = rows.next_runs(block);
        }
        // The last block is loaded twice: a loop without loading for it alone would push this one out of the instruction cache.
        let loaded = block.min(blocks - 1);
        let loading =
            NextBlock { proof, rows: &rows.origins, block: loaded, staging: &mut staging, words: next };
        C::compress(proof, &mut state, now, loading);
        if happens {
            for (index, lane) in lanes.iter().enumerate() {
                if rows.starts[index] == block {
                    put(&mut state, index, &lane.state);
                }
            }
        }
        // Opaque, or LLVM would keep two copies of the loop, one for each of the two.
        (now, next) = (fresh_mut(next), fresh_mut(now));
    }
    for four in (0..S).step_by(4) {
        for v in 0..V {
            let vectors = [state[four][v], state[four + 1][v], state[four + 2][v], state[four + 3][v]];
            W::store_quads(vectors, |lane, words| {
                if let Some(lane) = lanes.get_mut(v * W::LANES + lane).filter(|lane| lane.blocks() > 0) {
                    lane.state.as_chunks_mut().0[four / 4] = words;
                }
            });
        }
    }
}

#[inline(always)]
fn put<W: Words, const V: usize, const S: usize>(state: &mut [[W; V]; S], lane: usize, words: &[u32; S]) {
    for (vectors, word) in state.iter_mut().zip(words) {
        vectors[lane / W::LANES].words_mut()[lane % W::LANES] = *word;
    }
}
