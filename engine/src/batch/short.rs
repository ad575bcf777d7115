//! Short messages: copied as they come, padding included, and run in groups that end together.
//!
//! A lane whose blocks lie in two places, or that ends before the others, stops all lanes of its group, and a short message is
//! over before such a stop has paid. So each is laid out as one run of blocks; the copy costs less than one stop.

use arrayvec::ArrayVec;
use zeroize::Zeroize;

use super::job::Job;
use super::kernel::{Kernel, Lanes, MAX_LANES, finish};
use super::message::Message;
use super::occupancy::Occupancy;
use super::order::{Entry, Order, WINDOW};
use super::scheduler::Supply;
use crate::kernels::Backend;
use crate::kernels::lane::Lane;

/// How often messages that cannot fill the lanes wait for more, while more may come.
const PATIENCE: u32 = 4;

/// Bytes of a lane: a message is short if it fits, with the key before it and the padding behind it. An odd number of cache
/// lines, so that lanes do not meet in the same sets of L1.
pub(super) const LANE_BYTES: usize = 17 * 64;

/// Memory for short messages, kept from run to run.
pub(super) struct ShortRoom {
    order: Order,
    /// The blocks of one group, lane by lane.
    lanes: Box<[LaneRoom; MAX_LANES]>,
}

/// A lane's blocks.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct LaneRoom([u8; LANE_BYTES]);

impl ShortRoom {
    pub(super) fn new() -> Self {
        Self { order: Order::new(), lanes: Box::new([LaneRoom([0; LANE_BYTES]); MAX_LANES]) }
    }

    /// Empties what may hold keys or messages.
    pub(super) fn wipe(&mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.0.zeroize());
    }

    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        self.lanes.iter().all(|lane| lane.0 == [0; LANE_BYTES])
    }
}

/// The short messages of one algorithm that are in flight.
pub(super) struct Short<'m, 'd, 'r, C: Kernel<N>, const N: usize> {
    backend: Backend,
    width: usize,
    room: &'r mut ShortRoom,
    jobs: ArrayVec<Waiting<'m, 'd, C>, WINDOW>,
    waited: u32,
}

struct Waiting<'m, 'd, C> {
    /// `None` once it is handed back.
    job: Option<Job<'m, 'd>>,
    key: &'d C,
}

impl<'m, 'd, 'r, C: Kernel<N>, const N: usize> Short<'m, 'd, 'r, C, N> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut ShortRoom) -> Self {
        room.order.clear();
        let width = C::width(backend).clamp(1, MAX_LANES);
        Self { backend, width, room, jobs: ArrayVec::new(), waited: 0 }
    }

    /// How many more messages can be taken in: a full window is a number of full groups.
    #[inline(always)]
    pub(super) fn space(&self) -> usize {
        WINDOW - WINDOW % self.width - self.jobs.len()
    }

    /// Whether no message is left.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Takes a message in whose blocks fit into [`LANE_BYTES`]; there must be space.
    #[inline(always)]
    pub(super) fn take(&mut self, job: Job<'m, 'd>, key: &'d C, blocks: u32) {
        self.room.order.add(Entry::new(blocks, self.jobs.len()));
        self.jobs.push(Waiting { job: Some(job), key });
    }

    /// Runs all messages, longest first: a group that is not full is the shortest's.
    ///
    /// When the supply is dry, lanes that stay empty are no reason to wait.
    #[inline(always)]
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        scratch: &mut C::Scratch,
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
        let ShortRoom { order, lanes } = &mut *self.room;
        order.sort();
        for group in order.sorted().rchunks(self.width) {
            let (busy, longest) = busy(group);
            occupancy.add(busy, longest * self.width as u64);
            let mut laid_out: Lanes<'_, C, N> = ArrayVec::new();
            lay_out(group, longest as usize, &self.jobs, lanes, &mut laid_out);
            C::run_group(self.backend, scratch, &mut laid_out);
            let keys =
                group.iter().filter_map(|entry| self.jobs.get(entry.slot()).map(|waiting| waiting.key));
            let ends = keys.zip(laid_out.iter_mut().map(|lane| &mut lane.state));
            finish(self.backend, scratch, ends, occupancy);
            for (entry, lane) in group.iter().zip(&laid_out) {
                let waiting = self.jobs.get_mut(entry.slot());
                if let Some(job) = waiting.and_then(|waiting| waiting.job.take()) {
                    hand_back(job.settle(&C::tag(lane.state)));
                }
            }
        }
        // Keys stand before messages, and subkeys are added to last blocks.
        let longest = order.sorted().last().map_or(0, |entry| entry.left() as usize * N);
        for lane in lanes.iter_mut().take(self.jobs.len().min(self.width)) {
            if let Some(used) = lane.0.get_mut(..longest) {
                used.fill(0);
            }
        }
        order.clear();
        self.jobs.clear();
        self.waited = 0;
    }
}

