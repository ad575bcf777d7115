//! CBC-MAC chains of unlike lengths with VAES: the place of a lane that ends goes to the next one, while all others go on.

use core::arch::x86_64::{
    __m512i, _mm_aesdeclast_si128, _mm_aesenclast_si128, _mm_setzero_si128, _mm_xor_si128,
    _mm512_broadcast_i32x4, _mm512_mask_mov_epi64, _mm512_setzero_si512,
};

use arrayvec::ArrayVec;

use super::cbc_vaes::{self, LANES, advance, both_halves};
use super::cmac_ni::CmacKey;
use super::cpu::HaveAvx512;
use super::lane::CmacLane;
use super::places::{Columns, Ending, Next, Places};
use super::schedules::Schedules;
use super::vector::{load, store, store4};

/// Moves a queue of lanes on, [`LANES`] at a time: the place of one that ends goes to the next. Tells how many blocks followed
/// each other.
pub(super) fn run(
    _: HaveAvx512,
    schedules: &mut Schedules,
    lanes: &mut [CmacLane<'_>],
    ending: Ending,
) -> usize {
    // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VAES and all of AVX2's backend.
    unsafe { queue(schedules, lanes, ending) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn queue(schedules: &mut Schedules, lanes: &mut [CmacLane<'_>], ending: Ending) -> usize {
    let mut places = Places::<4, 8>::new(lanes);
    let mut chains = [_mm512_setzero_si512(); 8];
    loop {
        let mut at_end = places.at_end();
        while at_end != 0 {
            let place = at_end.trailing_zeros() as usize;
            at_end &= at_end - 1;
            let Next::Alone(last) = places.next_run(place) else { continue };
            if let Some(lane) = places.lane(place) {
                let mut state = state(&chains, place, lane.key);
                lane.key.advance(&mut state, last);

                places.leave(place, state, 0);
            }
            if let Some(lane) = places.follow(place) {
                take_place(schedules, &mut chains, place, lane);
            }
        }
        let Some(step) = places.step(ending) else { break };
        advance(schedules, &mut chains, step, step.range());
    }
    let unfinished: ArrayVec<_, LANES> = places.unfinished().collect();
    for (place, left) in unfinished {
        if let Some(lane) = places.lane(place) {
            let state = state(&chains, place, lane.key);
            places.leave(place, state, left);
        }
    }
    places.steps()
}

/// Where the chain in a place stands.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn state(chains: &[__m512i; 8], place: usize, key: &CmacKey) -> [u8; 16] {
    let [.., last] = key.round_keys();
    store(_mm_aesenclast_si128(load(&store4(chains[place / 4])[place % 4]), last))
}

/// Puts a lane's round keys and its chain in a place.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,avx2,aes")]
fn take_place(schedules: &mut Schedules, chains: &mut [__m512i; 8], place: usize, lane: &CmacLane<'_>) {
    let (vector, quarter) = (place / 4, both_halves(1 << (place % 4)));
    // Whole vectors: a part that was just written would have to arrive before the vector can be read.
    let put = |vector: &mut __m512i, block| {
        *vector = _mm512_mask_mov_epi64(*vector, quarter, _mm512_broadcast_i32x4(block));
    };
    let keys = lane.key.round_keys();
    let [first, .., last] = keys;
    put(&mut schedules.wide[0][vector], _mm_xor_si128(first, last));
    for (wide, key) in schedules.wide.iter_mut().zip(keys).skip(1) {
        put(&mut wide[vector], key);
    }
    let start = _mm_aesdeclast_si128(_mm_xor_si128(load(&lane.state), last), _mm_setzero_si128());
    put(&mut chains[vector], start);
}

impl<const V: usize> cbc_vaes::Columns for Columns<'_, 4, V> {
    #[inline(always)]
    fn blocks<const N: usize>(&self, vector: usize, slot: usize, at: usize) -> &[[u8; 16]; N] {
        self.blocks(vector, slot, at)
    }
}
