//! CBC-MAC chains of many messages with VAES: four lanes in a 512-bit vector, up to eight vectors.
//!
//! A round takes four cycles. Zen 4 begins one in each cycle, so that four vectors keep it busy; Zen 5 begins two, and eight
//! vectors then take hardly longer than four. As in `cmac_ni`, the last round's key, the next block and the first round's key
//! are added beside the chain.

#![expect(clippy::needless_range_loop, reason = "a vector's number is its index in several arrays")]

use core::arch::x86_64::{
    __m128i, __m512i, _mm256_castsi128_si256, _mm256_inserti128_si256, _mm512_aesdeclast_epi128,
    _mm512_aesenc_epi128, _mm512_aesenclast_epi128, _mm512_castsi256_si512, _mm512_inserti64x4,
    _mm512_mask_mov_epi64, _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_xor_si512,
};
use core::array;
use core::ops::Range;

use super::aes_x4::ROUND_CONSTANTS;
use super::aes_x16::Words;
use super::cmac_group::InOnePiece;
use super::cmac_ni::CmacKey;
use super::cpu::HaveAvx512;
use super::lane::{CmacLane, ShortLane};
use super::progress::{Progress, ShortLanes, Step};
use super::schedules::Schedules;
use super::vector::{done, fresh, load, load_64, load2, store4};

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

