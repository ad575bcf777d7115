//! Where each lane of a CBC-MAC group stands: how far all can go on together, and who starts or changes runs then.

use core::marker::PhantomData;
use core::ptr;

use super::lane::{CmacLane, Run};

/// The lanes of a group, `V` vectors of `G`. Short lanes start late, so that all end together; a lane that waits, or that no
/// message fills, goes over the longest lane's blocks meanwhile.
pub(super) struct Progress<'a, const G: usize, const V: usize> {
    /// The next block of each lane.
    next: [[*const [u8; 16]; G]; V],
    /// Blocks until a lane's next run begins: so many lie at `next`, unless the lane waits.
    left: [[usize; G]; V],
    /// The runs that a lane takes afterwards.
    later: [[&'a [Run<'a, 16>]; G]; V],
    /// One bit for each lane that has not started.
    waiting: u64,
    longest: usize,
    /// Blocks until all end.
    remaining: usize,
    /// Blocks that lie at every `next` now.
    step: usize,
    runs: PhantomData<Run<'a, 16>>,
}

impl<'a, const G: usize, const V: usize> Progress<'a, G, V> {
    /// Before the first block of the longest lane; lanes beyond `G` × `V` are not looked at.
    #[inline(always)]
    pub(super) fn new(lanes: &[CmacLane<'a>]) -> Self {
        let mut progress = Self {
            next: [[ptr::null(); G]; V],
            left: [[0; G]; V],
            later: [[&[]; G]; V],
            waiting: !0,
            longest: 0,
            remaining: 0,
            step: 0,
            runs: PhantomData,
        };
        let all = progress.left.as_flattened_mut().iter_mut().zip(progress.later.as_flattened_mut());
        for (index, ((left, later), lane)) in all.zip(lanes).enumerate() {
            *left = lane.blocks();
            *later = lane.runs();
            if lane.blocks() > progress.remaining {
                (progress.longest, progress.remaining) = (index, lane.blocks());
            }
        }
        for left in progress.left.as_flattened_mut() {
            *left = progress.remaining - *left;
        }
        progress
    }

    /// Has every lane at the end of a run take its next one, and says which lanes start, one bit each.
    /// `None` if all are at their end.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<u64> {
        if self.remaining == 0 {
            return None;
        }
        let mut switching = 0u64;
        for (lane, left) in self.left.as_flattened().iter().enumerate() {
            switching |= u64::from(*left == 0) << lane;
        }
        let started = switching & self.waiting;
        self.waiting ^= started;
        while switching != 0 {
            let lane = switching.trailing_zeros() as usize;
            switching &= switching - 1;
            let (next, left, later) = (
                &mut self.next.as_flattened_mut()[lane],
                &mut self.left.as_flattened_mut()[lane],
                &mut self.later.as_flattened_mut()[lane],
            );
            if let Some((run, rest)) = later.split_first() {
                (*next, *left, *later) = (run.as_ptr(), run.len(), rest);
            }
        }
        self.step = self.left.as_flattened().iter().fold(usize::MAX, |least, left| least.min(*left));
        let all = !0 >> (64 - G * V);
        if self.waiting & all != 0 {
            let longest = self.next.as_flattened()[self.longest];
            for (lane, next) in self.next.as_flattened_mut().iter_mut().enumerate() {
                *next = if self.waiting >> lane & 1 == 0 { *next } else { longest };
            }
        }
        Some(started)
    }

    /// Blocks that lie before every lane.
    #[inline(always)]
    pub(super) const fn step(&self) -> usize {
        self.step
    }

    /// `N` blocks of a lane, from the `at`th on; together no more than [`Self::step`].
    #[inline(always)]
    pub(super) fn blocks<const N: usize>(&self, vector: usize, slot: usize, at: usize) -> &'a [[u8; 16]; N] {
        assert!(self.step >= N && at <= self.step - N, "blocks beyond the step");
        // SAFETY: `step` blocks lie at `next` in the lane's run or the longest lane's.
        let first = unsafe { self.next[vector][slot].add(at) };
        // SAFETY: and `N` of them at `first`, borrowed for as long as the run is.
        unsafe { &*first.cast() }
    }

    /// Leaves the step's blocks behind.
    #[inline(always)]
    pub(super) fn advance(&mut self) {
        for next in self.next.as_flattened_mut() {
            *next = next.wrapping_add(self.step);
        }
        for left in self.left.as_flattened_mut() {
            *left -= self.step;
        }
        self.remaining -= self.step;
        self.step = 0;
    }
}
