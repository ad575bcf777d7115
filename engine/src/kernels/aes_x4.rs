//! AES-128 of four blocks, each under a key of its own, which is expanded beside it (FIPS 197).

use core::arch::x86_64::{
    __m512i, _mm512_aesenc_epi128, _mm512_aesenclast_epi128, _mm512_bslli_epi128, _mm512_set1_epi32,
    _mm512_shuffle_epi8, _mm512_ternarylogic_epi32, _mm512_xor_si512,
};

use super::elements_x4::gather;
use super::vector::{done, fresh, load_64};

/// In the place of each word, as they are added.
pub(super) static ROUND_CONSTANTS: [RoundConstant; 10] = {
    let mut constants = [RoundConstant([0; 64]); 10];
    let bytes = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];
    let mut round = 0;
    while round < 10 {
        let mut word = 0;
        while word < 16 {
            constants[round].0[4 * word] = bytes[round];
            word += 1;
        }
        round += 1;
    }
    constants
};

#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct RoundConstant(pub(super) [u8; 64]);

/// Four blocks that have come through some rounds. A round takes seven instructions for all, hardly more than to fetch the round
/// keys of each, which would fill three more cache lines of it.
#[derive(Clone, Copy)]
pub(super) struct Encryption {
    keys: __m512i,
    states: __m512i,
}

impl Encryption {
    /// Before the first round.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    pub(super) fn new(keys: [&[u8; 16]; 4], blocks: [&[u8; 16]; 4]) -> Self {
        let keys = gather(keys);
        Self { keys, states: _mm512_xor_si512(keys, gather(blocks)) }
    }

    /// After these of the rounds 1 to 9, the next ones: here, and not where the result is needed.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    pub(super) fn through<const FIRST: usize, const LAST: usize>(self) -> Self {
        let Self { mut keys, mut states } = self;
        for constant in &fresh(&ROUND_CONSTANTS)[FIRST - 1..LAST] {
            keys = next_round_keys(keys, constant);
            states = _mm512_aesenc_epi128(states, keys);
        }
        Self { keys: done(keys), states: done(states) }
    }

    /// After round 9, the blocks encrypted.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    pub(super) fn finish(self) -> __m512i {
        let [.., constant] = fresh(&ROUND_CONSTANTS);
        done(_mm512_aesenclast_epi128(self.states, next_round_keys(self.keys, constant)))
    }
}

/// The round keys that follow these of four keys, with their round's constant.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,vaes")]
pub(super) fn next_round_keys(keys: __m512i, constant: &RoundConstant) -> __m512i {
    // The last word, rotated, in the place of all four: where all columns are the same, shifting rows changes nothing.
    let last = _mm512_shuffle_epi8(keys, _mm512_set1_epi32(0x0c0f_0e0d));
    let substituted = _mm512_aesenclast_epi128(last, load_64(&constant.0));
    let sums = _mm512_xor_si512(keys, _mm512_bslli_epi128::<4>(keys));
    _mm512_ternarylogic_epi32::<0x96>(sums, _mm512_bslli_epi128::<8>(sums), substituted)
}
