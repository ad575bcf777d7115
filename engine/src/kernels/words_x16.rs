//! Sixteen lanes in an AVX-512 vector.

use core::arch::asm;
use core::arch::x86_64::{
    __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_add_epi32, _mm512_castsi128_si512, _mm512_inserti32x4,
    _mm512_loadu_si512, _mm512_rol_epi32, _mm512_set1_epi32, _mm512_set4_epi32, _mm512_shuffle_epi8,
    _mm512_shuffle_i32x4, _mm512_srlv_epi32, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use core::slice;

use super::cpu::HaveAvx512;
use super::vector::load_quad;
use super::words::Words;

/// How far ahead a lane is fetched: more streams than the CPU's own prefetcher follows. On Zen 5 64 lanes of 64 KiB, out of
/// the second cache's reach, take MD5 .25 cycles a byte with this and .48 without; within it nothing changes.
const PREFETCH_BLOCKS: usize = 4;

/// Sixteen words. Nobody has one without a [`HaveAvx512`].
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct X16(__m512i);

/// Truth tables of `vpternlogd`, by the weights of its three operands.
mod table {
    const A: i32 = 0xf0;
    const B: i32 = 0xcc;
    const C: i32 = 0xaa;
    pub(super) const XOR3: i32 = A ^ B ^ C;
    pub(super) const CHOOSE: i32 = (A & B) | (!A & 0xff & C);
    pub(super) const MAJORITY: i32 = (A & B) | (A & C) | (B & C);
    /// Of b, c and d.
    pub(super) const I: i32 = B ^ (A | (!C & 0xff));
}

impl X16 {
    #[inline(always)]
    fn ternary<const TABLE: i32>(self, second: Self, third: Self) -> Self {
        // SAFETY: whoever has an X16 has shown that the CPU has AVX-512F.
        Self(unsafe { _mm512_ternarylogic_epi32::<TABLE>(self.0, second.0, third.0) })
    }
}

impl Words for X16 {
    type Proof = HaveAvx512;
    const LANES: usize = 16;

    #[inline(always)]
    fn splat(_: HaveAvx512, word: u32) -> Self {
        // SAFETY: the proof exists only if the CPU has AVX-512F.
        Self(unsafe { _mm512_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn words_mut(&mut self) -> &mut [u32] {
        // SAFETY: the vector is sixteen plain words, and borrowed for as long as the slice lives.
        unsafe { slice::from_raw_parts_mut((&raw mut self.0).cast(), Self::LANES) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: whoever has an X16 has shown that the CPU has AVX-512F.
        Self(unsafe { _mm512_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        // SAFETY: whoever has an X16 has shown that the CPU has AVX-512F.
        Self(unsafe { _mm512_rol_epi32::<BITS>(self.0) })
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        // SAFETY: whoever has an X16 has shown that the CPU has AVX-512F.
        Self(unsafe { shift_right::<BITS>(self.0) })
    }

    #[inline(always)]
    fn xor3(self, second: Self, third: Self) -> Self {
        self.ternary::<{ table::XOR3 }>(second, third)
    }

    #[inline(always)]
    fn choose(self, one: Self, zero: Self) -> Self {
        self.ternary::<{ table::CHOOSE }>(one, zero)
    }

    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        self.ternary::<{ table::MAJORITY }>(second, third)
    }

    #[inline(always)]
    fn swap_bytes(self) -> Self {
        // SAFETY: whoever has an X16 has shown that the CPU has AVX-512F and BW.
        Self(unsafe { swap_bytes(self.0) })
    }

    #[inline(always)]
    fn as_written(self) -> Self {
        // SAFETY: whoever has an X16 has shown that the CPU has AVX-512F.
        Self(unsafe { as_written(self.0) })
    }

    const I_SURPLUS: u32 = 0;

    #[inline(always)]
    fn add_f(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(b.choose(c, d))
    }

    #[inline(always)]
    fn add_g(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(d.choose(b, c))
    }

    #[inline(always)]
    fn add_h(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(b.xor3(c, d))
    }

    #[inline(always)]
    fn add_i(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(b.ternary::<{ table::I }>(c, d))
    }

    #[inline(always)]
    fn load_quads<'a>(_: HaveAvx512, quad: impl Fn(usize) -> &'a [u32; 4]) -> [Self; 4] {
        let fours = |first: usize| {
            let quads = [quad(first), quad(first + 4), quad(first + 8), quad(first + 12)];
            // SAFETY: the proof exists only if the CPU has AVX-512F.
            unsafe { join_quads(quads) }
        };
        // SAFETY: likewise.
        let [a, b, c, d] = unsafe { transpose_words([fours(0), fours(1), fours(2), fours(3)]) };
        [Self(a), Self(b), Self(c), Self(d)]
    }

    #[inline(always)]
    fn store_quads([a, b, c, d]: [Self; 4], mut store: impl FnMut(usize, [u32; 4])) {
        // SAFETY: whoever has an X16 has shown that the CPU has AVX-512F.
        let vectors = unsafe { transpose_words([a.0, b.0, c.0, d.0]) };
        for (first, vector) in vectors.into_iter().enumerate() {
            let mut words = Self(vector);
            for (quad, words) in words.words_mut().as_chunks().0.iter().enumerate() {
                store(first + 4 * quad, *words);
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose_eighth(
        _: HaveAvx512,
        eighth: usize,
        rows: &[*const [u8; 64]],
        ahead: usize,
        staging: &mut [Self; 16],
        words: &mut [Self; 16],
    ) {
        let quarter = eighth % 4;
        if eighth < 4 {
            let load = |row: usize| {
                let block = rows[4 * quarter + row].wrapping_add(ahead);
                // SAFETY: to prefetch is allowed anywhere, and every CPU with AVX-512 can.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(block.wrapping_add(PREFETCH_BLOCKS).cast()) };
                // SAFETY: the caller vouches for the row and the blocks after it.
                unsafe { _mm512_loadu_si512(block.cast()) }
            };
            // SAFETY: the proof exists only if the CPU has AVX-512F.
            let quads = unsafe { transpose_words([load(0), load(1), load(2), load(3)]) };
            for word in 0..4 {
                staging[4 * word + quarter] = Self(quads[word]);
            }
        } else {
            let at = 4 * quarter;
            let quads = [staging[at].0, staging[at + 1].0, staging[at + 2].0, staging[at + 3].0];
            // SAFETY: the proof exists only if the CPU has AVX-512F.
            let vectors = unsafe { transpose_quads(quads) };
            for quad in 0..4 {
                words[4 * quad + quarter] = Self(vectors[quad]);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn shift_right<const BITS: i32>(vector: __m512i) -> __m512i {
    _mm512_srlv_epi32(vector, _mm512_set1_epi32(BITS))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn swap_bytes(vector: __m512i) -> __m512i {
    _mm512_shuffle_epi8(vector, _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn as_written(mut vector: __m512i) -> __m512i {
    // SAFETY: an empty instruction sequence does nothing.
    unsafe {
        asm!("/* {0} */", inout(zmm_reg) vector, options(pure, nomem, nostack, preserves_flags));
    }
    vector
}

/// Four quads, the first lowest.
#[inline]
#[target_feature(enable = "avx512f")]
fn join_quads([a, b, c, d]: [&[u32; 4]; 4]) -> __m512i {
    let low = _mm512_inserti32x4::<1>(_mm512_castsi128_si512(load_quad(a)), load_quad(b));
    _mm512_inserti32x4::<3>(_mm512_inserti32x4::<2>(low, load_quad(c)), load_quad(d))
}

/// Four rows of words transposed within each 128 bits: the first vector gets every row's words 0, 4, 8 and 12.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_words([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// Four vectors of four 128-bit quads, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_quads([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_low, ab_high) = (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
    let (cd_low, cd_high) = (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
    [
        _mm512_shuffle_i32x4::<0x88>(ab_low, cd_low),
        _mm512_shuffle_i32x4::<0xdd>(ab_low, cd_low),
        _mm512_shuffle_i32x4::<0x88>(ab_high, cd_high),
        _mm512_shuffle_i32x4::<0xdd>(ab_high, cd_high),
    ]
}
