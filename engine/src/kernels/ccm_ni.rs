//! AES-CCM of one message with AES-NI (SP 800-38C), nonces of 11 bytes and tags of 16, as SMB 3 has them.
//!
//! CCM runs AES twice per block: a CBC chain over the plaintext, which nothing can speed up (see `cmac_ni`), and a counter
//! for the keystream, which depends on nothing. In one loop the counter's rounds fill the gaps that the chain leaves.

use core::arch::x86_64::{
    __m128i, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_insert_epi32,
    _mm_setzero_si128, _mm_xor_si128,
};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aes_ni::RoundKeys;
use super::blocks::{Blocks, total_bytes};
use super::cpu::HaveAvx2;
use super::vector::{load, store};

/// The round keys of AES-128 (`N` is 11) or AES-256 (15).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct CcmKey<const N: usize> {
    #[zeroize(skip)]
    proof: HaveAvx2,
    rounds: RoundKeys<N>,
}

impl CcmKey<11> {
    /// Expands an AES-128 key.
    pub(crate) fn aes128(proof: HaveAvx2, key: &[u8; 16]) -> Self {
        Self { proof, rounds: RoundKeys::aes128(proof, key) }
    }
}

impl CcmKey<15> {
    /// Expands an AES-256 key.
    pub(crate) fn aes256(proof: HaveAvx2, key: &[u8; 32]) -> Self {
        Self { proof, rounds: RoundKeys::aes256(proof, key) }
    }
}

/// What a message is sealed with beside the key. The MAC's input begins with `formatted`, that is B0 and the encoded
/// length of the additional data, and goes on with the additional data itself (SP 800-38C appendix A.2).
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) nonce: &'a [u8; 11],
    pub(crate) formatted: &'a [u8],
    pub(crate) additional: &'a [u8],
}

impl<const N: usize> CcmKey<N> {
    /// Encrypts into a destination as long as the plaintext and returns the tag.
    pub(crate) fn seal(&self, context: Context<'_>, plaintext: &[u8], ciphertext: &mut [u8]) -> [u8; 16] {
        let _ = self.proof;
        // SAFETY: `self.proof` exists only if the CPU has AES-NI and AVX2.
        unsafe { seal(&self.rounds.0, context, plaintext, ciphertext) }
    }

    /// Decrypts into a destination as long as the ciphertext and returns the tag that the message should have.
    pub(crate) fn open(&self, context: Context<'_>, ciphertext: &[u8], plaintext: &mut [u8]) -> [u8; 16] {
        let _ = self.proof;
        // SAFETY: `self.proof` exists only if the CPU has AES-NI and AVX2.
        unsafe { open(&self.rounds.0, context, ciphertext, plaintext) }
    }
}

// In the assembly the middle rounds are a loop over the key schedule in memory; the counter's rounds of the next blocks
// run ahead beneath the chain's latency, so that unrolling them gained nothing.
#[target_feature(enable = "aes,avx2")]
fn seal<const N: usize>(
    keys: &[__m128i; N],
    context: Context<'_>,
    plaintext: &[u8],
    ciphertext: &mut [u8],
) -> [u8; 16] {
    let mut stream = Stream::new(keys, context);
    let (from, rest) = plaintext.as_chunks();
    let (to, rest_to) = ciphertext.as_chunks_mut();
    for (from, to) in from.iter().zip(to) {
        let plain = load(from);
        let mask = stream.next_mask();
        stream.absorb(plain);
        *to = store(_mm_xor_si128(plain, mask));
    }
    if !rest.is_empty() {
        let plain = load(&padded(rest));
        let mask = stream.next_mask();
        stream.absorb(plain);
        copy_start(rest_to, &store(_mm_xor_si128(plain, mask)));
    }
    stream.tag()
}