/// Takes the chains of these keys, at most [`LANES`] of them, from zero over the last `blocks` blocks of their lanes, and tells
/// where they end.
#[inline(always)]
pub(crate) fn run_short(
    _: HaveAvx512,
    schedules: &mut Schedules,
    keys: &[&CmacKey],
    lanes: &[ShortLane; LANES],
    blocks: usize,
) -> [[u8; 16]; LANES] {
    match keys.len() {
        // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VAES and all of AVX2's backend.
        0..=4 => unsafe { short::<1>(schedules, keys, lanes, blocks) },
        // SAFETY: likewise.
        5..=8 => unsafe { short::<2>(schedules, keys, lanes, blocks) },
        // SAFETY: likewise.
        9..=16 => unsafe { short::<4>(schedules, keys, lanes, blocks) },
        // SAFETY: likewise.
        17..=24 => unsafe { short::<6>(schedules, keys, lanes, blocks) },
        // SAFETY: likewise.
        _ => unsafe { short::<8>(schedules, keys, lanes, blocks) },
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn short<const V: usize>(
    schedules: &mut Schedules,
    keys: &[&CmacKey],
    lanes: &[ShortLane; LANES],
    blocks: usize,
) -> [[u8; 16]; LANES] {
    let mut ends = [[0; 16]; LANES];
    match (keys.as_chunks::<4>(), keys.first()) {
        ((full, []), _) if full.len() == V && V.is_multiple_of(4) => {
            gather::<V>(schedules, |lane| full[lane / 4][lane % 4]);
        }
        // Lanes that no message fills take the first one's key.
        (_, Some(first)) => gather::<V>(schedules, |lane| keys.get(lane).unwrap_or(first)),
        (_, None) => return ends,
    }
    let last = schedules.wide[10];
    let mut now: [__m512i; V] = array::from_fn(|v| _mm512_aesdeclast_epi128(last[v], _mm512_setzero_si512()));
    let lanes = ShortLanes::new(lanes, blocks);
    advance(schedules, &mut now, &lanes, 0..lanes.len());
    for v in 0..V {
        let states = store4(_mm512_aesenclast_epi128(now[v], last[v]));
        ends.as_chunks_mut().0[v] = states;
    }
    ends
}

/// Takes chains from zero over so many blocks of each message, of which one may count as zero, and then over the last blocks,
/// and tells where they end.
#[inline(always)]
pub(crate) fn run_in_place(
    _: HaveAvx512,
    schedules: &mut Schedules,
    messages: &[impl InOnePiece; LANES],
    blocks: usize,
    emptied: Option<usize>,
    last_blocks: &[[u8; 16]; LANES],
) -> [[u8; 16]; LANES] {
    // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VAES and all of AVX2's backend.
    unsafe { in_place(schedules, messages, (blocks, emptied), last_blocks) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn in_place(
    schedules: &mut Schedules,
    messages: &[impl InOnePiece; LANES],
    (blocks, emptied): (usize, Option<usize>),
    last_blocks: &[[u8; 16]; LANES],
) -> [[u8; 16]; LANES] {
    // Else LLVM gathers pointers by vpgatherqq, which takes far longer.
    let step = Step::<4, 8>::first(blocks, |lane| fresh(&messages[lane]).bytes());
    gather::<8>(schedules, |lane| messages[lane].key());
    let last = schedules.wide[10];
    let mut now: [__m512i; 8] = array::from_fn(|v| _mm512_aesdeclast_epi128(last[v], _mm512_setzero_si512()));
    let emptied = emptied.filter(|emptied| *emptied < step.len());
    if let Some(emptied) = emptied {
        advance(schedules, &mut now, &step, 0..emptied);
        encrypt(schedules, &mut now, [_mm512_setzero_si512(); 8]);
    }
    advance(schedules, &mut now, &step, emptied.map_or(0, |emptied| emptied + 1)..step.len());
    let (last_blocks, _) = last_blocks.as_chunks::<4>();
    let last_block = |v: usize| load_64(last_blocks[v].as_flattened().first_chunk().unwrap_or(&[0; 64]));
    encrypt(schedules, &mut now, array::from_fn(last_block));
    let mut ends = [[0; 16]; LANES];
    for (v, ends) in ends.as_chunks_mut().0.iter_mut().enumerate() {
        *ends = store4(_mm512_aesenclast_epi128(now[v], last[v]));
    }
    ends
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn run<const V: usize>(schedules: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
    let Some(first) = lanes.first() else { return };
    gather::<V>(schedules, |lane| lanes.get(lane).unwrap_or(first).key);
    let last = schedules.wide[10];
    let mut now: [__m512i; V] = array::from_fn(|v| {
        let state = |slot: usize| &lanes.get(4 * v + slot).unwrap_or(first).state;
        let states = side_by_side([state(0), state(1), state(2), state(3)]);
        _mm512_aesdeclast_epi128(_mm512_xor_si512(states, last[v]), _mm512_setzero_si512())
    });
    match Step::<4, V>::only(lanes) {
        Some(step) => advance(schedules, &mut now, &step, 0..step.len()),
        None => advance_unequal(schedules, &mut now, Progress::new(lanes)),
    }

    let mut lanes = lanes.iter_mut();
    for v in 0..V {
        let states = store4(_mm512_aesenclast_epi128(now[v], last[v]));
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
    chains: &mut [__m512i; V],
    mut progress: Progress<'_, '_, 4, V>,
) {
    let starts = *chains;
    let mut ends = starts;
    loop {
        let turn = progress.next();
        if turn.ended != 0 {
            for v in 0..V {
                ends[v] = _mm512_mask_mov_epi64(ends[v], both_halves(turn.ended >> (4 * v)), chains[v]);
            }
        }
        if progress.step().len() == 0 {
            break;
        }
        if turn.started != 0 {
            for v in 0..V {
                chains[v] = _mm512_mask_mov_epi64(chains[v], both_halves(turn.started >> (4 * v)), starts[v]);
            }
        }
        advance(schedules, chains, progress.step(), 0..progress.step().len());
        progress.advance();
    }
    *chains = ends;
}

/// From one bit for each of four lanes, two.
#[inline(always)]
pub(super) const fn both_halves(lanes: u64) -> u8 {
    let lanes = lanes as u8 & 0xf;
    let apart = (lanes | lanes << 2) & 0x33;
    ((apart | apart << 1) & 0x55) * 3
}

/// Puts the lanes' round keys side by side, each lane's in its own quarter; in place of the first goes its sum with the last.
///
/// They are expanded anew from the keys: a round takes seventeen instructions for sixteen lanes, fewer than to bring together
/// what lies in three more cache lines of each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn gather<'a, const V: usize>(schedules: &mut Schedules, key: impl Fn(usize) -> &'a CmacKey) {
    // Both halves in one loop, since either waits for its own round before most of the time.
    let halves = V.div_ceil(4);
    let (fours, _) = schedules.wide.as_flattened_mut().as_chunks_mut::<4>();
    for half in 0..halves {
        let first = |lane: usize| key(16 * half + lane).first_round_key();
        fours[half] = array::from_fn(|v| four([0, 1, 2, 3].map(|slot| first(4 * v + slot))));
    }
    let mut words: [Words; 2] = array::from_fn(|half| Words::of(fours[half]));
    for (round, constant) in ROUND_CONSTANTS.iter().enumerate() {
        for half in 0..halves {
            words[half] = words[half].next(constant);
            fours[2 * (round + 1) + half] = words[half].keys();
        }
    }
    for half in 0..halves {
        let (firsts, lasts) = (fours[half], fours[20 + half]);
        fours[half] = array::from_fn(|v| _mm512_xor_si512(firsts[v], lasts[v]));
    }
}

/// A block of each of four lanes.
#[inline]
#[target_feature(enable = "avx512f,avx2")]
fn side_by_side(blocks: [&[u8; 16]; 4]) -> __m512i {
    four(blocks.map(load))
}

#[inline]
#[target_feature(enable = "avx512f,avx2")]
fn four([a, b, c, d]: [__m128i; 4]) -> __m512i {
    let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
    let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(c), d);
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
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

/// Blocks that lie before four lanes of each vector.
pub(super) trait Columns {
    /// `N` blocks of a lane, from the `at`th on; together no more than there are.
    fn blocks<const N: usize>(&self, vector: usize, slot: usize, at: usize) -> &[[u8; 16]; N];
}

impl<const V: usize> Columns for Step<'_, 4, V> {
    #[inline(always)]
    fn blocks<const N: usize>(&self, vector: usize, slot: usize, at: usize) -> &[[u8; 16]; N] {
        self.blocks(vector, slot, at)
    }
}

impl Columns for ShortLanes<'_, LANES> {
    #[inline(always)]
    fn blocks<const N: usize>(&self, vector: usize, slot: usize, at: usize) -> &[[u8; 16]; N] {
        self.blocks(4 * vector + slot, at)
    }
}

/// Moves all chains on by these of the blocks that lie before every lane.
// In the assembly two blocks of 32 lanes are 128 vaesenc with a key from memory, 32 with operands in registers, 16 loads and
// 16 vinserti64x4 of two blocks, 16 shuffles and 16 XORs. That most keys come from memory costs nothing on Zen 5: with all
// data in L1 the same instructions take as long with every key in a register.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
pub(super) fn advance<const V: usize>(
    schedules: &Schedules,
    chains: &mut [__m512i; V],
    step: &impl Columns,
    blocks: Range<usize>,
) {
    // A copy: LLVM would write what is borrowed back before every check of a bound.
    let mut now = *chains;
    let between: [__m512i; V] = array::from_fn(|v| schedules.wide[0][v]);
    let second: [__m512i; V] = array::from_fn(|v| schedules.wide[1][v]);
    let mut at = blocks.start;
    while at + 2 <= blocks.end {
        // Else LLVM moves every lane's pointer on in memory in place of one index.
        let step = fresh(step);
        let mut later = [_mm512_setzero_si512(); V];
        for v in 0..V {
            let [block, next] = side_by_side_2([0, 1, 2, 3].map(|slot| step.blocks(v, slot, at)));
            later[v] = done(next);
            now[v] = _mm512_aesenclast_epi128(now[v], _mm512_xor_si512(block, between[v]));
        }
        middle_rounds(&mut now, &second, schedules);
        for v in 0..V {
            now[v] = _mm512_aesenclast_epi128(now[v], _mm512_xor_si512(later[v], between[v]));
        }
        middle_rounds(&mut now, &second, schedules);
        at += 2;
    }
    if at < blocks.end {
        let block = |v| side_by_side([0, 1, 2, 3].map(|slot| &step.blocks::<1>(v, slot, at)[0]));
        encrypt(schedules, &mut now, array::from_fn(block));
    }
    *chains = now;
}

/// Moves all chains on by a block each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn encrypt<const V: usize>(schedules: &Schedules, now: &mut [__m512i; V], blocks: [__m512i; V]) {
    for v in 0..V {
        now[v] = _mm512_aesenclast_epi128(now[v], _mm512_xor_si512(blocks[v], schedules.wide[0][v]));
    }
    let second: [__m512i; V] = array::from_fn(|v| schedules.wide[1][v]);
    middle_rounds(now, &second, schedules);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn middle_rounds<const V: usize>(now: &mut [__m512i; V], second: &[__m512i; V], schedules: &Schedules) {
    for v in 0..V {
        now[v] = done(_mm512_aesenc_epi128(now[v], second[v]));
    }
    // Else LLVM copies the keys to its own place on the stack, since they do not fit into registers.
    let schedules = fresh(schedules);
    for round in 2..10 {
        for v in 0..V {
            now[v] = done(_mm512_aesenc_epi128(now[v], schedules.wide[round][v]));
        }
    }
}
