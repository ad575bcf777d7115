//! Which kernel moves a group of lanes on.

use core::convert::Infallible;
use core::slice;

use arrayvec::ArrayVec;
use zeroize::Zeroize;

use super::occupancy::Occupancy;
use super::short_message::{Group, Layout, ShortMessage};
use crate::kernels::cmac_group::{Ending, InPlace, Queue, Schedules};
use crate::kernels::cmac_ni::CmacKey;
pub(super) use crate::kernels::lane::MAX_LANES;
use crate::kernels::lane::{CmacLane, Lane, Md5Lane, Sha256Lane, ShortLane};
use crate::kernels::{Backend, cmac_group, md5_group, sha256_group};
use crate::mac::chain::Chain;
use crate::mac::{HmacSha256Key, Md5Key};

/// The lanes of a group.
pub(super) type Lanes<'a, C, const N: usize> =
    ArrayVec<Lane<'a, <C as Chain<N>>::Key, <C as Chain<N>>::State, N>, MAX_LANES>;

/// A chain with kernels for many lanes.
pub(super) trait Kernel<const N: usize>: Chain<N> {
    /// What it costs to stop a group, in blocks of one lane: a group goes on over lanes that have ended as long as that
    /// is cheaper than to stop it.
    const STOP: u32;

    /// Messages of up to so many bytes, with the key before them and the padding behind them, are copied however alike.
    const MOST_COPIED: usize = 49 * 64;

    /// And up to here, unless they are as long as the one before, or in the company of longer ones: they would stop each other.
    const MOST_COPIED_UNLIKE: usize;

    /// Memory that the kernel works in beside its lanes, and may leave secrets in.
    type Scratch: Default + Zeroize;

    /// The kernel of [`Self::run_queue`].
    type Queue: Copy;

    /// Lanes that run best together.
    fn width(backend: Backend) -> usize;

