//! Short messages, in groups that begin and end together.
//!
//! A lane whose blocks lie in two places, or that ends before the others, stops all lanes of its group, and a short message is
//! over before such a stop has paid. So groups of unlike messages are laid out one run of blocks for each; the copy costs less
//! than one stop.

use core::mem;

use arrayvec::ArrayVec;

use super::job::{Job, admit, admit_plain, cover_signed, settle};
use super::kernel::{Kernel, MAX_LANES, finish};
use super::message::Message;
use super::occupancy::Occupancy;
use super::order::{Entry, Order, WINDOW};
use super::scheduler::{Source, Supply};
use super::short_message::{Group, Layout, Waiting};
use crate::kernels::{Backend, Work, prefetch};

/// How often messages that cannot fill the lanes wait for more, while more may come.
const PATIENCE: u32 = 4;

/// Memory for short messages, kept from run to run.
pub(super) struct ShortRoom {
    order: Order,
    layout: Layout,
    /// Of the latest message that may or may not be copied. Kept from run to run: the next one's are likely to be like it.
    latest_blocks: u32,
}

impl ShortRoom {
    pub(super) fn new() -> Self {
        Self { order: Order::new(), layout: Layout::new(), latest_blocks: 0 }
    }

    /// Empties what may hold keys or messages.
    pub(super) fn wipe(&mut self) {
        self.layout.wipe_all();
    }

    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        self.layout.is_blank()
    }
}

/// The short messages of one algorithm that are in flight.
pub(super) struct Short<'m, 'd, 'r, C: Kernel<N>, const N: usize> {
    backend: Backend,
    width: usize,
    room: &'r mut ShortRoom,
    waiting: ArrayVec<Waiting<'m, 'd, C>, WINDOW>,
    /// Messages that are taken in at most: a number of full groups.
    most: usize,
    waited: u32,
    /// Whether messages went elsewhere that are too long for here, since the last turn.
    longer: bool,
}

/// Why no more messages were taken in.
pub(super) enum Halt<'m, 'd, C> {
    /// There are none.
    Dry,
    /// They must run first; this one comes after them.
    Full(&'m mut Message<'d>),
    /// This one is long.
    Long(Job<'m, 'd>, &'d C, u32),
    /// This one was refused.
    Refused(&'m mut Message<'d>),
    /// This one is not of this algorithm.
    Other(&'m mut Message<'d>),
}

impl<'m, 'd, 'r, C: Kernel<N>, const N: usize> Short<'m, 'd, 'r, C, N> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut ShortRoom) -> Self {
        room.order.clear();
        let width = C::width(backend).clamp(1, MAX_LANES);
        let most = WINDOW - WINDOW % width;
        Self { backend, width, room, waiting: ArrayVec::new(), most, waited: 0, longer: false }
    }

    /// Whether no message is left.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes messages in, the first and those that follow, as long as they are short ones of this algorithm.
    pub(super) fn take(
        &mut self,
        first: &'m mut Message<'d>,
        rest: &mut impl Iterator<Item = &'m mut Message<'d>>,
    ) -> Halt<'m, 'd, C> {
        self.backend.compiled(Take { short: self, first, rest })
    }

    /// Runs what fills lanes, or everything when no more messages come for now: lanes that stay empty are no reason to wait
    /// then.
    pub(super) fn turn(
        &mut self,
        supply: Supply,
        scratch: &mut C::Scratch,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) {
        self.longer = false;
        if supply == Supply::More && self.waiting.len() < self.width && self.waited < PATIENCE {
            self.waited += 1;
        } else if !self.waiting.is_empty() {
            self.waited = 0;
            self.backend.compiled(RunAll { short: self, scratch, occupancy, source });
        }
    }

    /// Runs all messages.
    pub(super) fn run(
        &mut self,
        scratch: &mut C::Scratch,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) {
        self.backend.compiled(RunAll { short: self, scratch, occupancy, source });
    }
}

/// [`Short::take`], as work that is compiled for its backend.
struct Take<'s, 'm, 'd, 'r, C: Kernel<N>, I, const N: usize> {
    short: &'s mut Short<'m, 'd, 'r, C, N>,
    first: &'m mut Message<'d>,
    rest: &'s mut I,
}

