//! The round keys of sixteen AES-128 keys, expanded together (FIPS 197 §5.2).

use core::arch::x86_64::{
    __m512i, _mm512_aesenclast_epi128, _mm512_shuffle_epi8, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::aes_x4::RoundConstant;
use super::vector::{done, load_64};

/// The round keys of sixteen keys, word by word: the first words of all, the second ones, and so on.
///
/// A word that follows another is its sum with one of the round before, of all keys in one instruction. Key by key, every word
/// would first be brought to where the next one is.
#[derive(Clone, Copy)]
pub(super) struct Words([__m512i; 4]);

/// Rotates a word (RotWord) of each column, and takes it to where the shift of rows takes it back from.
static ROTATED: RotatedColumns = {
    let mut from = [0; 64];
    let mut to = 0;
    while to < 64 {
        let (column, row) = (to / 4, to % 4);
        from[to] = ((column + 4 - row) % 4 * 4 + (row + 1) % 4) as u8;
        to += 1;
    }
    RotatedColumns(from)
};

#[repr(align(64))]
struct RotatedColumns([u8; 64]);

impl Words {
    /// Of round keys that stand one after the other.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn of(keys: [__m512i; 4]) -> Self {
        Self(transposed(keys))
    }

    /// One after the other.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn keys(self) -> [__m512i; 4] {
        transposed(self.0)
    }

    /// Those of the next round, with its constant.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,vaes")]
    pub(super) fn next(self, constant: &RoundConstant) -> Self {
        let [a, b, c, d] = self.0;
        let rotated = _mm512_shuffle_epi8(d, load_64(&ROTATED.0));
        let substituted = _mm512_aesenclast_epi128(rotated, load_64(&constant.0));
        let b = _mm512_xor_si512(a, b);
        let c = _mm512_xor_si512(b, c);
        let d = _mm512_xor_si512(c, d);
        Self([a, b, c, d].map(|sum| done(_mm512_xor_si512(sum, substituted))))
    }
}

/// Exchanges words and blocks in each quarter: of its four blocks, the first words, the second ones, and so on.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
    let (later_ab, later_cd) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab, cd),
        _mm512_unpackhi_epi64(ab, cd),
        _mm512_unpacklo_epi64(later_ab, later_cd),
        _mm512_unpackhi_epi64(later_ab, later_cd),
    ]
}
