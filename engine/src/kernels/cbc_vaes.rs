//! CBC-MAC chains of many messages with VAES: four lanes in a 512-bit vector, up to eight vectors.
//!
//! A round takes four cycles. Zen 4 begins one in each cycle, so that four vectors keep it busy; Zen 5 begins two, and eight
//! vectors then take hardly longer than four. As in `cmac_ni`, the last round's key, the next block and the first round's key
//! are added beside the chain.

#![expect(clippy::needless_range_loop, reason = "a vector's number is its index in several arrays")]

use core::arch::x86_64::{
    __m512i, _mm512_aesdeclast_epi128, _mm512_aesenc_epi128, _mm512_aesenclast_epi128,
    _mm512_castsi128_si512, _mm512_castsi256_si512, _mm512_inserti32x4, _mm512_inserti64x4,
    _mm512_mask_mov_epi64, _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_xor_si512,
};
use core::array;

use super::cmac_ni::CmacKey;
use super::cpu::HaveAvx512;
use super::lane::CmacLane;
use super::progress::{Progress, Step};
use super::schedules::Schedules;
use super::vector::{fresh, load, load2, store4};

/// Lanes that the kernel moves on together at most.
pub(crate) const LANES: usize = 32;

/// Moves every lane, at most [`LANES`] of them, to its end.
pub(crate) fn run_group(_: HaveAvx512, schedules: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
    match lanes.len() {
        // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VAES and all of AVX2's backend.
        0..=4 => unsafe { run::<1>(schedules, lanes) },
        // SAFETY: likewise.
        5..=8 => unsafe { run::<2>(schedules, lanes) },
        // SAFETY: likewise.
        9..=16 => unsafe { run::<4>(schedules, lanes) },
        // SAFETY: likewise.
        17..=24 => unsafe { run::<6>(schedules, lanes) },
        // SAFETY: likewise.
        _ => unsafe { run::<8>(schedules, lanes) },
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn run<const V: usize>(schedules: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
    let Some(first) = lanes.first() else { return };
    gather::<V>(schedules, |lane| lanes.get(lane).unwrap_or(first).key);
    let last = schedules.wide[10];
    let starts: [__m512i; V] = array::from_fn(|v| {
        let state = |slot: usize| &lanes.get(4 * v + slot).unwrap_or(first).state;
        let states = side_by_side([state(0), state(1), state(2), state(3)]);
        _mm512_aesdeclast_epi128(_mm512_xor_si512(states, last[v]), _mm512_setzero_si512())
    });
    let ends = match Step::<4, V>::only(lanes) {
        Some(step) => advance(schedules, starts, &step),
        None => advance_unequal(schedules, &starts, Progress::new(lanes)),
    };

    let mut lanes = lanes.iter_mut();
    for v in 0..V {
        let states = store4(_mm512_aesenclast_epi128(ends[v], last[v]));
        for (state, lane) in states.into_iter().zip(&mut lanes) {
            lane.state = state;
        }
    }
}

/// Moves each lane to its own end.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn advance_unequal<const V: usize>(
    schedules: &Schedules,
    starts: &[__m512i; V],
    mut progress: Progress<'_, '_, 4, V>,
) -> [__m512i; V] {
    let (mut chains, mut ends) = (*starts, *starts);
    loop {
        let turn = progress.next();
        if turn.ended != 0 {
            for v in 0..V {
                ends[v] = _mm512_mask_mov_epi64(ends[v], both_halves(turn.ended >> (4 * v)), chains[v]);
            }
        }
        if progress.step().len() == 0 {
            return ends;
        }
        if turn.started != 0 {
            for v in 0..V {
                chains[v] = _mm512_mask_mov_epi64(chains[v], both_halves(turn.started >> (4 * v)), starts[v]);
            }
        }
        chains = advance(schedules, chains, progress.step());
        progress.advance();
    }
}

/// From one bit for each of four lanes, two.
#[inline(always)]
const fn both_halves(lanes: u64) -> u8 {
    let lanes = lanes as u8 & 0xf;
    let apart = (lanes | lanes << 2) & 0x33;
    ((apart | apart << 1) & 0x55) * 3
}

/// Puts the lanes' round keys side by side, each lane's in its own quarter; in place of the first goes its sum with the last.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn gather<'a, const V: usize>(schedules: &mut Schedules, key: impl Fn(usize) -> &'a CmacKey) {
    let rounds = &mut schedules.wide;
    for v in 0..V {
        let keys = [0, 1, 2, 3].map(|slot| key(4 * v + slot).round_keys());
        let last = side_by_side(keys.map(|key| &key[10]));
        for pair in 0..5 {
            let [even, odd] = side_by_side_2(keys.map(|key| &key.as_chunks().0[pair]));
            rounds[2 * pair][v] = if pair == 0 { _mm512_xor_si512(even, last) } else { even };
            rounds[2 * pair + 1][v] = odd;
        }
        rounds[10][v] = last;
    }
}

