//! AES-128-GMAC of one message: GHASH over the message and its length, under one AES block (SP 800-38D).
//!
//! GHASH is a polynomial in H, so a run of blocks needs one reduction if each block meets its own power of H. Both widths
//! of this kernel take the message in groups of up to [`GROUP`] blocks; the last group also takes the length block, which
//! is why one power more than `GROUP` is kept.
//!
//! Powers are kept bit-reflected and multiplied by x, in the form of POLYVAL (RFC 8452 appendix A): products then need no shift.

use core::arch::x86_64::{
    __m128i, _mm_clmulepi64_si128, _mm_set_epi8, _mm_set_epi64x, _mm_setzero_si128, _mm_shuffle_epi8,
    _mm_shuffle_epi32, _mm_slli_si128, _mm_srli_si128, _mm_xor_si128,
};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aes_ni::RoundKeys;
use super::cpu::{HaveAvx2, HaveAvx512};
use super::vector::{load, store};
use super::{gmac_clmul, gmac_vclmul};

/// Blocks between two reductions.
pub(super) const GROUP: usize = 32;
/// H^(GROUP + 1) down to H, so that a group's powers lie in its blocks' order.
pub(super) type Powers = [__m128i; GROUP + 1];

/// Which kernel multiplies.
#[derive(Clone, Copy)]
enum Width {
    Vectors128(HaveAvx2),
    Vectors512(HaveAvx512),
}

/// An AES-128 key schedule and the powers of H.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct GmacKey {
    #[zeroize(skip)]
    width: Width,
    rounds: RoundKeys<11>,
    powers: Powers,
}

// A server keeps one per session: a cache's worth of sessions should not shrink unnoticed.
const _: () = assert!(size_of::<GmacKey>() <= 768);

impl GmacKey {
    /// Expands the key for 128-bit vectors.
    pub(crate) fn new_128(proof: HaveAvx2, key: &[u8; 16]) -> Self {
        Self::new(Width::Vectors128(proof), proof, key)
    }

    /// Expands the key for 512-bit vectors.
    pub(crate) fn new_512(proof: HaveAvx512, key: &[u8; 16]) -> Self {
        Self::new(Width::Vectors512(proof), proof.avx2(), key)
    }

    fn new(width: Width, proof: HaveAvx2, key: &[u8; 16]) -> Self {
        let rounds = RoundKeys::aes128(proof, key);
        let h = times_x(u128::from_be_bytes(rounds.encrypt_block(proof, &[0; 16])));
        // SAFETY: the proof exists only if the CPU has PCLMULQDQ and AVX2.
        let powers = unsafe { powers(load(&h.to_le_bytes())) };
        Self { width, rounds, powers }
    }

    /// The tag of the concatenation of `segments` under a nonce that must never be used twice with this key.
    #[inline]
    pub(crate) fn tag(&self, nonce: &[u8; 12], segments: &[&[u8]]) -> [u8; 16] {
        match self.width {
            Width::Vectors128(proof) => gmac_clmul::tag(proof, &self.rounds, &self.powers, nonce, segments),
            Width::Vectors512(proof) => gmac_vclmul::tag(proof, &self.rounds, &self.powers, nonce, segments),
        }
    }
}

/// Multiplies by x in POLYVAL's field, without a branch on the secret.
const fn times_x(value: u128) -> u128 {
    (value << 1) ^ ((value >> 127) * 0xc200_0000_0000_0000_0000_0000_0000_0001)
}

#[target_feature(enable = "avx2,pclmulqdq")]
fn powers(h: __m128i) -> Powers {
    let mut powers = [h; GROUP + 1];
    let mut power = h;
    for slot in powers.iter_mut().rev().skip(1) {
        let mut product = Product::zero();
        product.add(power, h);
        power = product.reduce();
        *slot = power;
    }
    powers
}

