//! The jobs of one algorithm: sorted into groups that end together, and long ones moved on step by step.

use arrayvec::ArrayVec;

use super::job::Job;
use super::kernel::{Kernel, MAX_LANES};
use super::message::Message;
use super::occupancy::Occupancy;
use super::order::{Order, WINDOW};
use super::runs::{Layout, Stretch, room_blocks};
use crate::kernels::Backend;
use crate::kernels::lane::Lane;

/// Bytes of a message up to which it is short: a group of such ends before anybody could have waited for it.
const SHORT_BYTES: usize = 4096 + 512;
/// The most bytes of a lane that a group takes at once, so that what comes meanwhile does not wait long.
const STEP_BYTES: usize = 64 << 10;
/// How often a pool that cannot fill its lanes lets the others go first, while more messages may come.
const PATIENCE: u32 = 4;

/// Memory that a pool works in, kept from run to run.
pub(super) struct Room<const N: usize> {
    order: Order,
    blocks: Vec<[u8; N]>,
}

impl<const N: usize> Room<N> {
    pub(super) fn new() -> Self {
        Self { order: Order::new(), blocks: vec![[0; N]; room_blocks::<N>()] }
    }
}

/// The jobs of one algorithm that are in flight.
pub(super) struct Pool<'m, 'd, 'r, C: Kernel<N>, const N: usize> {
    backend: Backend,
    width: usize,
    room: &'r mut Room<N>,
    slots: ArrayVec<Slot<'m, 'd, C, N>, WINDOW>,
    free: ArrayVec<u8, WINDOW>,
    /// The part of the sorted jobs that did not run since they were sorted.
    sorted: core::ops::Range<usize>,
    /// Jobs that came or ran since.
    unsorted: usize,
    next_long: Long,
    waited: u32,
}

struct Slot<'m, 'd, C: Kernel<N>, const N: usize> {
    /// `None` between two jobs.
    job: Option<Job<'m, 'd>>,
    key: &'d C,
    state: C::State,
    /// Blocks that have moved the state on.
    done: u32,
    /// Blocks in all.
    blocks: u32,
}

/// Which of several groups of long messages runs: in turn, so that neither finds the other always before it.
#[derive(Clone, Copy)]
enum Long {
    Shortest,
    Longest,
}

/// Jobs that run together, by their slots.
type Group = ArrayVec<u8, MAX_LANES>;

impl<C: Kernel<N>, const N: usize> Slot<'_, '_, C, N> {
    const fn left(&self) -> u32 {
        self.blocks - self.done
    }
}

