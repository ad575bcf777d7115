//! The messages of one algorithm that are in flight.

use zeroize::Zeroize;

use super::in_place::{InPlace, InPlaceRoom};
use super::kernel::Kernel;
use super::message::Message;
use super::occupancy::Occupancy;
use super::scheduler::{Source, Supply};
use super::short::{Halt, Short, ShortRoom};
use crate::kernels::Backend;

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

    #[cfg(test)]
    pub(super) fn scratch(&self) -> &C::Scratch {
        &self.scratch
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

    /// Memory that kernels work in, and may leave secrets in until the next turn with a message.
    #[inline(always)]
    pub(super) fn scratch(&mut self) -> &mut C::Scratch {
        self.scratch
    }

    /// How many more messages can be taken in.
    #[inline(always)]
    pub(super) fn space(&self) -> usize {
        self.in_place.space()
    }

    /// Whether no message is left.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty() && self.in_place.is_empty()
    }

    /// Takes messages in, the first and those that follow, and gives the first back that is not of this algorithm; there must
    /// be space for all. Short ones run as soon as there are enough.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        mut next: &'m mut Message<'d>,
        rest: &mut impl Iterator<Item = &'m mut Message<'d>>,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) -> Option<&'m mut Message<'d>> {
        loop {
            match self.short.take(next, rest) {
                Halt::Dry => return None,
                Halt::Other(message) => return Some(message),
                Halt::Full(message) => {
                    self.short.run(self.scratch, occupancy, source);
                    next = message;
                    continue;
                }
                Halt::Long(job, key, blocks) => self.in_place.take(job, key, blocks),
                Halt::Refused(message) => source.hand_back(message),
            }
            next = rest.next()?;
        }
    }

    /// Runs what fills lanes, or everything when no more messages come for now; of long messages one step at most.
    #[inline(always)]
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) {
        if self.is_empty() {
            return;
        }
        self.short.turn(supply, self.scratch, occupancy, source);
        self.in_place.turn(supply, self.scratch, occupancy, |message| source.hand_back(message));
        self.scratch.zeroize();
    }
}