impl<'m, 'd, C, I, const N: usize> Work for Take<'_, 'm, 'd, '_, C, I, N>
where
    C: Kernel<N>,
    I: Iterator<Item = &'m mut Message<'d>>,
{
    type Yield = Halt<'m, 'd, C>;

    #[inline(always)]
    fn run(self) -> Halt<'m, 'd, C> {
        let Self { short, first, rest } = self;
        let Short { most, room: ShortRoom { order, latest_blocks, .. }, waiting, longer, .. } = short;
        let most = (*most).min(WINDOW);
        let mut message = first;
        loop {
            let Some(key) = C::of(message.key) else { return Halt::Other(message) };
            if N == 64 {
                // Of a hash's states the last lines; all else came with the first.
                prefetch(key);
            }
            let count = waiting.len();
            if count >= most {
                return Halt::Full(message);
            }
            let blocks = if let Some(bytes) = admit_plain(C::ALGORITHM, message, C::MOST_COPIED - 2 * N) {
                key.cut(bytes).blocks() as u32
            } else {
                let job = match admit(C::ALGORITHM, message) {
                    Ok(job) => job,
                    Err(message) => return Halt::Refused(message),
                };
                // The longest message has fewer than 2³² blocks.
                let blocks = key.cut(job.bytes()).blocks() as u32;
                if blocks > (C::MOST_COPIED_UNLIKE / N) as u32 {
                    *longer = true;
                    return Halt::Long(job, key, blocks);
                }
                if blocks > (C::MOST_COPIED / N) as u32 {
                    let alike = mem::replace(latest_blocks, blocks) == blocks;
                    if alike || *longer {
                        return Halt::Long(job, key, blocks);
                    }
                }
                message = job.into_message();
                cover_signed(C::ALGORITHM, message);
                blocks
            };
            waiting.push(Waiting { message: Some(message), key });
            order.put(count, Entry::new(blocks, count));
            match rest.next() {
                Some(next) => message = next,
                None => return Halt::Dry,
            }
        }
    }
}

/// [`Short::run`], as work that is compiled for its backend.
struct RunAll<'s, 'm, 'd, 'r, C: Kernel<N>, S, const N: usize> {
    short: &'s mut Short<'m, 'd, 'r, C, N>,
    scratch: &'s mut C::Scratch,
    occupancy: &'s mut Occupancy,
    source: &'s mut S,
}

impl<'m, 'd, C, S, const N: usize> Work for RunAll<'_, 'm, 'd, '_, C, S, N>
where
    C: Kernel<N>,
    S: Source<'m, 'd>,
{
    type Yield = ();

    /// Longest first: a group that is not full is the shortest's.
    #[inline(always)]
    fn run(self) {
        let Self { short, scratch, occupancy, source } = self;
        let Short { backend, width, room: ShortRoom { order, layout, .. }, waiting, .. } = short;
        let Some(Waiting { key, .. }) = waiting.first() else { return };
        let mut ends = [key.start(); MAX_LANES];
        order.filled(waiting.len());
        order.sort();
        for group in order.sorted().rchunks(*width) {
            let (busy, longest) = busy(group);
            occupancy.add(busy, longest * *width as u64);
            let messages = Group { entries: group, waiting };
            C::run_short(*backend, scratch, messages, longest as usize, layout, &mut ends);
            finish(
                *backend,
                scratch,
                messages.messages().map(|message| message.key).zip(&mut ends),
                occupancy,
            );
            for (entry, end) in group.iter().zip(&ends) {
                if let Some(message) =
                    waiting.get_mut(entry.slot()).and_then(|waiting| waiting.message.take())
                {
                    source.hand_back(settle(C::ALGORITHM, message, &C::tag(*end)));
                }
            }
        }
        let longest = order.sorted().last().map_or(0, |entry| entry.left() as usize * N);
        layout.wipe(waiting.len().min(*width), longest);
        order.clear();
        waiting.clear();
    }
}

/// Blocks of all of a group's messages, and of its longest.
#[inline(always)]
fn busy(group: &[Entry]) -> (u64, u64) {
    let blocks = group.iter().map(|entry| u64::from(entry.left()));
    blocks.fold((0, 0), |(sum, longest), blocks| (sum + blocks, longest.max(blocks)))
}
