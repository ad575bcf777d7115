//! CBC-MAC chains of many messages: which kernel moves how many lanes on.

use super::backend::Backend;
use super::cmac_ni::CmacKey;
use super::cpu::HaveAvx512;
use super::lane::{CmacLane, MAX_LANES, ShortLane, run_one_by_one};
use super::progress::STAGGERED;
use super::{cbc_ni, cbc_queue, cbc_vaes};

pub(crate) use super::places::Ending;
pub(crate) use super::schedules::Schedules;

/// Lanes of the widest kernel.
pub(crate) const fn width(backend: Backend) -> usize {
    match backend {
        Backend::Portable => 1,
        Backend::Avx2(_) => cbc_ni::LANES,
        Backend::Avx512(_) => cbc_vaes::LANES,
    }
}

/// Moves every lane to its end, [`width`] of them at a time.
///
/// Afterwards `schedules` holds round keys, until they are wiped.
pub(crate) fn run_group(backend: Backend, schedules: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
    for lanes in lanes.chunks_mut(width(backend)) {
        match (backend, lanes.len()) {
            // One chain alone has all its keys in registers.
            (Backend::Portable, _) | (_, 1) => run_one_by_one(lanes, CmacKey::advance),
            (Backend::Avx2(proof), _) => cbc_ni::run_group(proof, schedules, lanes),
            (Backend::Avx512(proof), _) => cbc_vaes::run_group(proof, schedules, lanes),
        }
    }
}

/// The kernel that gives the place of a lane that ends to another one, for a backend that has one.
#[derive(Clone, Copy)]
pub(crate) struct Queue(HaveAvx512);

impl Queue {
    #[inline(always)]
    pub(crate) const fn of(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Avx512(proof) => Some(Self(proof)),
            _ => None,
        }
    }

    /// Moves lanes on, more than [`width`] where the queue stops [`Ending::WhileFull`], and tells how many blocks followed each
    /// other. What is left of a lane are as many blocks as it has then.
    ///
    /// Afterwards `schedules` holds round keys, until they are wiped.
    pub(crate) fn run(self, schedules: &mut Schedules, lanes: &mut [CmacLane<'_>], ending: Ending) -> usize {
        cbc_queue::run(self.0, schedules, lanes, ending)
    }
}

/// Takes the chains of these keys, at most [`width`] of them, from zero over the last `blocks` blocks of their lanes, and tells
/// where they end. What stands before a shorter message must encrypt to zero.
///
/// Afterwards `schedules` holds round keys, until they are wiped.
#[inline(always)]
pub(crate) fn run_short(
    backend: Backend,
    schedules: &mut Schedules,
    keys: &[&CmacKey],
    lanes: &[ShortLane; MAX_LANES],
    blocks: usize,
    ends: &mut [[u8; 16]; MAX_LANES],
) {
    match backend {
        Backend::Portable => {
            for ((key, lane), end) in keys.iter().zip(lanes).zip(ends) {
                *end = [0; 16];
                key.advance(end, lane.last_blocks(blocks));
            }
        }
        Backend::Avx2(proof) => {
            let (Some(lanes), Some(ends)) = (lanes.first_chunk(), ends.first_chunk_mut()) else { return };
            *ends = cbc_ni::run_short(proof, schedules, keys, lanes, blocks);
        }
        Backend::Avx512(proof) => {
            let (Some(lanes), Some(ends)) = (lanes.first_chunk(), ends.first_chunk_mut()) else { return };
            *ends = cbc_vaes::run_short(proof, schedules, keys, lanes, blocks);
        }
    }
}

/// The kernel that reads messages of one length where they lie, for a backend that has one.
#[derive(Clone, Copy)]
pub(crate) struct InPlace(HaveAvx512);

/// A message that is read where it lies, but for its last block.
pub(crate) trait InOnePiece {
    fn key(&self) -> &CmacKey;

    /// What the MAC covers.
    fn bytes(&self) -> &[u8];
}

impl InPlace {
    /// Messages of a group.
    pub(crate) const LANES: usize = cbc_vaes::LANES;

    /// The longest messages that are best read so. Longer ones may meet in few sets of L1, and this kernel does not keep them
    /// apart.
    pub(crate) const MOST_BYTES: usize = 16 * (STAGGERED - 1);

    #[inline(always)]
    pub(crate) const fn of(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Avx512(proof) => Some(Self(proof)),
            _ => None,
        }
    }

    /// Takes chains from zero over so many blocks of each message, of which one may count as zero, and then over the last
    /// blocks, and tells where they end.
    ///
    /// Afterwards `schedules` holds round keys, until they are wiped.
    #[inline(always)]
    pub(crate) fn run(
        self,
        schedules: &mut Schedules,
        messages: &[impl InOnePiece; Self::LANES],
        blocks: usize,
        emptied: Option<usize>,
        last_blocks: &[[u8; 16]; Self::LANES],
    ) -> [[u8; 16]; Self::LANES] {
        cbc_vaes::run_in_place(self.0, schedules, messages, blocks, emptied, last_blocks)
    }
}
