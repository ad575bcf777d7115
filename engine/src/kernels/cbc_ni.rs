//! CBC-MAC chains of many messages with AES-NI: one lane in a vector, up to eight vectors.
//!
//! A round takes four cycles and two can begin in each, so that eight chains keep the AES units busy that one leaves idle
//! for seven eighths of the time.

#![expect(clippy::needless_range_loop, reason = "a vector's number is its index in several arrays")]

use core::arch::x86_64::{
    __m128i, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_setzero_si128, _mm_xor_si128,
};
use core::array;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::cmac_ni::CmacKey;
use super::cpu::HaveAvx2;
use super::lane::CmacLane;
use super::progress::Progress;
use super::vector::{fresh, load, store};

/// Lanes that the kernel moves on together at most.
pub(crate) const LANES: usize = 8;

/// Moves every lane, at most [`LANES`] of them, to its end.
pub(crate) fn run_group(_: HaveAvx2, lanes: &mut [CmacLane<'_>]) {
    match lanes.len() {
        // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
        0..=2 => unsafe { run::<2>(lanes) },
        // SAFETY: likewise.
        3..=4 => unsafe { run::<4>(lanes) },
        // SAFETY: likewise.
        _ => unsafe { run::<8>(lanes) },
    }
}

#[target_feature(enable = "aes,avx2")]
fn run<const V: usize>(lanes: &mut [CmacLane<'_>]) {
    let Some(first) = lanes.first() else { return };
    let schedules = Schedules::<V>::gather(|lane| lanes.get(lane).unwrap_or(first).key);
    let starts: [__m128i; V] = array::from_fn(|v| {
        let state = load(&lanes.get(v).unwrap_or(first).state);
        _mm_aesdeclast_si128(_mm_xor_si128(state, schedules.0[10][v]), _mm_setzero_si128())
    });
    let (mut chains, mut ends) = (starts, starts);

    let mut progress = Progress::<1, V>::new(lanes);
    loop {
        let turn = progress.next();
        for v in 0..V {
            ends[v] = if turn.ended >> v & 1 == 0 { ends[v] } else { chains[v] };
            chains[v] = if turn.started >> v & 1 == 0 { chains[v] } else { starts[v] };
        }
        if progress.step() == 0 {
            break;
        }
        chains = advance(&schedules, chains, &progress);
        progress.advance();
    }

    for ((lane, end), last) in lanes.iter_mut().zip(ends).zip(schedules.0[10]) {
        lane.state = store(_mm_aesenclast_si128(end, last));
    }
}

/// The lanes' round keys side by side; in place of the first stands its sum with the last, as `cmac_ni` adds them.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Schedules<const V: usize>([[__m128i; V]; 11]);

impl<const V: usize> Schedules<V> {
    #[inline]
    #[target_feature(enable = "aes,avx2")]
    fn gather<'a>(key: impl Fn(usize) -> &'a CmacKey) -> Self {
        let mut schedules = Self([[_mm_setzero_si128(); V]; 11]);
        for v in 0..V {
            let keys = key(v).round_keys();
            for (round, key) in schedules.0.iter_mut().zip(keys) {
                round[v] = load(key);
            }
            schedules.0[0][v] = _mm_xor_si128(schedules.0[0][v], schedules.0[10][v]);
        }
        schedules
    }
}

#[inline]
#[target_feature(enable = "aes,avx2")]
fn advance<const V: usize>(
    schedules: &Schedules<V>,
    mut chains: [__m128i; V],
    progress: &Progress<'_, 1, V>,
) -> [__m128i; V] {
    for at in 0..progress.step() {
        let (keys, progress) = (fresh(schedules), fresh(progress));
        for v in 0..V {
            let [block] = progress.blocks(v, 0, at);
            chains[v] = _mm_aesenclast_si128(chains[v], _mm_xor_si128(load(block), keys.0[0][v]));
        }
        for round in 1..10 {
            for v in 0..V {
                chains[v] = _mm_aesenc_si128(chains[v], keys.0[round][v]);
            }
        }
    }
    chains
}