impl<'m, 'd, 'r, C: Kernel<N>, const N: usize> Pool<'m, 'd, 'r, C, N> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut Room<N>) -> Self {
        Self {
            backend,
            width: C::width(backend).clamp(1, MAX_LANES),
            room,
            slots: ArrayVec::new_const(),
            free: ArrayVec::new_const(),
            sorted: 0..0,
            unsorted: 0,
            next_long: Long::Shortest,
            waited: 0,
        }
    }

    /// Jobs in flight.
    fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether another job can be taken in: as many as fill all groups of a window.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.live() < WINDOW - WINDOW % self.width
    }

    /// Whether no job is left.
    pub(super) fn is_empty(&self) -> bool {
        self.live() == 0
    }

    /// Takes a job in; there must be room.
    #[inline]
    pub(super) fn take(&mut self, job: Job<'m, 'd>, key: &'d C) {
        // The longest message has fewer than 2³² blocks.
        let blocks = key.cut(job.bytes()).blocks() as u32;
        let slot = Slot { job: Some(job), key, state: key.start(), done: 0, blocks };
        match self.free.pop().and_then(|free| self.slots.get_mut(usize::from(free))) {
            Some(vacant) => *vacant = slot,
            None => self.slots.push(slot),
        }
        self.unsorted += 1;
    }

    /// Runs all groups of short messages, or those that there are before a group of long ones, and one of these.
    ///
    /// `dry` says that no more messages come for now: then lanes that stay empty are no reason to wait.
    pub(super) fn turn(
        &mut self,
        dry: bool,
        occupancy: &mut Occupancy,
        mut hand_back: impl FnMut(&'m mut Message<'d>),
    ) {
        if !dry && self.live() < self.width && self.waited < PATIENCE {
            self.waited += 1;
            return;
        }
        self.waited = 0;
        if self.sorted.is_empty() || self.unsorted >= self.width {
            self.sort();
        }
        while !self.sorted.is_empty() {
            let (group, length) = self.pick();
            self.run(&group, occupancy, &mut hand_back);
            if length == Length::Long {
                return;
            }
        }
    }

    fn sort(&mut self) {
        let live = self.slots.iter().zip(0..=u8::MAX).filter(|(slot, _)| slot.job.is_some());
        self.sorted = 0..self.room.order.sort(live.map(|(slot, index)| (index, slot.left())));
        self.unsorted = 0;
    }

    /// The next group: neighbours in length. One that is not full is the shortest's.
    fn pick(&mut self) -> (Group, Length) {
        let lowest = self.room.order.sorted()[self.sorted.start % WINDOW];
        let left = self.slots.get(usize::from(lowest)).map_or(0, Slot::left);
        let length = if left as usize > SHORT_BYTES / N { Length::Long } else { Length::Short };
        let uneven = self.sorted.len() % self.width;
        let size = if uneven == 0 { self.width } else { uneven };
        let take_longest = match (length, self.next_long) {
            (Length::Short, _) => false,
            (Length::Long, Long::Shortest) => {
                self.next_long = Long::Longest;
                false
            }
            (Length::Long, Long::Longest) => {
                self.next_long = Long::Shortest;
                true
            }
        };
        let range = if take_longest {
            let range = self.sorted.end - size..self.sorted.end;
            self.sorted.end = range.start;
            range
        } else {
            let range = self.sorted.start..self.sorted.start + size;
            self.sorted.start = range.end;
            range
        };
        (self.room.order.sorted()[range].iter().copied().collect(), length)
    }

    fn run(
        &mut self,
        group: &Group,
        occupancy: &mut Occupancy,
        hand_back: &mut impl FnMut(&'m mut Message<'d>),
    ) {
        let steps = self.steps(group);
        let mut ends: ArrayVec<C::State, MAX_LANES> = ArrayVec::new_const();
        {
            let mut layout = Layout::new(&mut self.room.blocks);
            let mut lane_ends: ArrayVec<usize, MAX_LANES> = ArrayVec::new_const();
            let mut busy = 0;
            for slot in slots(&self.slots, group) {
                let Some(job) = &slot.job else { continue };
                let blocks = slot.left().min(steps);
                busy += u64::from(blocks);
                let stretch = Stretch { from: slot.done as usize, blocks: blocks as usize };
                lane_ends.push(layout.lane(slot.key, job.bytes(), job.pieces(), stretch));
            }
            occupancy.add(busy, u64::from(steps) * self.width as u64);
            let mut lanes: ArrayVec<Lane<'_, C::Key, C::State, N>, MAX_LANES> = ArrayVec::new_const();
            let mut start = 0;
            for (slot, end) in slots(&self.slots, group).zip(&lane_ends) {
                let runs = layout.runs().get(start..*end).unwrap_or_default();
                lanes.push(Lane::new(slot.key.kernel_key(), slot.state, runs));
                start = *end;
            }
            C::run_group(self.backend, &mut lanes);
            ends.extend(lanes.iter().map(|lane| lane.state));
        }
        self.finish(group, &ends, steps, occupancy, hand_back);
    }

    /// How many blocks a group's lanes move on at most: as many as the shortest has left, or more while that costs less than
    /// to stop for those that have ended.
    fn steps(&self, group: &Group) -> u32 {
        let mut left: ArrayVec<u32, MAX_LANES> = slots(&self.slots, group).map(Slot::left).collect();
        let (mut longest, mut sum) = (0, 0);
        for blocks in &left {
            longest = longest.max(*blocks);
            sum += u64::from(*blocks);
        }
        let mut steps = longest;
        if u64::from(longest) * left.len() as u64 - sum > u64::from(C::STOP) {
            left.sort_unstable();
            let (mut ended, mut sum) = (0, 0);
            for blocks in left {
                if u64::from(blocks) * ended - sum > u64::from(C::STOP) {
                    break;
                }
                steps = blocks;
                sum += u64::from(blocks);
                ended += 1;
            }
        }
        steps.min((STEP_BYTES / N) as u32)
    }

    /// Takes the lanes' ends: into the slots, or for messages that ended into their tags.
    fn finish(
        &mut self,
        group: &Group,
        ends: &[C::State],
        steps: u32,
        occupancy: &mut Occupancy,
        hand_back: &mut impl FnMut(&'m mut Message<'d>),
    ) {
        let mut ended: ArrayVec<(u8, C::State), MAX_LANES> = ArrayVec::new_const();
        for (index, end) in group.iter().zip(ends) {
            let Some(slot) = self.slots.get_mut(usize::from(*index)) else { continue };
            if slot.left() <= steps {
                ended.push((*index, *end));
            } else {
                slot.done += steps;
                slot.state = *end;
                self.unsorted += 1;
            }
        }
        self.outer(&mut ended, occupancy);
        for (index, end) in ended {
            let job = self.slots.get_mut(usize::from(index)).and_then(|slot| slot.job.take());
            if let Some(job) = job {
                self.free.push(index);
                hand_back(job.settle(&C::tag(end)));
            }
        }
    }

    /// The outer hash of an HMAC, one block for each lane.
    fn outer(&self, ended: &mut ArrayVec<(u8, C::State), MAX_LANES>, occupancy: &mut Occupancy) {
        let mut starts: ArrayVec<(C::State, [u8; N]), MAX_LANES> = ArrayVec::new_const();
        for (index, end) in &*ended {
            let outer = self.slots.get(usize::from(*index)).and_then(|slot| slot.key.outer(*end));
            match outer {
                Some(outer) => starts.push(outer),
                None => return,
            }
        }
        if starts.is_empty() {
            return;
        }
        let runs: ArrayVec<[&[[u8; N]]; 1], MAX_LANES> =
            starts.iter().map(|(_, block)| [core::slice::from_ref(block)]).collect();
        let mut lanes: ArrayVec<Lane<'_, C::Key, C::State, N>, MAX_LANES> = ArrayVec::new_const();
        for (((index, _), (state, _)), runs) in ended.iter().zip(&starts).zip(&runs) {
            let Some(slot) = self.slots.get(usize::from(*index)) else { return };
            lanes.push(Lane::new(slot.key.kernel_key(), *state, runs));
        }
        occupancy.add(lanes.len() as u64, self.width as u64);
        C::run_group(self.backend, &mut lanes);
        for ((_, end), lane) in ended.iter_mut().zip(&lanes) {
            *end = lane.state;
        }
    }
}

/// The slots of a group.
fn slots<'a, 'm, 'd, C: Kernel<N>, const N: usize>(
    slots: &'a [Slot<'m, 'd, C, N>],
    group: &Group,
) -> impl Iterator<Item = &'a Slot<'m, 'd, C, N>> {
    group.iter().filter_map(|index| slots.get(usize::from(*index)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Long,
}
