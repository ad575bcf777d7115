//! Where each lane of a CBC-MAC group stands: how far all can go on together, and who starts or changes runs then.

use core::marker::PhantomData;
use core::ptr;

use super::lane::{CmacLane, Run, ShortLane};

/// Lanes at the same offset modulo 4 KiB share a set of L1, which holds few more lines than this. Where more meet, so many
/// go together and the next ones follow at the distance of a line: 32 lanes of 4 KiB (64 KiB) in pages of their own took
/// .14 to .16 (.15) cycles per byte on Zen 5, and .19 (.24) without.
const TOGETHER: usize = 8;
const DISTANCE: usize = 4;
/// Blocks in the shortest lane from which on lanes are staggered: the distances then cost 32 lanes a sixteenth at most.
/// Reckoned, not measured.
pub(super) const STAGGERED: usize = 192;

/// Blocks that lie before every lane of `V` vectors of `G`.
pub(super) struct Step<'a, const G: usize, const V: usize> {
    /// The next block of each lane.
    next: [[*const [u8; 16]; G]; V],
    /// So many lie at every `next`.
    blocks: usize,
    runs: PhantomData<Run<'a, 16>>,
}

impl<'a, const G: usize, const V: usize> Step<'a, G, V> {
    /// The only one of a group whose lanes are one run each, all of them of the same length, and too short to be staggered.
    /// Lanes that no message fills go over the first one's blocks.
    #[inline(always)]
    pub(super) fn only(lanes: &[CmacLane<'a>]) -> Option<Self> {
        let first = lanes.first()?.only_run()?;
        let mut next = [[first.as_ptr(); G]; V];
        let mut uneven = 0;
        for (next, lane) in next.as_flattened_mut().iter_mut().zip(lanes) {
            let run = lane.only_run()?;
            uneven |= run.len() ^ first.len();
            *next = run.as_ptr();
        }
        (uneven == 0 && first.len() < STAGGERED).then_some(Self {
            next,
            blocks: first.len(),
            runs: PhantomData,
        })
    }

    /// The first of these messages' blocks, as many as the shortest has if it has fewer than so many.
    #[inline(always)]
    pub(super) fn first(blocks: usize, message: impl Fn(usize) -> &'a [u8]) -> Self {
        let (mut next, mut shortest) = ([[ptr::null(); G]; V], usize::MAX);
        for (lane, next) in next.as_flattened_mut().iter_mut().enumerate() {
            let message = message(lane);
            shortest = shortest.min(message.len());
            *next = message.as_ptr().cast();
        }
        Self { next, blocks: blocks.min(shortest / 16), runs: PhantomData }
    }

    /// How many blocks.
    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.blocks
    }

    /// `N` blocks of a lane, from the `at`th on; together no more than [`Self::len`].
    #[inline(always)]
    pub(super) fn blocks<const N: usize>(&self, vector: usize, slot: usize, at: usize) -> &'a [[u8; 16]; N] {
        assert!(self.blocks >= N && at <= self.blocks - N, "blocks beyond the step");
        // SAFETY: so many blocks lie at `next`, in the lane's run or in that of a lane that runs.
        let first = unsafe { self.next[vector][slot].add(at) };
        // SAFETY: and `N` of them at `first`, borrowed for as long as the run is.
        unsafe { &*first.cast() }
    }
}

/// The last blocks of lanes that follow each other in memory.
pub(super) struct ShortLanes<'a, const L: usize> {
    lanes: &'a [ShortLane; L],
    blocks: usize,
}

impl<'a, const L: usize> ShortLanes<'a, L> {
    /// So many of each lane, or all that it holds.
    #[inline(always)]
    pub(super) fn new(lanes: &'a [ShortLane; L], blocks: usize) -> Self {
        Self { lanes, blocks: blocks.min(ShortLane::BYTES / 16) }
    }

    /// How many blocks.
    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.blocks
    }

    /// `N` blocks of a lane, from the `at`th on; together no more than [`Self::len`].
    #[inline(always)]
    pub(super) fn blocks<const N: usize>(&self, lane: usize, at: usize) -> &'a [[u8; 16]; N] {
        assert!(self.blocks >= N && at <= self.blocks - N, "blocks beyond the lane");
        let first = ShortLane::BYTES - 16 * (self.blocks - at);
        let blocks = self.lanes[lane].0.as_ptr().wrapping_add(first);
        // SAFETY: the lane has so many blocks from there to its end, of which there are `N` by the first line.
        unsafe { &*blocks.cast() }
    }
}

/// The lanes of a group, `V` vectors of `G`. Short lanes start late, so that all end together, or almost; one that does not
/// run, or that no message fills, goes over another's blocks meanwhile.
pub(super) struct Progress<'l, 'a, const G: usize, const V: usize> {
    lanes: &'l [CmacLane<'a>],
    /// Where each lane stands, and how far all can go.
    step: Step<'a, G, V>,
    /// Blocks until a lane's next run begins: in a lane that runs, so many lie at `next`.
    left: [[usize; G]; V],
    /// Runs that a lane has taken.
    taken: [[u8; G]; V],
    /// One bit for each lane that runs.
    running: u64,
}

