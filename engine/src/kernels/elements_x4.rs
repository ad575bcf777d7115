//! Four field elements in a 512-bit vector.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_set_epi8, _mm_xor_si128, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_xor_si256, _mm512_and_si512, _mm512_broadcast_i32x4, _mm512_bslli_epi128, _mm512_bsrli_epi128,
    _mm512_castsi512_si128, _mm512_castsi512_si256, _mm512_clmulepi64_epi128, _mm512_extracti32x4_epi32,
    _mm512_extracti64x4_epi64, _mm512_mask_broadcast_i32x4, _mm512_mask_set1_epi64, _mm512_maskz_set1_epi64,
    _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_epi32, _mm512_shuffle_i64x2, _mm512_xor_si512,
};

use super::cpu::HaveAvx512;
use super::elements::{Elements, Last, Product};
use super::elements_x1::X1;
use super::vector::{load, load_64, load_up_to_64, store_64};

/// Four elements. Nobody has one without a [`HaveAvx512`].
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct X4(pub(super) __m512i);

impl Elements<64> for X4 {
    type Proof = HaveAvx512;

    #[inline(always)]
    fn zero(_: HaveAvx512) -> Self {
        // SAFETY: the proof exists only if the CPU has AVX-512F.
        Self(unsafe { _mm512_setzero_si512() })
    }

    #[inline(always)]
    fn load(_: HaveAvx512, elements: &[u8; 64]) -> Self {
        // SAFETY: the proof exists only if the CPU has AVX-512F.
        Self(unsafe { load_64(elements) })
    }

    #[inline(always)]
    fn load_padded(_: HaveAvx512, bytes: &[u8]) -> Self {
        // SAFETY: the proof exists only if the CPU has AVX-512 F and BW.
        Self(unsafe { load_up_to_64(bytes) })
    }

    #[inline(always)]
    fn splat(_: HaveAvx512, element: &[u8; 16]) -> Self {
        // SAFETY: the proof exists only if the CPU has AVX-512F.
        Self(unsafe { _mm512_broadcast_i32x4(load(element)) })
    }

    #[inline(always)]
    fn store(self) -> [u8; 64] {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512F.
        unsafe { store_64(self.0) }
    }

    #[inline(always)]
    fn reflect(self) -> Self {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512 F and BW.
        Self(unsafe { reflect(self.0) })
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512F.
        Self(unsafe { _mm512_and_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512F.
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn times<const HALVES: i32>(self, other: Self) -> Self {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512F and VPCLMULQDQ.
        Self(unsafe { _mm512_clmulepi64_epi128::<HALVES>(self.0, other.0) })
    }

    #[inline(always)]
    fn swap_halves(self) -> Self {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512F.
        Self(unsafe { _mm512_shuffle_epi32::<0x4e>(self.0) })
    }

    #[inline(always)]
    fn low_up(self) -> Self {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512 F and BW.
        Self(unsafe { _mm512_bslli_epi128::<8>(self.0) })
    }

    #[inline(always)]
    fn high_down(self) -> Self {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512 F and BW.
        Self(unsafe { _mm512_bsrli_epi128::<8>(self.0) })
    }

    #[inline(always)]
    fn fold(self) -> X1 {
        // SAFETY: whoever has an X4 has shown that the CPU has AVX-512F and AVX2.
        X1(unsafe { fold(self.0) })
    }

    #[inline(always)]
    fn digests(proof: HaveAvx512, last: [Last<'_, Self>; 4]) -> [X1; 4] {
        // SAFETY: the proof exists only if the CPU has AVX-512F.
        unsafe { spread(Self::digests_in_lanes(proof, last).0) }.map(X1)
    }
}

impl X4 {
    /// GHASH's results of four messages, as blocks: a message in each lane. All four cost hardly more than one.
    #[inline(always)]
    pub(super) fn digests_in_lanes(proof: HaveAvx512, last: [Last<'_, Self>; 4]) -> Self {
        let fold = |part: fn(&Product<Self>) -> Self| {
            let four = last.map(|last| part(&last.sum).0);
            // SAFETY: the proof exists only if the CPU has AVX-512F.
            Self(unsafe { fold_each(four) })
        };
        let mut sum =
            Product { low: fold(|sum| sum.low), middle: fold(|sum| sum.middle), high: fold(|sum| sum.high) };
        // SAFETY: the proof exists only if the CPU has AVX-512F.
        let lengths = Self(unsafe { lengths(last.map(|last| last.bits)) });
        // SAFETY: likewise.
        let h = Self(unsafe { gather(last.map(|last| last.h)) });
        sum.add_upper(lengths, h);
        sum.reduce(proof).reflect()
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn reflect(blocks: __m512i) -> __m512i {
    let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    _mm512_shuffle_epi8(blocks, _mm512_broadcast_i32x4(order))
}

#[inline]
#[target_feature(enable = "avx512f,avx2")]
fn fold(lanes: __m512i) -> __m128i {
    let two = _mm256_xor_si256(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64::<1>(lanes));
    _mm_xor_si128(_mm256_castsi256_si128(two), _mm256_extracti128_si256::<1>(two))
}

/// The sum of each vector's elements in the lane of its number.
#[inline]
#[target_feature(enable = "avx512f")]
fn fold_each([a, b, c, d]: [__m512i; 4]) -> __m512i {
    let halves = |a, b| {
        _mm512_xor_si512(
            _mm512_shuffle_i64x2::<0b01_00_01_00>(a, b),
            _mm512_shuffle_i64x2::<0b11_10_11_10>(a, b),
        )
    };
    let (ab, cd) = (halves(a, b), halves(c, d));
    _mm512_xor_si512(
        _mm512_shuffle_i64x2::<0b10_00_10_00>(ab, cd),
        _mm512_shuffle_i64x2::<0b11_01_11_01>(ab, cd),
    )
}

/// The length blocks of four messages, reflected.
#[inline]
#[target_feature(enable = "avx512f")]
fn lengths(bits: [u64; 4]) -> __m512i {
    let [a, b, c, d] = bits.map(u64::cast_signed);
    let lengths = _mm512_maskz_set1_epi64(1 << 1, a);
    let lengths = _mm512_mask_set1_epi64(lengths, 1 << 3, b);
    let lengths = _mm512_mask_set1_epi64(lengths, 1 << 5, c);
    _mm512_mask_set1_epi64(lengths, 1 << 7, d)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn gather([a, b, c, d]: [&[u8; 16]; 4]) -> __m512i {
    let lanes = _mm512_broadcast_i32x4(load(a));
    let lanes = _mm512_mask_broadcast_i32x4(lanes, 0x00f0, load(b));
    let lanes = _mm512_mask_broadcast_i32x4(lanes, 0x0f00, load(c));
    _mm512_mask_broadcast_i32x4(lanes, 0xf000, load(d))
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn spread(lanes: __m512i) -> [__m128i; 4] {
    [
        _mm512_castsi512_si128(lanes),
        _mm512_extracti32x4_epi32::<1>(lanes),
        _mm512_extracti32x4_epi32::<2>(lanes),
        _mm512_extracti32x4_epi32::<3>(lanes),
    ]
}