/// A block of each of four lanes.
#[inline]
#[target_feature(enable = "avx512f,avx2")]
fn side_by_side([a, b, c, d]: [&[u8; 16]; 4]) -> __m512i {
    let lanes = _mm512_castsi128_si512(load(a));
    let lanes = _mm512_inserti32x4::<1>(lanes, load(b));
    let lanes = _mm512_inserti32x4::<2>(lanes, load(c));
    _mm512_inserti32x4::<3>(lanes, load(d))
}

/// Two blocks of each of four lanes: the first ones, the second ones.
///
/// The loads put two lanes into one vector, which leaves one shuffle for each result: shuffles share a pipe with AES.
#[inline]
#[target_feature(enable = "avx512f,avx2")]
fn side_by_side_2([a, b, c, d]: [&[[u8; 16]; 2]; 4]) -> [__m512i; 2] {
    let low = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load2(a)), load2(b));
    let high = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load2(c)), load2(d));
    [_mm512_shuffle_i64x2::<0x88>(low, high), _mm512_shuffle_i64x2::<0xdd>(low, high)]
}

/// Moves all chains on by the blocks that lie before every lane.
// In the assembly two blocks of 32 lanes are 128 vaesenc with a key from memory, 32 with operands in registers, 16 loads and
// 16 vinserti64x4 of two blocks, 16 shuffles and 16 XORs. That most keys come from memory costs nothing on Zen 5: with all
// data in L1 the same instructions take as long with every key in a register.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn advance<const V: usize>(
    schedules: &Schedules,
    mut now: [__m512i; V],
    step: &Step<'_, 4, V>,
) -> [__m512i; V] {
    let between: [__m512i; V] = array::from_fn(|v| schedules.wide[0][v]);
    let second: [__m512i; V] = array::from_fn(|v| schedules.wide[1][v]);
    let mut at = 0;
    while at + 2 <= step.len() {
        // Else LLVM moves every lane's pointer on in memory in place of one index.
        let step = fresh(step);
        let mut later = [_mm512_setzero_si512(); V];
        for v in 0..V {
            let [block, next] = side_by_side_2([0, 1, 2, 3].map(|slot| step.blocks(v, slot, at)));
            later[v] = next;
            now[v] = _mm512_aesenclast_epi128(now[v], _mm512_xor_si512(block, between[v]));
        }
        middle_rounds(&mut now, &second, schedules);
        for v in 0..V {
            now[v] = _mm512_aesenclast_epi128(now[v], _mm512_xor_si512(later[v], between[v]));
        }
        middle_rounds(&mut now, &second, schedules);
        at += 2;
    }
    if at < step.len() {
        for v in 0..V {
            let block = side_by_side([0, 1, 2, 3].map(|slot| &step.blocks::<1>(v, slot, at)[0]));
            now[v] = _mm512_aesenclast_epi128(now[v], _mm512_xor_si512(block, between[v]));
        }
        middle_rounds(&mut now, &second, schedules);
    }
    now
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn middle_rounds<const V: usize>(now: &mut [__m512i; V], second: &[__m512i; V], schedules: &Schedules) {
    for v in 0..V {
        now[v] = _mm512_aesenc_epi128(now[v], second[v]);
    }
    // Else LLVM copies the keys to its own place on the stack, since they do not fit into registers.
    let schedules = fresh(schedules);
    for round in 2..10 {
        for v in 0..V {
            now[v] = _mm512_aesenc_epi128(now[v], schedules.wide[round][v]);
        }
    }
}
