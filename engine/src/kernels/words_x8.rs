//! Eight lanes in an AVX2 vector.

use core::arch::asm;
use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_loadu_si256, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set_m128i, _mm256_set1_epi32, _mm256_setr_epi8, _mm256_shuffle_epi8,
    _mm256_sllv_epi32, _mm256_srlv_epi32, _mm256_sub_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};
use core::slice;

use super::cpu::HaveAvx2;
use super::vector::load_quad;
use super::words::Words;

/// Eight words. Nobody has one without a [`HaveAvx2`].
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct X8(__m256i);

macro_rules! operations {
    ($($name:ident = $intrinsic:ident;)*) => {
        impl X8 {
            $(
                #[inline(always)]
                fn $name(self, other: Self) -> Self {
                    // SAFETY: whoever has an X8 has shown that the CPU has AVX2.
                    Self(unsafe { $intrinsic(self.0, other.0) })
                }
            )*
        }
    };
}

operations! {
    plus = _mm256_add_epi32;
    minus = _mm256_sub_epi32;
    and = _mm256_and_si256;
    not_and = _mm256_andnot_si256;
    or = _mm256_or_si256;
    xor = _mm256_xor_si256;
}

impl Words for X8 {
    type Proof = HaveAvx2;
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(_: HaveAvx2, word: u32) -> Self {
        // SAFETY: the proof exists only if the CPU has AVX2.
        Self(unsafe { _mm256_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn words_mut(&mut self) -> &mut [u32] {
        // SAFETY: the vector is eight plain words, and borrowed for as long as the slice lives.
        unsafe { slice::from_raw_parts_mut((&raw mut self.0).cast(), Self::LANES) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.plus(other)
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        // SAFETY: whoever has an X8 has shown that the CPU has AVX2.
        let left = Self(unsafe { shift_left(self.0, BITS) });
        // SAFETY: likewise.
        let right = Self(unsafe { shift_right(self.0, 32 - BITS) });
        left.or(right)
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        // SAFETY: whoever has an X8 has shown that the CPU has AVX2.
        Self(unsafe { shift_right(self.0, BITS) })
    }

    #[inline(always)]
    fn xor3(self, second: Self, third: Self) -> Self {
        self.xor(second).xor(third)
    }

    #[inline(always)]
    fn choose(self, one: Self, zero: Self) -> Self {
        zero.xor(self.and(one.xor(zero)))
    }

    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        second.xor(second.xor(self).and(second.xor(third)))
    }

    #[inline(always)]
    fn swap_bytes(self) -> Self {
        // SAFETY: whoever has an X8 has shown that the CPU has AVX2.
        Self(unsafe { swap_bytes(self.0) })
    }

    #[inline(always)]
    fn as_written(self) -> Self {
        // SAFETY: whoever has an X8 has shown that the CPU has AVX2.
        Self(unsafe { as_written(self.0) })
    }

    const I_SURPLUS: u32 = 1;

    #[inline(always)]
    fn add_f(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(d.xor(b.and(c.xor(d))))
    }

    #[inline(always)]
    fn add_g(sum: Self, b: Self, c: Self, d: Self) -> Self {
        // The two halves share no bit, so they may as well be added, and only one of them waits for b.
        sum.add(d.not_and(c)).as_written().add(d.and(b))
    }

    #[inline(always)]
    fn add_h(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(b.xor(c.xor(d).as_written()))
    }

    #[inline(always)]
    fn add_i(sum: Self, b: Self, c: Self, d: Self) -> Self {
        // Adding NOT x is subtracting x, and one.
        sum.minus(c.xor(b.not_and(d)))
    }

    #[inline(always)]
    fn load_quads<'a>(_: HaveAvx2, quad: impl Fn(usize) -> &'a [u32; 4]) -> [Self; 4] {
        // SAFETY: the proof exists only if the CPU has AVX2.
        let twos = |first: usize| unsafe { join_quads([quad(first), quad(first + 4)]) };
        // SAFETY: likewise.
        let [a, b, c, d] = unsafe { transpose_words([twos(0), twos(1), twos(2), twos(3)]) };
        [Self(a), Self(b), Self(c), Self(d)]
    }

    #[inline(always)]
    fn store_quads([a, b, c, d]: [Self; 4], mut store: impl FnMut(usize, [u32; 4])) {
        // SAFETY: whoever has an X8 has shown that the CPU has AVX2.
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
        _: HaveAvx2,
        eighth: usize,
        rows: &[*const [u8; 64]],
        ahead: usize,
        staging: &mut [Self; 16],
        words: &mut [Self; 16],
    ) {
        let quarter = eighth % 4;
        if eighth < 4 {
            let (four, half) = (quarter / 2, quarter % 2);
            let load = |row: usize| {
                let block = rows[4 * four + row].wrapping_add(ahead);
                // SAFETY: the caller vouches for the row and the blocks after it; a block has two halves.
                unsafe { _mm256_loadu_si256(block.cast::<__m256i>().wrapping_add(half)) }
            };
            // SAFETY: the proof exists only if the CPU has AVX2.
            let quads = unsafe { transpose_words([load(0), load(1), load(2), load(3)]) };
            for word in 0..4 {
                staging[4 * word + 2 * half + four] = Self(quads[word]);
            }
        } else {
            for half in 0..2 {
                let (low, high) = (staging[4 * quarter + 2 * half], staging[4 * quarter + 2 * half + 1]);
                // SAFETY: the proof exists only if the CPU has AVX2.
                let [even, odd] = unsafe { transpose_quads([low.0, high.0]) };
                words[8 * half + quarter] = Self(even);
                words[8 * half + 4 + quarter] = Self(odd);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn shift_left(vector: __m256i, bits: i32) -> __m256i {
    _mm256_sllv_epi32(vector, _mm256_set1_epi32(bits))
}

#[inline]
#[target_feature(enable = "avx2")]
fn shift_right(vector: __m256i, bits: i32) -> __m256i {
    _mm256_srlv_epi32(vector, _mm256_set1_epi32(bits))
}

#[inline]
#[target_feature(enable = "avx2")]
fn swap_bytes(vector: __m256i) -> __m256i {
    let order = _mm256_setr_epi8(
        3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14,
        13, 12,
    );
    _mm256_shuffle_epi8(vector, order)
}

#[inline]
#[target_feature(enable = "avx2")]
fn as_written(mut vector: __m256i) -> __m256i {
    // SAFETY: an empty instruction sequence does nothing.
    unsafe {
        asm!("/* {0} */", inout(ymm_reg) vector, options(pure, nomem, nostack, preserves_flags));
    }
    vector
}

/// Two quads, the first lower.
#[inline]
#[target_feature(enable = "avx2")]
fn join_quads([a, b]: [&[u32; 4]; 2]) -> __m256i {
    _mm256_set_m128i(load_quad(b), load_quad(a))
}

/// Four rows of words transposed within each 128 bits: the first vector gets every row's words 0 and 4.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_words([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab_low, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab_low, cd_low),
        _mm256_unpackhi_epi64(ab_low, cd_low),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// Two vectors of two 128-bit quads, transposed.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_quads([a, b]: [__m256i; 2]) -> [__m256i; 2] {
    [_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b)]
}
