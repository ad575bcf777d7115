//! CBC-MAC chains of many messages with AES-NI: one lane in a vector, up to eight vectors.
//!
//! A round takes four cycles and two can begin in each, so that eight chains keep the AES units busy that one leaves idle
//! for seven eighths of the time.

#![expect(clippy::needless_range_loop, reason = "a vector's number is its index in several arrays")]

use core::arch::x86_64::{
    __m128i, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_setzero_si128, _mm_xor_si128,
};
use core::array;

use super::cmac_ni::CmacKey;
use super::cpu::HaveAvx2;
use super::lane::{CmacLane, ShortLane};
use super::progress::{Progress, ShortLanes, Step};
use super::schedules::Schedules;
use super::vector::{fresh, load, store};

/// Lanes that the kernel moves on together at most.
pub(crate) const LANES: usize = 8;

/// Moves every lane, at most [`LANES`] of them, to its end.
pub(crate) fn run_group(_: HaveAvx2, schedules: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
    match lanes.len() {
        // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
        0..=2 => unsafe { run::<2>(schedules, lanes) },
        // SAFETY: likewise.
        3..=4 => unsafe { run::<4>(schedules, lanes) },
        // SAFETY: likewise.
        _ => unsafe { run::<8>(schedules, lanes) },
    }
}

/// Takes the chains of these keys, at most [`LANES`] of them, from zero over the last `blocks` blocks of their lanes, and tells
/// where they end.
#[inline(always)]
pub(crate) fn run_short(
    _: HaveAvx2,
    schedules: &mut Schedules,
    keys: &[&CmacKey],
    lanes: &[ShortLane; LANES],
    blocks: usize,
) -> [[u8; 16]; LANES] {
    match keys.len() {
        // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
        0..=2 => unsafe { short::<2>(schedules, keys, lanes, blocks) },
        // SAFETY: likewise.
        3..=4 => unsafe { short::<4>(schedules, keys, lanes, blocks) },
        // SAFETY: likewise.
        _ => unsafe { short::<8>(schedules, keys, lanes, blocks) },
    }
}

#[target_feature(enable = "aes,avx2")]
fn short<const V: usize>(
    schedules: &mut Schedules,
    keys: &[&CmacKey],
    lanes: &[ShortLane; LANES],
    blocks: usize,
) -> [[u8; 16]; LANES] {
    let mut ends = [[0; 16]; LANES];
    let Some(first) = keys.first() else { return ends };
    gather::<V>(schedules, |v| keys.get(v).unwrap_or(first));
    let last = schedules.narrow[10];
    let starts = array::from_fn(|v| _mm_aesdeclast_si128(last[v], _mm_setzero_si128()));
    let now: [__m128i; V] = advance(schedules, starts, &ShortLanes::new(lanes, blocks));
    for v in 0..V {
        ends[v] = store(_mm_aesenclast_si128(now[v], last[v]));
    }
    ends
}

#[target_feature(enable = "aes,avx2")]
fn run<const V: usize>(schedules: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
    let Some(first) = lanes.first() else { return };
    gather::<V>(schedules, |lane| lanes.get(lane).unwrap_or(first).key);
    let last = schedules.narrow[10];
    let starts: [__m128i; V] = array::from_fn(|v| {
        let state = load(&lanes.get(v).unwrap_or(first).state);
        _mm_aesdeclast_si128(_mm_xor_si128(state, last[v]), _mm_setzero_si128())
    });
    let ends = match Step::<1, V>::only(lanes) {
        Some(step) => advance(schedules, starts, &step),
        None => advance_unequal(schedules, &starts, Progress::new(lanes)),
    };

    for (v, lane) in lanes.iter_mut().enumerate().take(V) {
        lane.state = store(_mm_aesenclast_si128(ends[v], last[v]));
    }
}

/// Moves each lane to its own end.
#[inline(never)]
#[target_feature(enable = "aes,avx2")]
fn advance_unequal<const V: usize>(
    schedules: &Schedules,
    starts: &[__m128i; V],
    mut progress: Progress<'_, '_, 1, V>,
) -> [__m128i; V] {
    let (mut chains, mut ends) = (*starts, *starts);
    loop {
        let turn = progress.next();
        for v in 0..V {
            ends[v] = if turn.ended >> v & 1 == 0 { ends[v] } else { chains[v] };
            chains[v] = if turn.started >> v & 1 == 0 { chains[v] } else { starts[v] };
        }
        if progress.step().len() == 0 {
            return ends;
        }
        chains = advance(schedules, chains, progress.step());
        progress.advance();
    }
}

/// Puts the lanes' round keys side by side; in place of the first goes its sum with the last, as `cmac_ni` adds them.
#[inline]
#[target_feature(enable = "aes,avx2")]
fn gather<'a, const V: usize>(schedules: &mut Schedules, key: impl Fn(usize) -> &'a CmacKey) {
    for v in 0..V {
        for (round, key) in schedules.narrow.iter_mut().zip(key(v).round_keys()) {
            round[v] = key;
        }
        schedules.narrow[0][v] = _mm_xor_si128(schedules.narrow[0][v], schedules.narrow[10][v]);
    }
}

/// Blocks that lie before all lanes.
trait Columns {
    /// How many.
    fn len(&self) -> usize;

    /// The `at`th block of a lane.
    fn block(&self, lane: usize, at: usize) -> &[u8; 16];
}

impl<const V: usize> Columns for Step<'_, 1, V> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn block(&self, lane: usize, at: usize) -> &[u8; 16] {
        &self.blocks::<1>(lane, 0, at)[0]
    }
}

impl Columns for ShortLanes<'_, LANES> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn block(&self, lane: usize, at: usize) -> &[u8; 16] {
        &self.blocks::<1>(lane, at)[0]
    }
}

#[inline]
#[target_feature(enable = "aes,avx2")]
fn advance<const V: usize>(
    schedules: &Schedules,
    mut chains: [__m128i; V],
    step: &impl Columns,
) -> [__m128i; V] {
    for at in 0..step.len() {
        let (keys, step) = (fresh(schedules), fresh(step));
        for v in 0..V {
            let block = load(step.block(v, at));
            chains[v] = _mm_aesenclast_si128(chains[v], _mm_xor_si128(block, keys.narrow[0][v]));
        }
        for round in 1..10 {
            for v in 0..V {
                chains[v] = _mm_aesenc_si128(chains[v], keys.narrow[round][v]);
            }
        }
    }
    chains
}
