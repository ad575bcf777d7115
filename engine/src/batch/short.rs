//! Short messages: copied as they come, padding included, and run in groups that end together.
//!
//! A lane whose blocks lie in two places, or that ends before the others, stops all lanes of its group, and a short message is
//! over before such a stop has paid. So each is laid out as one run of blocks; the copy costs less than one stop.

use core::ops::Range;

use arrayvec::ArrayVec;

use super::job::Job;
use super::kernel::{Ends, Kernel, Lanes, MAX_LANES, finish};
use super::message::Message;
use super::occupancy::Occupancy;
use super::order::{Entry, Order, WINDOW};
use super::scheduler::Supply;
use crate::kernels::Backend;
use crate::kernels::lane::{Lane, Run};
use crate::mac::chain::{Chain, Cut};

/// The longest short message. From here on a copy costs more than the stops that it saves.
pub(super) const SHORT_BYTES: usize = 512;
/// How often messages that cannot fill the lanes wait for more, while more may come.
const PATIENCE: u32 = 4;

/// Memory for one window of short messages, kept from run to run.
pub(super) struct ShortRoom<const N: usize> {
    order: Order,
    blocks: Vec<[u8; N]>,
}

impl<const N: usize> ShortRoom<N> {
    /// Blocks of a short message with the key before it and two of padding behind it.
    const BLOCKS: usize = SHORT_BYTES / N + 3;

    pub(super) fn new() -> Self {
        Self { order: Order::new(), blocks: vec![[0; N]; WINDOW * Self::BLOCKS] }
    }
}

/// The short messages of one algorithm that are in flight.
pub(super) struct Short<'m, 'd, 'r, C: Kernel<N>, const N: usize> {
    backend: Backend,
    width: usize,
    room: &'r mut ShortRoom<N>,
    jobs: ArrayVec<Copied<'m, 'd, C>, WINDOW>,
    /// Blocks of the room that are taken.
    used: usize,
    waited: u32,
}

/// A message whose blocks lie in the room.
struct Copied<'m, 'd, C> {
    /// `None` once it is handed back.
    job: Option<Job<'m, 'd>>,
    key: &'d C,
    /// Its first block.
    first: u32,
}

impl<C> Copied<'_, '_, C> {
    const fn blocks(&self, entry: Entry) -> Range<usize> {
        let first = self.first as usize;
        first..first + entry.left() as usize
    }
}

impl<'m, 'd, 'r, C: Kernel<N>, const N: usize> Short<'m, 'd, 'r, C, N> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut ShortRoom<N>) -> Self {
        room.order.clear();
        let width = C::width(backend).clamp(1, MAX_LANES);
        Self { backend, width, room, jobs: ArrayVec::new_const(), used: 0, waited: 0 }
    }

    /// How many more messages can be taken in: a full window is a number of full groups.
    pub(super) fn space(&self) -> usize {
        WINDOW - WINDOW % self.width - self.jobs.len()
    }

    /// Whether no message is left.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Takes a message of at most [`SHORT_BYTES`] in; there must be space.
    #[inline(always)]
    pub(super) fn take(&mut self, job: Job<'m, 'd>, key: &'d C) {
        let cut = key.cut(job.bytes());
        let first = self.used;
        self.used += cut.blocks();
        if let Some(blocks) = self.room.blocks.get_mut(first..self.used) {
            copy(key, &job, cut, blocks);
        }
        self.room.order.add(Entry::new(cut.blocks() as u32, self.jobs.len()));
        self.jobs.push(Copied { job: Some(job), key, first: first as u32 });
    }

    /// Runs all messages, longest first: a group that is not full is the shortest's.
    ///
    /// When the supply is dry, lanes that stay empty are no reason to wait.
    #[inline(always)]
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        occupancy: &mut Occupancy,
        mut hand_back: impl FnMut(&'m mut Message<'d>),
    ) {
        if self.jobs.is_empty() {
            return;
        }
        if supply == Supply::More && self.jobs.len() < self.width && self.waited < PATIENCE {
            self.waited += 1;
            return;
        }
        let ShortRoom { order, blocks } = &mut *self.room;
        order.sort();
        for group in order.sorted().rchunks(self.width) {
            let mut ends = run_group(self.backend, group, &self.jobs, blocks);
            let (busy, longest) = busy(group);
            occupancy.add(busy, longest * self.width as u64);
            finish(self.backend, &mut ends, self.width, occupancy);
            for (entry, (_, end)) in group.iter().zip(&ends) {
                let copied = self.jobs.get_mut(entry.slot());
                if let Some(job) = copied.and_then(|copied| copied.job.take()) {
                    hand_back(job.settle(&C::tag(*end)));
                }
            }
        }
        order.clear();
        self.jobs.clear();
        (self.used, self.waited) = (0, 0);
    }
}

/// Blocks of all of a group's messages, and of its longest.
#[inline]
fn busy(group: &[Entry]) -> (u64, u64) {
    let blocks = group.iter().map(|entry| u64::from(entry.left()));
    blocks.fold((0, 0), |(sum, longest), blocks| (sum + blocks, longest.max(blocks)))
}

/// Runs a group to its end.
#[inline(always)]
fn run_group<'d, C: Kernel<N>, const N: usize>(
    backend: Backend,
    group: &[Entry],
    jobs: &[Copied<'_, 'd, C>],
    blocks: &[[u8; N]],
) -> Ends<'d, C, N> {
    let mut runs: ArrayVec<[Run<'_, N>; 1], MAX_LANES> = ArrayVec::new_const();
    let mut ends: Ends<'d, C, N> = ArrayVec::new_const();
    for entry in group {
        if let Some(job) = jobs.get(entry.slot())
            && let Some(run) = blocks.get(job.blocks(*entry))
        {
            runs.push([run]);
            ends.push((job.key, job.key.start()));
        }
    }
    let mut lanes: Lanes<'_, C, N> = ArrayVec::new_const();
    for ((key, start), runs) in ends.iter().zip(&runs) {
        lanes.push(Lane::new(key.kernel_key(), *start, runs));
    }
    C::run_group(backend, &mut lanes);
    for ((_, end), lane) in ends.iter_mut().zip(&lanes) {
        *end = lane.state;
    }
    ends
}

/// Lays a message out: the key before it, what the MAC covers of it, the padding behind it.
#[inline(always)]
fn copy<C: Chain<N>, const N: usize>(key: &C, job: &Job<'_, '_>, cut: Cut, blocks: &mut [[u8; N]]) {
    if let Some((last, before)) = blocks.split_last_mut() {
        *last = [0; N];
        if let (2, Some(last)) = (cut.last, before.last_mut()) {
            *last = [0; N];
        }
    }
    let prefix = key.prefix();
    let mut message = blocks.as_flattened_mut();
    if !prefix.is_empty() {
        let Some((to, behind)) = message.split_at_mut_checked(prefix.len()) else { return };
        to.copy_from_slice(prefix);
        message = behind;
    }
    if let Some(message) = message.get_mut(..job.bytes()) {
        job.copy(message);
    }
    if let Some(last) = blocks.get_mut(cut.whole..) {
        key.pad(job.bytes(), cut, last);
    }
}
