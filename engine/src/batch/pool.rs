//! The messages of one algorithm that are in flight.

use zeroize::Zeroize;

use super::in_place::{InPlace, InPlaceRoom};
use super::job::Job;
use super::kernel::Kernel;
use super::message::Message;
use super::occupancy::Occupancy;
use super::scheduler::Supply;
use super::short::{LANE_BYTES, Short, ShortRoom};
use crate::kernels::{Backend, prefetch};

/// Memory that a pool works in, kept from run to run.
pub(super) struct Room<C: Kernel<N>, const N: usize> {
    short: ShortRoom,
    scratch: Box<C::Scratch>,
    in_place: InPlaceRoom<N>,
}

impl<C: Kernel<N>, const N: usize> Room<C, N> {
    pub(super) fn new() -> Self {
        Self { short: ShortRoom::new(), scratch: Box::default(), in_place: InPlaceRoom::new() }
    }

    /// Empties what may hold keys or messages.
    pub(super) fn wipe(&mut self) {
        self.short.wipe();
        self.scratch.zeroize();
        self.in_place.wipe();
    }

    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        self.short.is_blank() && self.in_place.is_blank()
    }
}

/// A run that ends leaves nothing behind, but one that a panic ends does.
impl<C: Kernel<N>, const N: usize> Drop for Room<C, N> {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Short messages, which are copied, and those that are read in place.
pub(super) struct Pool<'m, 'd, 'r, C: Kernel<N>, const N: usize> {
    short: Short<'m, 'd, 'r, C, N>,
    in_place: InPlace<'m, 'd, 'r, C, N>,
    scratch: &'r mut C::Scratch,
}

impl<'m, 'd, 'r, C: Kernel<N>, const N: usize> Pool<'m, 'd, 'r, C, N> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut Room<C, N>) -> Self {
        let Room { short, scratch, in_place } = room;
        Self { short: Short::new(backend, short), in_place: InPlace::new(backend, in_place), scratch }
    }

    /// How many more messages can be taken in.
    #[inline(always)]
    pub(super) fn space(&self) -> usize {
        self.short.space().min(self.in_place.space())
    }

    /// Whether no message is left.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty() && self.in_place.is_empty()
    }

    /// Takes a message in; there must be space.
    #[inline(always)]
    pub(super) fn take(&mut self, job: Job<'m, 'd>, key: &'d C) {
        prefetch(key);
        // The longest message has fewer than 2³² blocks.
        let blocks = key.cut(job.bytes()).blocks() as u32;
        if blocks <= (LANE_BYTES / N) as u32 {
            self.short.take(job, key, blocks);
        } else {
            self.in_place.take(job, key, blocks);
        }
    }

    /// Runs what fills lanes, or everything when no more messages come for now; of long messages one step at most.
    #[inline(always)]
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        occupancy: &mut Occupancy,
        mut hand_back: impl FnMut(&'m mut Message<'d>),
    ) {
        if self.is_empty() {
            return;
        }
        self.short.turn(supply, self.scratch, occupancy, &mut hand_back);
        self.in_place.turn(supply, self.scratch, occupancy, hand_back);
        self.scratch.zeroize();
    }
}
