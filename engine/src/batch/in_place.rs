//! Long messages: read where they lie, step by step, in lanes that others take over as messages end.

use arrayvec::ArrayVec;
use zeroize::Zeroize;

use super::job::Job;
use super::kernel::{Kernel, MAX_LANES, finish};
use super::message::Message;
use super::occupancy::Occupancy;
use super::order::{End, Entry, Group, Order, WINDOW};
use super::runs::{Layout, Stretch, room_blocks};
use super::scheduler::Supply;
use crate::kernels::Backend;
use crate::kernels::cmac_group::Ending;
use crate::kernels::lane::Lane;

/// A group of messages up to here ends before anybody could have waited for it.
const QUICK_BYTES: usize = 4096 + 512;
/// The most bytes of a lane that a group takes at once, so that what comes meanwhile does not wait long.
const STEP_BYTES: usize = 64 << 10;
/// The most messages of a queue: the more there are, the less places stand empty at its end.
const QUEUE: usize = 256;
/// The bytes of a queue: half a millisecond's, so that what comes meanwhile does not wait long.
const QUEUE_BYTES: usize = 16 << 20;
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
    /// In turn, so that neither end finds the other always before it.
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

/// What runs next.
enum Pick<Q> {
    /// So many of the shortest, which are over soon.
    Quick(usize),
    /// So many long ones, alike in length or few.
    Long(End, usize),
    /// Long ones that take each other's places.
    Queue(End, Q),
}

/// How far a message has come.
struct Gone<S> {
    entry: Entry,
    /// Blocks that moved the state on.
    blocks: u32,
    state: S,
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
    pub(super) fn take(&mut self, mut job: Job<'m, 'd>, key: &'d C, blocks: u32) {
        job.cover_signed();
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
        while let Some(pick) = self.pick() {
            let order = &mut self.room.order;
            match pick {
                Pick::Quick(count) => {
                    let group = order.take(End::Shortest, count);
                    self.run(&group, scratch, occupancy, &mut hand_back);
                    continue;
                }
                Pick::Long(end, count) => {
                    let group = order.take(end, count);
                    self.run(&group, scratch, occupancy, &mut hand_back);
                }
                Pick::Queue(end, kernel) => {
                    let queue = order.take_blocks(end, (QUEUE_BYTES / N) as u32, step_blocks::<N>());
                    self.run_queue((&queue, kernel), supply, scratch, occupancy, &mut hand_back);
                }
            }
            break;
        }
        if self.live == 0 {
            self.slots.clear();
            self.vacant.clear();
        }
    }

    /// The next group: neighbours in length, where long ones are alike or cannot take each other's places. One that is not full
    /// is the shortest's.
    fn pick(&mut self) -> Option<Pick<C::Queue>> {
        let waiting = self.room.order.sorted();
        let (shortest, longest) = (waiting.first()?.left(), waiting.last()?.left());
        let size = match waiting.len() % self.width {
            0 => self.width,
            uneven => uneven,
        };
        if shortest as usize * N <= QUICK_BYTES {
            return Some(Pick::Quick(size));
        }
        let end = self.next_long;
        self.next_long = end.other();
        let unlike = longest > shortest + shortest / 4;
        match C::queue(self.backend) {
            Some(kernel) if unlike && waiting.len() > self.width => Some(Pick::Queue(end, kernel)),
            _ => Some(Pick::Long(end, size)),
        }
    }

    /// Moves a group on, as far as lanes that have ended do not wait too long for the others.
    fn run(
        &mut self,
        group: &Group,
        scratch: &mut C::Scratch,
        occupancy: &mut Occupancy,
        hand_back: &mut impl FnMut(&'m mut Message<'d>),
    ) {
        let most = steps(group, C::STOP).min(step_blocks::<N>());
        let backend = self.backend;
        let gone: ArrayVec<_, MAX_LANES> = self.advance(group.iter().copied(), most, |lanes| {
            let busy = lanes.iter().map(|lane| lane.blocks() as u64).sum();
            occupancy.add(busy, u64::from(most) * C::width(backend) as u64);
            C::run_group(backend, scratch, lanes);
            lanes.iter_mut().for_each(Lane::end);
        });
        self.settle(&gone, scratch, occupancy, hand_back);
    }

