//! Long messages: read where they lie, step by step, in lanes that others take over as messages end.

use arrayvec::ArrayVec;
use zeroize::Zeroize;

use super::job::Job;
use super::kernel::{Kernel, Lanes, MAX_LANES, finish};
use super::message::Message;
use super::occupancy::Occupancy;
use super::order::{Entry, Group, Order, WINDOW};
use super::runs::{Layout, Stretch, room_blocks};
use super::scheduler::Supply;
use crate::kernels::Backend;
use crate::kernels::lane::Lane;

/// A group of messages up to here ends before anybody could have waited for it.
const QUICK_BYTES: usize = 4096 + 512;
/// The most bytes of a lane that a group takes at once, so that what comes meanwhile does not wait long.
const STEP_BYTES: usize = 64 << 10;
/// How often a pool that cannot fill its lanes lets the others go first, while more messages may come.
const PATIENCE: u32 = 4;

/// Memory that a pool works in, kept from run to run.
pub(super) struct InPlaceRoom<const N: usize> {
    order: Order,
    blocks: Vec<[u8; N]>,
}

impl<const N: usize> InPlaceRoom<N> {
    pub(super) fn new() -> Self {
        Self { order: Order::new(), blocks: vec![[0; N]; room_blocks::<N>()] }
    }

    /// Empties what may hold keys or messages.
    pub(super) fn wipe(&mut self) {
        self.blocks.as_flattened_mut().zeroize();
    }

    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        self.blocks.iter().all(|block| *block == [0; N])
    }
}

/// The jobs of one algorithm that are in flight.
pub(super) struct InPlace<'m, 'd, 'r, C: Kernel<N>, const N: usize> {
    backend: Backend,
    width: usize,
    /// Jobs that are taken in at most: a number of full groups.
    most: usize,
    room: &'r mut InPlaceRoom<N>,
    /// Slots keep their places: [`Order`] names jobs by them.
    slots: ArrayVec<Slot<'m, 'd, C, N>, WINDOW>,
    /// Slots between two jobs, as far as they are known.
    vacant: ArrayVec<u16, WINDOW>,
    /// Jobs in flight.
    live: usize,
    next_long: End,
    waited: u32,
}

struct Slot<'m, 'd, C: Kernel<N>, const N: usize> {
    /// `None` between two jobs.
    job: Option<Job<'m, 'd>>,
    key: &'d C,
    /// Blocks that have moved the state on.
    done: u32,
    state: C::State,
}

/// Which of several groups of long messages runs: in turn, so that neither finds the other always before it.
#[derive(Clone, Copy)]
enum End {
    Shortest,
    Longest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Quick,
    Long,
}

