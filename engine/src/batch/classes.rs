//! Waiting messages by their lengths, so that those that end together are found together.

use arrayvec::ArrayVec;

use super::kernel::MAX_LANES;
use super::short::LANE_BYTES;

/// Messages of one group, by their slots.
pub(super) type Slots = ArrayVec<u16, MAX_LANES>;

/// Lengths in blocks, from 0 to what fits into a lane.
const CLASSES: usize = LANE_BYTES / 16 + 1;

/// For each length in blocks the slots of messages that wait; never more than make a group.
pub(super) struct Classes {
    slots: Box<[Slots; CLASSES]>,
    /// One bit for each class that is not empty.
    occupied: u128,
}

const _: () = assert!(CLASSES <= 128);

impl Classes {
    pub(super) fn new() -> Self {
        Self { slots: Box::new([const { Slots::new_const() }; CLASSES]), occupied: 0 }
    }

    /// Forgets all messages.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        if self.occupied != 0 {
            self.slots.iter_mut().for_each(ArrayVec::clear);
            self.occupied = 0;
        }
    }

    /// Adds a message of so many blocks, and tells how many of its length wait now.
    #[inline(always)]
    pub(super) fn add(&mut self, blocks: u32, slot: u16) -> usize {
        let Some(class) = self.slots.get_mut(blocks as usize) else { return 0 };
        // There is room: a class is taken when it makes a group.
        let _ = class.try_push(slot);
        self.occupied |= 1 << blocks;
        class.len()
    }

    /// Takes all messages of so many blocks.
    #[inline(always)]
    pub(super) fn take(&mut self, blocks: u32, group: &mut Slots) {
        if let Some(class) = self.slots.get_mut(blocks as usize) {
            group.clone_from(class);
            class.clear();
            self.occupied &= !(1 << blocks);
        }
    }

    /// Takes up to `width` of the longest messages, and tells how many blocks the longest has.
    pub(super) fn take_longest(&mut self, width: usize, group: &mut Slots) -> u32 {
        group.clear();
        let longest = 127 - self.occupied.leading_zeros().min(127);
        while group.len() < width && self.occupied != 0 {
            let blocks = 127 - self.occupied.leading_zeros();
            let Some(class) = self.slots.get_mut(blocks as usize) else { break };
            let left = class.len().saturating_sub(width - group.len());
            group.extend(class.drain(left..));
            if class.is_empty() {
                self.occupied &= !(1 << blocks);
            }
        }
        longest
    }
}