/// What happens before a step, one bit for each lane.
pub(super) struct Turn {
    pub(super) started: u64,
    pub(super) ended: u64,
}

impl<'l, 'a, const G: usize, const V: usize> Progress<'l, 'a, G, V> {
    /// Before the first block of the longest lane; lanes beyond `G` × `V` are not looked at.
    #[inline(always)]
    pub(super) fn new(lanes: &'l [CmacLane<'a>]) -> Self {
        let mut progress = Self {
            lanes,
            step: Step { next: [[ptr::null(); G]; V], blocks: 0, runs: PhantomData },
            left: [[usize::MAX; G]; V],
            taken: [[0; G]; V],
            running: 0,
        };
        let longest = lanes.iter().map(CmacLane::blocks).max().unwrap_or(0);
        for (left, lane) in progress.left.as_flattened_mut().iter_mut().zip(lanes) {
            *left = if lane.blocks() == 0 { usize::MAX } else { longest - lane.blocks() };
        }
        if G * V > TOGETHER && longest >= STAGGERED && meet_in_cache(lanes) {
            progress.stagger();
        }
        progress
    }

    /// Somebody runs from the first block on, and then always: the lanes are far longer than their distances.
    #[inline(never)]
    fn stagger(&mut self) {
        let left = self.left.as_flattened_mut();
        for (lane, left) in left.iter_mut().enumerate() {
            *left = left.saturating_add(lane / TOGETHER * DISTANCE);
        }
        let first = left.iter().copied().min().unwrap_or(0);
        left.iter_mut().for_each(|left| *left -= first);
    }

    /// Has every lane at the end of a run take its next one, and says which lanes start and which have ended.
    /// The step is 0 after the last has ended.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Turn {
        let mut switching = 0u64;
        for (lane, left) in self.left.as_flattened().iter().enumerate() {
            switching |= u64::from(*left == 0) << lane;
        }
        let mut turn = Turn { started: switching & !self.running, ended: 0 };
        while switching != 0 {
            let lane = switching.trailing_zeros() as usize;
            switching &= switching - 1;
            let left = &mut self.left.as_flattened_mut()[lane];
            let taken = &mut self.taken.as_flattened_mut()[lane];
            if let Some(run) = self.lanes.get(lane).and_then(|lane| lane.run(usize::from(*taken))) {
                (*left, *taken) = (run.len(), *taken + 1);
                self.step.next.as_flattened_mut()[lane] = run.as_ptr();
            } else {
                *left = usize::MAX;
                turn.ended |= 1 << lane;
            }
        }
        self.running = (self.running | turn.started) & !turn.ended;
        self.step.blocks = least(self.left.as_flattened());

        if self.running != !0 >> (64 - G * V) {
            let lanes = self.step.next.as_flattened_mut();
            let Some(borrowed) = lanes.get(self.running.trailing_zeros() as usize).copied() else {
                self.step.blocks = 0;
                return turn;
            };
            for (lane, next) in lanes.iter_mut().enumerate() {
                *next = if self.running >> lane & 1 == 0 { borrowed } else { *next };
            }
        }
        turn
    }

    /// Blocks that lie before every lane.
    #[inline(always)]
    pub(super) const fn step(&self) -> &Step<'a, G, V> {
        &self.step
    }

    /// Leaves the step's blocks behind.
    #[inline(always)]
    pub(super) fn advance(&mut self) {
        for next in self.step.next.as_flattened_mut() {
            *next = next.wrapping_add(self.step.blocks);
        }
        for left in self.left.as_flattened_mut() {
            *left -= self.step.blocks;
        }
        self.step.blocks = 0;
    }
}

/// In eight columns: one chain of 32 comparisons would take as many cycles.
#[inline(always)]
fn least(left: &[usize]) -> usize {
    let (rows, rest) = left.as_chunks::<8>();
    let mut least = [usize::MAX; 8];
    for row in rows {
        for (least, left) in least.iter_mut().zip(row) {
            *least = (*least).min(*left);
        }
    }
    least.into_iter().chain(rest.iter().copied()).fold(usize::MAX, usize::min)
}

/// Whether many lanes, all of them long, read at the same offset modulo 4 KiB.
fn meet_in_cache(lanes: &[CmacLane<'_>]) -> bool {
    let line = |lane: &CmacLane<'_>| {
        let run = lane.runs().max_by_key(|run| run.len())?;
        Some(run.as_ptr().addr() / 64 % 64)
    };
    let Some(first) = lanes.first() else { return false };
    let meeting = lanes.iter().filter(|lane| line(lane) == line(first)).count();
    meeting > TOGETHER && lanes.iter().all(|lane| lane.blocks() >= STAGGERED)
}