#[target_feature(enable = "aes,avx2")]
fn open<const N: usize>(
    keys: &[__m128i; N],
    context: Context<'_>,
    ciphertext: &[u8],
    plaintext: &mut [u8],
) -> [u8; 16] {
    let mut stream = Stream::new(keys, context);
    let (from, rest) = ciphertext.as_chunks();
    let (to, rest_to) = plaintext.as_chunks_mut();
    for (from, to) in from.iter().zip(to) {
        let plain = _mm_xor_si128(load(from), stream.next_mask());
        stream.absorb(plain);
        *to = store(plain);
    }
    if !rest.is_empty() {
        let plain = store(_mm_xor_si128(load(&padded(rest)), stream.next_mask()));
        copy_start(rest_to, &plain);
        // The mask's bytes beyond the message must not enter the MAC.
        stream.absorb(load(&padded(plain.split_at(rest.len()).0)));
    }
    stream.tag()
}

/// A last block of fewer than 16 bytes, filled with zeros.
fn padded(rest: &[u8]) -> [u8; 16] {
    let mut block = [0; 16];
    for (to, from) in block.iter_mut().zip(rest) {
        *to = *from;
    }
    block
}

fn copy_start(to: &mut [u8], block: &[u8; 16]) {
    for (to, from) in to.iter_mut().zip(block) {
        *to = *from;
    }
}

struct Stream<'a> {
    first: __m128i,
    middle: &'a [__m128i],
    last: __m128i,
    /// The CBC chain before the last round of its last block.
    chain: __m128i,
    /// The counter block, its index still to be set.
    counter: __m128i,
    index: u32,
}

impl<'a> Stream<'a> {
    /// At the message's first byte: the chain has taken the formatted block and the additional data.
    #[inline]
    #[target_feature(enable = "aes,avx2")]
    fn new<const N: usize>(
        keys: &'a [__m128i; N],
        Context { nonce, formatted, additional }: Context<'_>,
    ) -> Self {
        let zero = _mm_setzero_si128();
        let (first, middle, last) = match keys.as_slice() {
            [first, middle @ .., last] => (*first, middle, *last),
            _ => (zero, &[][..], zero),
        };
        // The flags say that the counter has 4 bytes (SP 800-38C appendix A.3).
        let mut counter = [0; 16];
        counter[0] = 3;
        counter[1..12].copy_from_slice(nonce);
        // What the last round turns into the chain's first value, zero.
        let chain = _mm_aesdeclast_si128(last, zero);
        let mut stream = Self { first, middle, last, chain, counter: load(&counter), index: 0 };

        let segments = &[additional];
        let whole = formatted.len().saturating_add(total_bytes(segments)) / 16;
        let mut blocks = Blocks::new(formatted, segments, whole);
        while let Some(run) = blocks.next_run() {
            for block in run {
                stream.absorb(load(block));
            }
        }
        let (padded, filled) = blocks.tail();
        if filled > 0 {
            stream.absorb(load(&padded));
        }
        stream
    }

    /// Adds a block to the CBC chain; see `cmac_ni` for the order of additions.
    #[inline]
    #[target_feature(enable = "aes,avx2")]
    fn absorb(&mut self, block: __m128i) {
        let between = _mm_xor_si128(self.first, self.last);
        self.chain = _mm_aesenclast_si128(self.chain, _mm_xor_si128(between, block));
        self.chain = self.middle_rounds(self.chain);
    }

    /// The next block of keystream; index 0 is the tag's.
    #[inline]
    #[target_feature(enable = "aes,avx2")]
    fn next_mask(&mut self) -> __m128i {
        self.index = self.index.wrapping_add(1);
        self.mask(self.index)
    }

    #[inline]
    #[target_feature(enable = "aes,avx2")]
    fn mask(&self, index: u32) -> __m128i {
        let counter = _mm_insert_epi32::<3>(self.counter, index.swap_bytes().cast_signed());
        let state = self.middle_rounds(_mm_xor_si128(self.first, counter));
        _mm_aesenclast_si128(state, self.last)
    }

    #[inline]
    #[target_feature(enable = "aes,avx2")]
    fn middle_rounds(&self, state: __m128i) -> __m128i {
        self.middle.iter().fold(state, |state, key| _mm_aesenc_si128(state, *key))
    }

    #[inline]
    #[target_feature(enable = "aes,avx2")]
    fn tag(self) -> [u8; 16] {
        let chain = _mm_aesenclast_si128(self.chain, self.last);
        store(_mm_xor_si128(chain, self.mask(0)))
    }
}
