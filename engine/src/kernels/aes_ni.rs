//! AES key schedules and block encryption with AES-NI (FIPS 197).

use core::arch::x86_64::{
    __m128i, _mm_aesdec_si128, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128,
    _mm_aesimc_si128, _mm_aeskeygenassist_si128, _mm_setzero_si128, _mm_shuffle_epi32, _mm_slli_si128,
    _mm_xor_si128,
};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::cpu::HaveAvx2;
use super::vector::{load, store};

/// The round keys of encryption: 11 of AES-128, 15 of AES-256.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct RoundKeys<const N: usize>(pub(super) [__m128i; N]);

impl RoundKeys<11> {
    /// Expands an AES-128 key.
    pub(super) fn aes128(_: HaveAvx2, key: &[u8; 16]) -> Self {
        // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
        unsafe { expand_128(key) }
    }
}

impl RoundKeys<15> {
    /// Expands an AES-256 key.
    pub(super) fn aes256(_: HaveAvx2, key: &[u8; 32]) -> Self {
        // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
        unsafe { expand_256(key) }
    }
}

impl<const N: usize> RoundKeys<N> {
    /// The round keys as bytes.
    #[inline(always)]
    pub(super) const fn as_bytes(&self) -> &[[u8; 16]; N] {
        // SAFETY: a vector is 16 plain bytes, and bytes ask for no alignment.
        unsafe { &*(&raw const self.0).cast() }
    }

    /// Encrypts one block.
    #[inline]
    #[target_feature(enable = "aes,avx2")]
    pub(super) fn encrypt(&self, block: __m128i) -> __m128i {
        let [first, middle @ .., last] = self.0.as_slice() else { return block };
        let state =
            middle.iter().fold(_mm_xor_si128(block, *first), |state, key| _mm_aesenc_si128(state, *key));
        _mm_aesenclast_si128(state, *last)
    }

    /// Decrypts one block.
    #[target_feature(enable = "aes,avx2")]
    fn decrypt(&self, block: __m128i) -> __m128i {
        let [first, middle @ .., last] = self.0.as_slice() else { return block };
        let state = middle
            .iter()
            .rfold(_mm_xor_si128(block, *last), |state, key| _mm_aesdec_si128(state, _mm_aesimc_si128(*key)));
        _mm_aesdeclast_si128(state, *first)
    }

    /// Decrypts one block, for callers without the CPU's features at hand.
    pub(super) fn decrypt_block(&self, _: HaveAvx2, block: &[u8; 16]) -> [u8; 16] {
        // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
        store(unsafe { self.decrypt(load(block)) })
    }

    /// Encrypts one block, for callers without the CPU's features at hand.
    pub(super) fn encrypt_block(&self, _: HaveAvx2, block: &[u8; 16]) -> [u8; 16] {
        // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
        store(unsafe { self.encrypt(load(block)) })
    }
}

/// Each word of the result is the XOR of the key's words up to it and the substituted word.
#[inline]
#[target_feature(enable = "aes,avx2")]
fn mix(key: __m128i, substituted: __m128i) -> __m128i {
    let key = _mm_xor_si128(key, _mm_slli_si128::<4>(key));
    let key = _mm_xor_si128(key, _mm_slli_si128::<8>(key));
    _mm_xor_si128(key, substituted)
}

/// The step with RotWord and a round constant.
#[inline]
#[target_feature(enable = "aes,avx2")]
fn rotated<const RCON: i32>(key: __m128i, last: __m128i) -> __m128i {
    mix(key, _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<RCON>(last)))
}

/// AES-256's step between, without them.
#[inline]
#[target_feature(enable = "aes,avx2")]
fn plain(key: __m128i, last: __m128i) -> __m128i {
    mix(key, _mm_shuffle_epi32::<0xaa>(_mm_aeskeygenassist_si128::<0>(last)))
}

#[target_feature(enable = "aes,avx2")]
fn expand_128(key: &[u8; 16]) -> RoundKeys<11> {
    let mut keys = [_mm_setzero_si128(); 11];
    keys[0] = load(key);
    keys[1] = rotated::<0x01>(keys[0], keys[0]);
    keys[2] = rotated::<0x02>(keys[1], keys[1]);
    keys[3] = rotated::<0x04>(keys[2], keys[2]);
    keys[4] = rotated::<0x08>(keys[3], keys[3]);
    keys[5] = rotated::<0x10>(keys[4], keys[4]);
    keys[6] = rotated::<0x20>(keys[5], keys[5]);
    keys[7] = rotated::<0x40>(keys[6], keys[6]);
    keys[8] = rotated::<0x80>(keys[7], keys[7]);
    keys[9] = rotated::<0x1b>(keys[8], keys[8]);
    keys[10] = rotated::<0x36>(keys[9], keys[9]);
    RoundKeys(keys)
}

#[target_feature(enable = "aes,avx2")]
fn expand_256(key: &[u8; 32]) -> RoundKeys<15> {
    let mut keys = [_mm_setzero_si128(); 15];
    let (low, high) = key.split_at(16);
    if let (Some(low), Some(high)) = (low.first_chunk(), high.first_chunk()) {
        keys[0] = load(low);
        keys[1] = load(high);
    }
    keys[2] = rotated::<0x01>(keys[0], keys[1]);
    keys[3] = plain(keys[1], keys[2]);
    keys[4] = rotated::<0x02>(keys[2], keys[3]);
    keys[5] = plain(keys[3], keys[4]);
    keys[6] = rotated::<0x04>(keys[4], keys[5]);
    keys[7] = plain(keys[5], keys[6]);
    keys[8] = rotated::<0x08>(keys[6], keys[7]);
    keys[9] = plain(keys[7], keys[8]);
    keys[10] = rotated::<0x10>(keys[8], keys[9]);
    keys[11] = plain(keys[9], keys[10]);
    keys[12] = rotated::<0x20>(keys[10], keys[11]);
    keys[13] = plain(keys[11], keys[12]);
    keys[14] = rotated::<0x40>(keys[12], keys[13]);
    RoundKeys(keys)
}