impl<'m, 'd, 'r, C: Kernel<N>, const N: usize> InPlace<'m, 'd, 'r, C, N> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut InPlaceRoom<N>) -> Self {
        room.order.clear();
        let width = C::width(backend).clamp(1, MAX_LANES);
        Self {
            backend,
            width,
            most: WINDOW - WINDOW % width,
            room,
            slots: ArrayVec::new(),
            vacant: ArrayVec::new(),
            live: 0,
            next_long: End::Shortest,
            waited: 0,
        }
    }

    /// How many more jobs can be taken in.
    pub(super) fn space(&self) -> usize {
        self.most.saturating_sub(self.live)
    }

    /// Whether no job is left.
    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Takes a job in; there must be space.
    #[inline(always)]
    pub(super) fn take(&mut self, job: Job<'m, 'd>, key: &'d C, blocks: u32) {
        let index = if self.slots.is_full() { self.vacant_slot() } else { self.slots.len() };
        // Written where it stays: a copy of what was just written in parts waits for the parts to arrive.
        match self.slots.get_mut(index) {
            Some(vacant) => *vacant = Slot { job: Some(job), key, done: 0, state: key.start() },
            None => self.slots.push(Slot { job: Some(job), key, done: 0, state: key.start() }),
        }
        self.live += 1;
        self.room.order.add(Entry::new(blocks, index));
    }

    #[inline(never)]
    fn vacant_slot(&mut self) -> usize {
        if self.vacant.is_empty() {
            let slots = self.slots.iter().zip(0..);
            self.vacant.extend(slots.filter(|(slot, _)| slot.job.is_none()).map(|(_, index)| index));
        }
        usize::from(self.vacant.pop().unwrap_or_default())
    }

    /// Runs groups up to the first of long messages.
    ///
    /// When the supply is dry, lanes that stay empty are no reason to wait.
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        scratch: &mut C::Scratch,
        occupancy: &mut Occupancy,
        mut hand_back: impl FnMut(&'m mut Message<'d>),
    ) {
        if supply == Supply::More && self.live < self.width && self.waited < PATIENCE {
            self.waited += 1;
            return;
        }
        self.waited = 0;
        let order = &mut self.room.order;
        if order.sorted().is_empty() || order.fresh() >= self.width {
            order.sort();
        }
        while let Some((group, length)) = self.pick() {
            self.run(&group, scratch, occupancy, &mut hand_back);
            if length == Length::Long {
                break;
            }
        }
        if self.live == 0 {
            self.slots.clear();
            self.vacant.clear();
        }
    }

    /// The next group: neighbours in length. One that is not full is the shortest's.
    fn pick(&mut self) -> Option<(Group, Length)> {
        let order = &mut self.room.order;
        let waiting = order.sorted();
        let shortest = waiting.first()?.left() as usize * N;
        let size = match waiting.len() % self.width {
            0 => self.width,
            uneven => uneven,
        };
        if shortest <= QUICK_BYTES {
            return Some((order.take_shortest(size), Length::Quick));
        }
        let (group, next) = match self.next_long {
            End::Shortest => (order.take_shortest(size), End::Longest),
            End::Longest => (order.take_longest(size), End::Shortest),
        };
        self.next_long = next;
        Some((group, Length::Long))
    }

    fn run(
        &mut self,
        group: &Group,
        scratch: &mut C::Scratch,
        occupancy: &mut Occupancy,
        hand_back: &mut impl FnMut(&'m mut Message<'d>),
    ) {
        let steps = steps(group, C::STOP).min((STEP_BYTES / N) as u32);
        let busy = group.iter().map(|entry| u64::from(entry.left().min(steps))).sum();
        occupancy.add(busy, u64::from(steps) * self.width as u64);

        let mut ends: ArrayVec<(&'d C, C::State), MAX_LANES> = ArrayVec::new();
        let mut ended: Group = ArrayVec::new();
        let states = self.advance(group, steps, scratch);
        for (entry, state) in group.iter().zip(states) {
            let Some(slot) = self.slots.get_mut(entry.slot()) else { continue };
            if entry.left() > steps {
                slot.done += steps;
                slot.state = state;
                self.room.order.add(Entry::new(entry.left() - steps, entry.slot()));
            } else {
                ended.push(*entry);
                ends.push((slot.key, state));
            }
        }
        finish(self.backend, scratch, ends.iter_mut().map(|(key, end)| (*key, end)), occupancy);
        for (entry, (_, end)) in ended.iter().zip(ends) {
            let slot = self.slots.get_mut(entry.slot());
            if let Some(job) = slot.and_then(|slot| slot.job.take()) {
                self.live -= 1;
                hand_back(job.settle(&C::tag(end)));
            }
        }
    }

    /// Moves a group's chains on by up to so many blocks.
    fn advance(
        &mut self,
        group: &Group,
        steps: u32,
        scratch: &mut C::Scratch,
    ) -> ArrayVec<C::State, MAX_LANES> {
        let room = self.room.blocks.len();
        let mut layout = Layout::new(&mut self.room.blocks);
        let mut laid_out: ArrayVec<(&Slot<'_, '_, C, N>, usize), MAX_LANES> = ArrayVec::new();
        for entry in group {
            let Some(slot) = self.slots.get(entry.slot()) else { continue };
            let Some(job) = &slot.job else { continue };
            let stretch = Stretch { from: slot.done as usize, blocks: entry.left().min(steps) as usize };
            laid_out.push((slot, layout.lane(slot.key, job, stretch)));
        }
        let mut lanes: Lanes<'_, C, N> = ArrayVec::new();
        let mut start = 0;
        for (slot, end) in laid_out {
            let runs = layout.runs().get(start..end).unwrap_or_default();
            lanes.push(Lane::new(slot.key.kernel_key(), slot.state, runs));
            start = end;
        }
        C::run_group(self.backend, scratch, &mut lanes);
        let states = lanes.iter().map(|lane| lane.state).collect();
        let used = room - layout.left();
        drop(lanes);
        drop(layout);
        // Keys stand before messages, and subkeys are added to last blocks, of which two may have been begun beyond the runs.
        self.room.blocks.iter_mut().take(used + 2).for_each(|block| *block = [0; N]);
        states
    }
}

/// How many blocks a group's lanes move on at most: as many as the shortest has left, or more while idle lanes of those that
/// have ended cost less than a stop.
fn steps(group: &Group, stop: u32) -> u32 {
    let (mut longest, mut sum) = (0, 0);
    for entry in group {
        longest = longest.max(entry.left());
        sum += u64::from(entry.left());
    }
    if u64::from(longest) * group.len() as u64 - sum <= u64::from(stop) {
        return longest;
    }
    let mut left: ArrayVec<u32, MAX_LANES> = group.iter().map(|entry| entry.left()).collect();
    left.sort_unstable();
    let (mut steps, mut ended, mut sum) = (0, 0, 0);
    for blocks in left {
        if u64::from(blocks) * ended - sum > u64::from(stop) {
            break;
        }
        steps = blocks;
        sum += u64::from(blocks);
        ended += 1;
    }
    steps
}
