//! The messages under AES-CMAC that are in flight: a pool, and before it a queue of those that are alike.

use super::alike_queue::{AlikeQueue, AlikeRoom, Halt, Likeness};
use super::message::Message;
use super::occupancy::Occupancy;
use super::pool::{Pool, Room};
use super::scheduler::{Source, Supply};
use crate::kernels::Backend;
use crate::kernels::cmac_ni::CmacKey;

/// Memory that both work in, kept from run to run.
pub(super) struct CmacRoom {
    alike: AlikeRoom,
    pool: Room<CmacKey, 16>,
}

impl CmacRoom {
    pub(super) fn new() -> Self {
        Self { alike: AlikeRoom::new(), pool: Room::new() }
    }

    /// Empties what may hold keys or messages.
    pub(super) fn wipe(&mut self) {
        self.alike.wipe();
        self.pool.wipe();
    }

    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        self.alike.is_blank() && self.pool.is_blank() && self.pool.scratch().is_blank()
    }
}

/// A run that ends leaves nothing behind, but one that a panic ends does.
impl Drop for CmacRoom {
    fn drop(&mut self) {
        self.wipe();
    }
}

pub(super) struct CmacPool<'m, 'd, 'r> {
    alike: Option<AlikeQueue<'m, 'd, 'r>>,
    pool: Pool<'m, 'd, 'r, CmacKey, 16>,
}

impl<'m, 'd, 'r> CmacPool<'m, 'd, 'r> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut CmacRoom) -> Self {
        let CmacRoom { alike, pool } = room;
        Self { alike: AlikeQueue::of(backend, alike), pool: Pool::new(backend, pool) }
    }

    /// How many more messages can be taken in.
    #[inline(always)]
    pub(super) fn space(&self) -> usize {
        self.pool.space()
    }

    /// Whether no message is left.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.pool.is_empty() && self.alike.as_ref().is_none_or(AlikeQueue::is_empty)
    }

    /// Takes messages in, the first and those that follow, and gives the first back that is not of this algorithm; there must
    /// be space for all.
    ///
    /// What begins as what was taken in before did is expected to go on so. Where messages differ, that is rare, and a look at
    /// one of many costs nothing.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        mut first: &'m mut Message<'d>,
        rest: &mut impl Iterator<Item = &'m mut Message<'d>>,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) -> Option<&'m mut Message<'d>> {
        if let Some(alike) = &mut self.alike {
            let likeness = Likeness::of(first);
            if likeness.is_some() && alike.expect(likeness) == likeness {
                match alike.take(first, rest, self.pool.scratch(), occupancy, source) {
                    Halt::Dry => return None,
                    Halt::Other(message) => return Some(message),
                    Halt::Unlike(message) => first = message,
                }
                alike.expect(None);
            }
            self.give_up(occupancy, source);
        }
        self.pool.take(first, rest, occupancy, source)
    }

    /// Runs what fills lanes, or everything when no more messages come for now; of long messages one step at most.
    #[inline(always)]
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) {
        self.give_up(occupancy, source);
        self.pool.turn(supply, occupancy, source);
        if let Some(alike) = &mut self.alike {
            alike.wipe(self.pool.scratch());
        }
    }

    /// Has the pool take in what waits in the queue.
    #[inline(always)]
    fn give_up(&mut self, occupancy: &mut Occupancy, source: &mut impl Source<'m, 'd>) {
        let Some(alike) = &mut self.alike else { return };
        let mut rest = alike.give_up();
        let mut next = rest.next();
        while let Some(message) = next {
            next = self.pool.take(message, &mut rest, occupancy, source);
        }
    }
}