/// Which powers of H the next blocks of a message meet.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    table: &'a Powers,
    /// Powers of the blocks that this group still takes.
    pub(super) powers: &'a [__m128i],
    /// Blocks of the message that belong to later groups.
    later: usize,
}

impl<'a> Group<'a> {
    /// The first group of a message of so many blocks, a padded one counted.
    #[inline(always)]
    pub(super) fn first(table: &'a Powers, blocks: usize) -> Self {
        Self { table, powers: &[], later: blocks }.next()
    }

    /// The group after this one; the last ends one power early, since H itself is for the length block.
    #[inline(always)]
    pub(super) fn next(self) -> Self {
        let Self { table, later, .. } = self;
        let ([_, group @ ..], [last @ .., _]) = (table, table);
        match later.checked_sub(GROUP + 1) {
            Some(_) => Self { table, powers: group, later: later - GROUP },
            None => Self { table, powers: last.split_at(GROUP - later).1, later: 0 },
        }
    }

    /// H, for the length block.
    #[inline(always)]
    pub(super) const fn length_power(&self) -> __m128i {
        let [.., h] = self.table;
        *h
    }
}

/// An unreduced product of two field elements, or a sum of some, in Karatsuba's three parts: three multiplications in
/// place of four are a third faster with PCLMULQDQ, and the sums of halves cost less than loading them.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) low: __m128i,
    pub(super) middle: __m128i,
    pub(super) high: __m128i,
}

impl Product {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn zero() -> Self {
        let zero = _mm_setzero_si128();
        Self { low: zero, middle: zero, high: zero }
    }

    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    pub(super) fn add(&mut self, a: __m128i, b: __m128i) {
        self.low = _mm_xor_si128(self.low, _mm_clmulepi64_si128::<0x00>(a, b));
        self.high = _mm_xor_si128(self.high, _mm_clmulepi64_si128::<0x11>(a, b));
        let a_sum = _mm_xor_si128(a, _mm_shuffle_epi32::<0x4e>(a));
        let b_sum = _mm_xor_si128(b, _mm_shuffle_epi32::<0x4e>(b));
        self.middle = _mm_xor_si128(self.middle, _mm_clmulepi64_si128::<0x00>(a_sum, b_sum));
    }

    /// Divides by x¹²⁸ modulo POLYVAL's polynomial, 64 bits at a time.
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    pub(super) fn reduce(self) -> __m128i {
        let polynomial = _mm_set_epi64x(0, 0xc200_0000_0000_0000_u64.cast_signed());
        let middle = _mm_xor_si128(self.middle, _mm_xor_si128(self.low, self.high));
        let low = _mm_xor_si128(self.low, _mm_slli_si128::<8>(middle));
        let high = _mm_xor_si128(self.high, _mm_srli_si128::<8>(middle));
        let once =
            _mm_xor_si128(_mm_shuffle_epi32::<0x4e>(low), _mm_clmulepi64_si128::<0x00>(low, polynomial));
        let twice =
            _mm_xor_si128(_mm_shuffle_epi32::<0x4e>(once), _mm_clmulepi64_si128::<0x00>(once, polynomial));
        _mm_xor_si128(high, twice)
    }
}

/// A message block as a field element: GHASH's bytes are reflected.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn reflect(block: __m128i) -> __m128i {
    _mm_shuffle_epi8(block, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
}

/// The length block of a message that is all additional data, as a field element.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn length_block(bytes: usize) -> __m128i {
    _mm_set_epi64x((bytes as u64).wrapping_mul(8).cast_signed(), 0)
}

/// The tag from GHASH's result and the encrypted first counter block.
#[inline]
#[target_feature(enable = "avx2,aes")]
pub(super) fn finish(rounds: &RoundKeys<11>, nonce: &[u8; 12], ghash: __m128i) -> [u8; 16] {
    let mut counter = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    counter[..12].copy_from_slice(nonce);
    store(_mm_xor_si128(rounds.encrypt(load(&counter)), reflect(ghash)))
}
