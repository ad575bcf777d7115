//! Lanes: what a kernel that moves many chains on together is given, and the same thing done one chain after another.
//!
//! A *chain* is what MD5, SHA-256 and CBC-MAC have in common: a state, moved on by one whole block after the other. A lane is
//! one chain of a group, with its blocks where they lie. A kernel's `run_group` takes up to as many lanes as it is wide and
//! moves each to its end; lanes may differ in length, and short ones best start late, so that all end together. Who knows
//! messages, their padding and which lanes go together is `batch`.

use core::{iter, slice};

use super::cmac_ni::CmacKey;

/// Blocks that lie one after the other in memory.
pub(crate) type Run<'a, const N: usize> = &'a [[u8; N]];

/// Lanes of the widest kernel.
pub(crate) const MAX_LANES: usize = 64;

/// Where a short message is laid out: its blocks end where the lane does.
///
/// An odd number of cache lines, so that lanes that follow each other do not meet in the same sets of L1.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct ShortLane(pub(crate) [u8; Self::BYTES]);

impl ShortLane {
    /// Four kilobytes, with the padding behind them.
    pub(crate) const BYTES: usize = 67 * 64;

    /// The last blocks, at most as many as fit.
    #[inline(always)]
    pub(crate) fn last_blocks<const N: usize>(&self, count: usize) -> Run<'_, N> {
        let blocks = self.0.as_chunks().0;
        blocks.split_at(blocks.len().saturating_sub(count)).1
    }
}

/// One chain of a group: its key, its state and the blocks that move it on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane<'a, K, S, const N: usize> {
    /// What the chain's step needs beside its state: CBC-MAC's round keys, nothing for a hash.
    pub(crate) key: &'a K,
    /// Before `run_group` where the chain starts, after it where it ends.
    pub(crate) state: S,
    /// Empty only if the lane is.
    first: Run<'a, N>,
    /// None of them empty.
    later: &'a [Run<'a, N>],
    blocks: usize,
}

/// An MD5 chain: the four words of RFC 1321 §3.3.
pub(crate) type Md5Lane<'a> = Lane<'a, (), [u32; 4], 64>;
/// A SHA-256 chain: the eight words of FIPS 180-4 §6.2.
pub(crate) type Sha256Lane<'a> = Lane<'a, (), [u32; 8], 64>;
/// A CBC-MAC chain: the latest cipher block. The last block comes with CMAC's subkey already added.
pub(crate) type CmacLane<'a> = Lane<'a, CmacKey, [u8; 16], 16>;

impl<'a, K, S, const N: usize> Lane<'a, K, S, N> {
    /// A lane over these runs, in their order; empty runs are not allowed.
    #[inline(always)]
    pub(crate) fn new(key: &'a K, state: S, runs: &'a [Run<'a, N>]) -> Self {
        debug_assert!(runs.iter().all(|run| !run.is_empty()), "an empty run");
        let (first, later) = runs.split_first().map_or((&[][..], &[][..]), |(first, later)| (*first, later));
        Self { key, state, first, later, blocks: runs.iter().map(|run| run.len()).sum() }
    }

    /// A lane over one run.
    #[inline(always)]
    pub(crate) const fn over(key: &'a K, state: S, run: Run<'a, N>) -> Self {
        Self { key, state, first: run, later: &[], blocks: run.len() }
    }

    /// Leaves no block: the state is that after all of them.
    #[inline(always)]
    pub(crate) const fn end(&mut self) {
        self.blocks = 0;
    }

    /// Has the lane stand in this state, with so many blocks left of its runs.
    #[inline(always)]
    pub(super) fn stop(&mut self, state: S, left: usize) {
        (self.state, self.blocks) = (state, left);
    }

    /// Blocks in all runs together, or what a kernel has left of them.
    #[inline(always)]
    pub(crate) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The runs in their order, together [`Self::blocks`] long.
    #[inline(always)]
    pub(crate) fn runs(&self) -> Runs<'a, N> {
        iter::once(self.first).chain(self.later.iter().copied())
    }

    /// The run of this number, counted from 0.
    #[inline(always)]
    pub(super) fn run(&self, number: usize) -> Option<Run<'a, N>> {
        if number == 0 { Some(self.first) } else { self.later.get(number - 1).copied() }
    }

    /// The run of a lane that has only one.
    #[inline(always)]
    pub(super) const fn only_run(&self) -> Option<Run<'a, N>> {
        if self.later.is_empty() { Some(self.first) } else { None }
    }
}

/// A lane's runs.
pub(crate) type Runs<'a, const N: usize> =
    iter::Chain<iter::Once<Run<'a, N>>, iter::Copied<slice::Iter<'a, Run<'a, N>>>>;

/// `run_group` with a single-stream function: moves one lane after the other to its end.
#[inline(always)]
pub(crate) fn run_one_by_one<K, S, const N: usize>(
    lanes: &mut [Lane<'_, K, S, N>],
    advance: impl Fn(&K, &mut S, Run<'_, N>),
) {
    for lane in lanes {
        for run in lane.runs() {
            advance(lane.key, &mut lane.state, run);
        }
    }
}
