//! The messages of one algorithm that are in flight.

use super::in_place::{InPlace, InPlaceRoom};
use super::job::Job;
use super::kernel::Kernel;
use super::message::Message;
use super::occupancy::Occupancy;
use super::scheduler::Supply;
use super::short::{SHORT_BYTES, Short, ShortRoom};
use crate::kernels::Backend;

/// Memory that a pool works in, kept from run to run.
pub(super) struct Room<const N: usize> {
    short: ShortRoom<N>,
    in_place: InPlaceRoom<N>,
}

impl<const N: usize> Room<N> {
    pub(super) fn new() -> Self {
        Self { short: ShortRoom::new(), in_place: InPlaceRoom::new() }
    }
}

/// Short messages, which are copied, and those that are read in place.
pub(super) struct Pool<'m, 'd, 'r, C: Kernel<N>, const N: usize> {
    short: Short<'m, 'd, 'r, C, N>,
    in_place: InPlace<'m, 'd, 'r, C, N>,
}

impl<'m, 'd, 'r, C: Kernel<N>, const N: usize> Pool<'m, 'd, 'r, C, N> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut Room<N>) -> Self {
        let Room { short, in_place } = room;
        Self { short: Short::new(backend, short), in_place: InPlace::new(backend, in_place) }
    }

    /// How many more messages can be taken in.
    pub(super) fn space(&self) -> usize {
        self.short.space().min(self.in_place.space())
    }

    /// Whether no message is left.
    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty() && self.in_place.is_empty()
    }

    /// Takes a message in; there must be space.
    #[inline(always)]
    pub(super) fn take(&mut self, job: Job<'m, 'd>, key: &'d C) {
        if job.bytes() <= SHORT_BYTES { self.short.take(job, key) } else { self.in_place.take(job, key) }
    }

    /// Runs what fills lanes, or everything when no more messages come for now; of long messages one step at most.
    #[inline(always)]
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        occupancy: &mut Occupancy,
        mut hand_back: impl FnMut(&'m mut Message<'d>),
    ) {
        self.short.turn(supply, occupancy, &mut hand_back);
        self.in_place.turn(supply, occupancy, hand_back);
    }
}