    /// Moves messages on that take each other's places. While others wait, they stop when nobody is left to take a place, and go
    /// on with those.
    fn run_queue(
        &mut self,
        (queue, kernel): (&ArrayVec<Entry, QUEUE>, C::Queue),
        supply: Supply,
        scratch: &mut C::Scratch,
        occupancy: &mut Occupancy,
        hand_back: &mut impl FnMut(&'m mut Message<'d>),
    ) {
        let others = supply == Supply::More || !self.room.order.sorted().is_empty();
        let width = self.width;
        // Longest first: the short ones then even out where places are left.
        let gone: ArrayVec<_, QUEUE> =
            self.advance(queue.iter().rev().copied(), step_blocks::<N>(), |lanes| {
                let ending = if others && lanes.len() > width { Ending::WhileFull } else { Ending::Whole };
                let left =
                    |lanes: &[Lane<'_, _, _, N>]| lanes.iter().map(|lane| lane.blocks() as u64).sum::<u64>();
                let before = left(lanes);
                let steps = C::run_queue(kernel, scratch, lanes, ending);
                occupancy.add(before - left(lanes), (steps * width) as u64);
            });
        self.settle(&gone, scratch, occupancy, hand_back);
    }

    /// Lays out up to `most` blocks of each message, as many messages as there is room for, and has them run. The others go back
    /// to where they were.
    fn advance<const MOST: usize>(
        &mut self,
        entries: impl Iterator<Item = Entry>,
        most: u32,
        run: impl FnOnce(&mut [Lane<'_, C::Key, C::State, N>]),
    ) -> ArrayVec<Gone<C::State>, MOST> {
        let InPlaceRoom { order, blocks } = &mut *self.room;
        let room = blocks.len();
        let mut layout = Layout::new(blocks);
        let mut laid_out: ArrayVec<(Entry, &Slot<'_, '_, C, N>, usize), MOST> = ArrayVec::new();
        for entry in entries {
            let Some(slot) = self.slots.get(entry.slot()) else { continue };
            let Some(job) = &slot.job else { continue };
            if layout.has_room() && !laid_out.is_full() {
                let stretch = Stretch { from: slot.done as usize, blocks: entry.left().min(most) as usize };
                laid_out.push((entry, slot, layout.lane(slot.key, job, stretch)));
            } else {
                order.add(entry);
            }
        }
        let mut lanes: ArrayVec<Lane<'_, C::Key, C::State, N>, MOST> = ArrayVec::new();
        let mut start = 0;
        for &(_, slot, end) in &laid_out {
            let runs = layout.runs().get(start..end).unwrap_or_default();
            lanes.push(Lane::new(slot.key.kernel_key(), slot.state, runs));
            start = end;
        }
        run(&mut lanes);
        let gone = laid_out.iter().zip(&lanes).map(|((entry, ..), lane)| {
            let blocks = entry.left().min(most) - lane.blocks() as u32;
            Gone { entry: *entry, blocks, state: lane.state }
        });
        let gone = gone.collect();
        let used = room - layout.left();
        drop(lanes);
        drop(layout);
        // Keys stand before messages, and subkeys are added to last blocks, of which two may have been begun beyond the runs.
        self.room.blocks.iter_mut().take(used + 2).for_each(|block| *block = [0; N]);
        gone
    }

    /// Hands back the messages that have ended, and puts the others among those that wait.
    fn settle(
        &mut self,
        gone: &[Gone<C::State>],
        scratch: &mut C::Scratch,
        occupancy: &mut Occupancy,
        hand_back: &mut impl FnMut(&'m mut Message<'d>),
    ) {
        for gone in gone.chunks(MAX_LANES) {
            let mut ends: ArrayVec<(&'d C, C::State), MAX_LANES> = ArrayVec::new();
            let mut ended: Group = ArrayVec::new();
            for &Gone { entry, blocks, state } in gone {
                let Some(slot) = self.slots.get_mut(entry.slot()) else { continue };
                if blocks < entry.left() {
                    slot.done += blocks;
                    slot.state = state;
                    self.room.order.add(Entry::new(entry.left() - blocks, entry.slot()));
                } else {
                    ended.push(entry);
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
    }
}

const fn step_blocks<const N: usize>() -> u32 {
    (STEP_BYTES / N) as u32
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