/// Blocks of all of a group's messages, and of its longest.
#[inline(always)]
fn busy(group: &[Entry]) -> (u64, u64) {
    let blocks = group.iter().map(|entry| u64::from(entry.left()));
    blocks.fold((0, 0), |(sum, longest), blocks| (sum + blocks, longest.max(blocks)))
}

/// Lays a group's messages out in their lanes.
#[inline(always)]
fn lay_out<'a, 'd: 'a, C: Kernel<N>, const N: usize>(
    group: &[Entry],
    longest: usize,
    jobs: &[Waiting<'_, 'd, C>],
    room: &'a mut [LaneRoom; MAX_LANES],
    lanes: &mut Lanes<'a, C, N>,
) {
    let waiting = |entry: &Entry| match jobs.get(entry.slot()) {
        Some(Waiting { job: Some(job), key }) => Some((job, *key)),
        _ => None,
    };
    for (entry, lane) in group.iter().zip(room) {
        if let Some((job, key)) = waiting(entry) {
            copy(key, job, longest, entry.left() as usize, &mut lane.0);
            let (blocks, _) = lane.0.as_chunks_mut::<N>();
            let Some(blocks) = blocks.get_mut(..longest) else { continue };
            let cut = key.cut(job.bytes());
            if let Some(last) = blocks.get_mut(longest - cut.last..) {
                key.pad(job.bytes(), cut, last);
            }
            // A lane that cannot idle starts late.
            let from = if key.idle_block().is_some() { 0 } else { longest - cut.blocks() };
            lanes.push(Lane::over(key.kernel_key(), key.start(), blocks.get(from..).unwrap_or_default()));
        }
    }
}

/// Lays a message out at the end of its lane: the key before it, what the MAC covers of it, zeros for the padding behind it.
#[inline(always)]
fn copy<C: Kernel<N>, const N: usize>(
    key: &C,
    job: &Job<'_, '_>,
    longest: usize,
    blocks: usize,
    lane: &mut [u8; LANE_BYTES],
) {
    let end = longest * N;
    let begin = end - blocks * N;
    if let Some(block) = key.idle_block()
        && let Some(idle) = lane.get_mut(..begin)
    {
        idle.as_chunks_mut().0.fill(block);
    }
    // Padding takes less than two blocks, a whole one at most in the last.
    if let Some(last) = lane.get_mut(..end).and_then(<[u8]>::last_chunk_mut::<N>) {
        *last = [0; N];
    }
    if N == 64
        && let Some(before) = lane.get_mut(..end - N).and_then(<[u8]>::last_chunk_mut::<N>)
    {
        *before = [0; N];
    }
    let prefix = key.prefix();
    if let Some(to) = lane.get_mut(begin..begin + prefix.len()) {
        to.copy_from_slice(prefix);
    }
    let begin = begin + prefix.len();
    if let Some(message) = lane.get_mut(begin..begin + job.bytes()) {
        job.copy(message);
    }
}
