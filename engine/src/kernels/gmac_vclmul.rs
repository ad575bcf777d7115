//! GMAC with VPCLMULQDQ on 512-bit vectors: four blocks at once, 32 between two reductions.

use core::arch::x86_64::{
    __m128i, __m512i, _mm_set_epi8, _mm_setzero_si128, _mm_xor_si128, _mm256_castsi256_si128,
    _mm256_extracti128_si256, _mm256_xor_si256, _mm512_broadcast_i32x4, _mm512_castsi512_si256,
    _mm512_clmulepi64_epi128, _mm512_extracti64x4_epi64, _mm512_setzero_si512, _mm512_shuffle_epi8,
    _mm512_shuffle_epi32, _mm512_xor_si512, _mm512_zextsi128_si512,
};

use super::aes_ni::RoundKeys;
use super::blocks::{Blocks, total_bytes};
use super::cpu::HaveAvx512;
use super::gmac::{Group, Powers, Product, finish, length_block};
use super::vector::{load_up_to_4, load4};

/// The tag of the concatenation of `segments`.
#[inline]
pub(super) fn tag(
    _: HaveAvx512,
    rounds: &RoundKeys<11>,
    powers: &Powers,
    nonce: &[u8; 12],
    segments: &[&[u8]],
) -> [u8; 16] {
    // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VPCLMULQDQ and all of AVX2's backend.
    unsafe { tag_of(rounds, powers, nonce, segments) }
}

// In the assembly four blocks are two loads, one vpshufb, three vpclmulqdq, two vpshufd and five XORs, all in registers;
// the sums go to the stack only around the copy of a block that lies across segments.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,aes,pclmulqdq")]
fn tag_of(rounds: &RoundKeys<11>, powers: &Powers, nonce: &[u8; 12], segments: &[&[u8]]) -> [u8; 16] {
    let total = total_bytes(segments);
    let mut ghash = Ghash::new(powers, total.div_ceil(16));
    let mut blocks = Blocks::new(&[], segments, total / 16);
    while let Some(run) = blocks.next_run() {
        ghash.absorb(run);
    }
    let (padded, filled) = blocks.tail();
    if filled > 0 {
        ghash.absorb(&[padded]);
    }
    finish(rounds, nonce, ghash.digest(total))
}

struct Ghash<'a> {
    group: Group<'a>,
    /// What the group came to so far, in four lanes that are added at its end.
    sum: Products,
    /// What earlier groups came to, to be added to the next block.
    digest: __m128i,
}

impl<'a> Ghash<'a> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,pclmulqdq")]
    fn new(powers: &'a Powers, blocks: usize) -> Self {
        Self { group: Group::first(powers, blocks), sum: Products::zero(), digest: _mm_setzero_si128() }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,pclmulqdq")]
    fn absorb(&mut self, mut run: &[[u8; 16]]) {
        while !run.is_empty() {
            if self.group.powers.is_empty() {
                self.digest = self.sum.fold().reduce();
                self.sum = Products::zero();
                self.group = self.group.next();
            }
            let take = run.len().min(self.group.powers.len());
            let (blocks, rest) = run.split_at(take);
            let (powers, later_powers) = self.group.powers.split_at(take);
            (run, self.group.powers) = (rest, later_powers);

            let (blocks, few_blocks) = blocks.as_chunks::<4>();
            let (powers, few_powers) = powers.as_chunks::<4>();
            for (blocks, powers) in blocks.iter().zip(powers) {
                self.absorb_4(load4(blocks), load4(powers));
            }
            if !few_blocks.is_empty() {
                self.absorb_4(load_up_to_4(few_blocks), load_up_to_4(few_powers));
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,pclmulqdq")]
    fn absorb_4(&mut self, blocks: __m512i, powers: __m512i) {
        let blocks = _mm512_xor_si512(reflect_4(blocks), _mm512_zextsi128_si512(self.digest));
        self.digest = _mm_setzero_si128();
        self.sum.add(blocks, powers);
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,pclmulqdq")]
    fn digest(self, message_bytes: usize) -> __m128i {
        let mut sum = self.sum.fold();
        // An empty message has no block that took the digest, but then the digest is zero.
        sum.add(length_block(message_bytes), self.group.length_power());
        sum.reduce()
    }
}

/// Four sums of unreduced products.
struct Products {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl Products {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn zero() -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "avx512f,vpclmulqdq")]
    fn add(&mut self, a: __m512i, b: __m512i) {
        self.low = _mm512_xor_si512(self.low, _mm512_clmulepi64_epi128::<0x00>(a, b));
        self.high = _mm512_xor_si512(self.high, _mm512_clmulepi64_epi128::<0x11>(a, b));
        let a_sum = _mm512_xor_si512(a, _mm512_shuffle_epi32::<0x4e>(a));
        let b_sum = _mm512_xor_si512(b, _mm512_shuffle_epi32::<0x4e>(b));
        self.middle = _mm512_xor_si512(self.middle, _mm512_clmulepi64_epi128::<0x00>(a_sum, b_sum));
    }

    /// The sum of the four lanes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx2")]
    fn fold(&self) -> Product {
        Product { low: fold(self.low), middle: fold(self.middle), high: fold(self.high) }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx2")]
fn fold(lanes: __m512i) -> __m128i {
    let two = _mm256_xor_si256(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64::<1>(lanes));
    _mm_xor_si128(_mm256_castsi256_si128(two), _mm256_extracti128_si256::<1>(two))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn reflect_4(blocks: __m512i) -> __m512i {
    let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    _mm512_shuffle_epi8(blocks, _mm512_broadcast_i32x4(order))
}
