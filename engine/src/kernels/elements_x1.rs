//! One field element in a 128-bit vector.

use core::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_clmulepi64_si128, _mm_set_epi8, _mm_set_epi64x, _mm_setzero_si128,
    _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_slli_si128, _mm_srli_si128, _mm_xor_si128,
};

use super::cpu::HaveAvx2;
use super::elements::{Elements, Last};
use super::vector::{load, store};

/// One element. Nobody has one without a [`HaveAvx2`].
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct X1(pub(super) __m128i);

impl Elements<16> for X1 {
    type Proof = HaveAvx2;

    #[inline(always)]
    fn zero(_: HaveAvx2) -> Self {
        // SAFETY: the proof exists only if the CPU has AVX2.
        Self(unsafe { _mm_setzero_si128() })
    }

    #[inline(always)]
    fn load(_: HaveAvx2, element: &[u8; 16]) -> Self {
        Self(load(element))
    }

    #[inline(always)]
    fn load_padded(_: HaveAvx2, bytes: &[u8]) -> Self {
        let mut block = [0; 16];
        block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self(load(&block))
    }

    #[inline(always)]
    fn splat(_: HaveAvx2, element: &[u8; 16]) -> Self {
        Self(load(element))
    }

    #[inline(always)]
    fn store(self) -> [u8; 16] {
        store(self.0)
    }

    #[inline(always)]
    fn reflect(self) -> Self {
        // SAFETY: whoever has an X1 has shown that the CPU has AVX2.
        Self(unsafe { reflect(self.0) })
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: whoever has an X1 has shown that the CPU has AVX2.
        Self(unsafe { _mm_and_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: whoever has an X1 has shown that the CPU has AVX2.
        Self(unsafe { _mm_xor_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn times<const HALVES: i32>(self, other: Self) -> Self {
        // SAFETY: whoever has an X1 has shown that the CPU has PCLMULQDQ.
        Self(unsafe { _mm_clmulepi64_si128::<HALVES>(self.0, other.0) })
    }

    #[inline(always)]
    fn swap_halves(self) -> Self {
        // SAFETY: whoever has an X1 has shown that the CPU has AVX2.
        Self(unsafe { _mm_shuffle_epi32::<0x4e>(self.0) })
    }

    #[inline(always)]
    fn low_up(self) -> Self {
        // SAFETY: whoever has an X1 has shown that the CPU has AVX2.
        Self(unsafe { _mm_slli_si128::<8>(self.0) })
    }

    #[inline(always)]
    fn high_down(self) -> Self {
        // SAFETY: whoever has an X1 has shown that the CPU has AVX2.
        Self(unsafe { _mm_srli_si128::<8>(self.0) })
    }

    #[inline(always)]
    fn fold(self) -> X1 {
        self
    }

    #[inline(always)]
    fn digests(proof: HaveAvx2, last: [Last<'_, Self>; 4]) -> [X1; 4] {
        last.map(|last| last.digest(proof).reflect())
    }
}

/// The block that follows a message that is all additional data, reflected: its length in bits.
#[inline(always)]
pub(super) fn length_block(_: HaveAvx2, bits: u64) -> X1 {
    // SAFETY: the proof exists only if the CPU has AVX2.
    X1(unsafe { _mm_set_epi64x(bits.cast_signed(), 0) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn reflect(block: __m128i) -> __m128i {
    _mm_shuffle_epi8(block, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
}