    /// Moves every lane, at most [`Self::width`] of them, to its end.
    fn run_group(
        backend: Backend,
        scratch: &mut Self::Scratch,
        lanes: &mut [Lane<'_, Self::Key, Self::State, N>],
    );

    /// The kernel for lanes that take each other's places, if the backend has one.
    fn queue(backend: Backend) -> Option<Self::Queue>;

    /// Moves lanes on, more than [`Self::width`] unless all are to end, each in the place of one that ends, and tells how many
    /// blocks followed each other. What is left of a lane are as many blocks as it has then.
    fn run_queue(
        queue: Self::Queue,
        scratch: &mut Self::Scratch,
        lanes: &mut [Lane<'_, Self::Key, Self::State, N>],
        ending: Ending,
    ) -> usize;

    /// Takes a group of short messages, at most [`Self::width`] of them, the shortest first, to the ends of their chains;
    /// `longest` is how many blocks the longest has.
    #[inline(always)]
    fn run_short(
        backend: Backend,
        scratch: &mut Self::Scratch,
        group: Group<'_, '_, '_, Self>,
        longest: usize,
        layout: &mut Layout,
        ends: &mut [Self::State; MAX_LANES],
    ) {
        let mut lanes: Lanes<'_, Self, N> = ArrayVec::new();
        for (ShortMessage { key, blocks, .. }, lane) in group.messages().zip(layout.copies(group, longest)) {
            lanes.push(Lane::over(key.kernel_key(), key.start(), lane.last_blocks(blocks as usize)));
        }
        Self::run_group(backend, scratch, &mut lanes);
        for (lane, end) in lanes.iter().zip(ends) {
            *end = lane.state;
        }
    }
}

impl Kernel<16> for CmacKey {
    const STOP: u32 = 100;
    // Where others would be left for a group of their own that does not fill its lanes, these fill those of shorter ones.
    const MOST_COPIED_UNLIKE: usize = ShortLane::BYTES;
    type Scratch = Schedules;
    type Queue = Queue;

    fn width(backend: Backend) -> usize {
        cmac_group::width(backend)
    }

    #[inline(always)]
    fn run_group(backend: Backend, schedules: &mut Self::Scratch, lanes: &mut [CmacLane<'_>]) {
        cmac_group::run_group(backend, schedules, lanes);
    }

    fn queue(backend: Backend) -> Option<Queue> {
        Queue::of(backend)
    }

    #[inline(always)]
    fn run_queue(
        queue: Queue,
        schedules: &mut Self::Scratch,
        lanes: &mut [CmacLane<'_>],
        ending: Ending,
    ) -> usize {
        queue.run(schedules, lanes, ending)
    }

    /// A full group of messages of one length is read where it lies.
    #[inline(always)]
    fn run_short(
        backend: Backend,
        schedules: &mut Self::Scratch,
        group: Group<'_, '_, '_, Self>,
        longest: usize,
        layout: &mut Layout,
        ends: &mut [[u8; 16]; MAX_LANES],
    ) {
        let mut lanes: ArrayVec<_, { InPlace::LANES }> = ArrayVec::new();
        if group.entries.len() == InPlace::LANES
            && group.entries.first().is_some_and(|shortest| shortest.left() as usize == longest)
            && let Some(kernel) = InPlace::of(backend)
            && let Some(last_blocks) = layout.in_place(group, &mut lanes)
            && let (Some(lanes), Some(ends)) = (lanes.first_chunk(), ends.first_chunk_mut())
        {
            *ends = kernel.run(schedules, lanes, longest.saturating_sub(1), None, last_blocks);
            return;
        }
        let lanes = layout.copies(group, longest);
        let keys: ArrayVec<_, MAX_LANES> = group.messages().map(|message| message.key).collect();
        cmac_group::run_short(backend, schedules, &keys, lanes, longest, ends);
    }
}

impl Kernel<64> for Md5Key {
    const STOP: u32 = 32;
    const MOST_COPIED_UNLIKE: usize = Self::MOST_COPIED;
    type Scratch = ();
    type Queue = Infallible;

    fn width(backend: Backend) -> usize {
        md5_group::width(backend)
    }

    #[inline(always)]
    fn run_group(backend: Backend, (): &mut (), lanes: &mut [Md5Lane<'_>]) {
        md5_group::run_group(backend, lanes);
    }

    fn queue(_: Backend) -> Option<Infallible> {
        None
    }

    fn run_queue(queue: Infallible, (): &mut (), _: &mut [Md5Lane<'_>], _: Ending) -> usize {
        match queue {}
    }
}

impl Kernel<64> for HmacSha256Key {
    const STOP: u32 = 8;
    const MOST_COPIED_UNLIKE: usize = Self::MOST_COPIED;
    type Scratch = ();
    type Queue = Infallible;

    fn width(backend: Backend) -> usize {
        sha256_group::width(backend)
    }

    #[inline(always)]
    fn run_group(backend: Backend, (): &mut (), lanes: &mut [Sha256Lane<'_>]) {
        sha256_group::run_group(backend, lanes);
    }

    fn queue(_: Backend) -> Option<Infallible> {
        None
    }

    fn run_queue(queue: Infallible, (): &mut (), _: &mut [Sha256Lane<'_>], _: Ending) -> usize {
        match queue {}
    }
}

/// Goes on from the ends of messages' chains to their tags: an HMAC's outer hash, one block for each lane.
#[inline(always)]
pub(super) fn finish<'e, 'd: 'e, C: Kernel<N> + 'd, const N: usize>(
    backend: Backend,
    scratch: &mut C::Scratch,
    ends: impl Iterator<Item = (&'d C, &'e mut C::State)>,
    occupancy: &mut Occupancy,
) where
    C::State: 'e,
{
    let mut starts: ArrayVec<(&C, C::State, &mut C::State), MAX_LANES> = ArrayVec::new();
    let mut blocks: ArrayVec<[u8; N], MAX_LANES> = ArrayVec::new();
    for (key, end) in ends {
        let Some((start, block)) = key.outer(*end) else { return };
        starts.push((key, start, end));
        blocks.push(block);
    }
    let outer = starts.iter().zip(&blocks);
    let mut lanes: Lanes<'_, C, N> = outer
        .map(|((key, start, _), block)| Lane::over(key.kernel_key(), *start, slice::from_ref(block)))
        .collect();
    if !lanes.is_empty() {
        occupancy.add(lanes.len() as u64, C::width(backend) as u64);
        C::run_group(backend, scratch, &mut lanes);
    }
    let tags: ArrayVec<C::State, MAX_LANES> = lanes.iter().map(|lane| lane.state).collect();
    for ((_, _, end), tag) in starts.into_iter().zip(tags) {
        *end = tag;
    }
}
