//! AES-128-CMAC of one message with AES-NI (RFC 4493).
//!
//! The CBC chain allows no parallelism within a message, so the loop is as fast as ten AES rounds follow each other.
//! The last round's key, the next block and the next first round key are all added by XOR: the loop adds them together
//! beside the chain and hands their sum to the last round, which leaves nothing but AES rounds on the critical path.

use core::arch::x86_64::{
    __m128i, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_setzero_si128, _mm_xor_si128,
};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aes_ni::RoundKeys;
use super::blocks::{Blocks, total_bytes};
use super::cpu::HaveAvx2;
use super::vector::{load, store};

/// An AES-128 key schedule and the two subkeys of RFC 4493 §2.3.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct CmacKey {
    #[zeroize(skip)]
    proof: HaveAvx2,
    rounds: RoundKeys<11>,
    /// K1, for a last block that is whole.
    whole: __m128i,
    /// K2, for a last block that had to be padded.
    padded: __m128i,
    /// What encrypts to zero.
    idle: __m128i,
}

impl CmacKey {
    /// Expands the key.
    pub(crate) fn new(proof: HaveAvx2, key: &[u8; 16]) -> Self {
        let rounds = RoundKeys::aes128(proof, key);
        let whole = double(u128::from_be_bytes(rounds.encrypt_block(proof, &[0; 16])));
        let padded = double(whole);
        let idle = load(&rounds.decrypt_block(proof, &[0; 16]));
        Self { proof, rounds, whole: load(&whole.to_be_bytes()), padded: load(&padded.to_be_bytes()), idle }
    }

    /// The tag of the concatenation of `segments`.
    #[inline]
    pub(crate) fn tag(&self, segments: &[&[u8]]) -> [u8; 16] {
        let _ = self.proof;
        // SAFETY: `self.proof` exists only if the CPU has AES-NI and AVX2.
        unsafe { tag(self, segments) }
    }
}

impl CmacKey {
    /// Moves a CBC-MAC chain on by whole blocks: each is added to the state, which is then encrypted.
    pub(crate) fn advance(&self, state: &mut [u8; 16], blocks: &[[u8; 16]]) {
        let _ = self.proof;
        // SAFETY: `self.proof` exists only if the CPU has AES-NI and AVX2.
        *state = unsafe { advance(self, state, blocks) };
    }

    /// The round keys as bytes, for kernels that put those of many keys side by side.
    #[inline(always)]
    pub(super) fn round_keys(&self) -> &[[u8; 16]; 11] {
        self.rounds.as_bytes()
    }

    /// A block that leaves a chain at its start: zero goes on to zero.
    #[inline(always)]
    pub(crate) fn idle_block(&self) -> [u8; 16] {
        store(self.idle)
    }

    /// Makes the last block of a message what the chain takes: padded (RFC 4493 §2.4) and with the subkey added.
    /// `block` holds the `filled` bytes after the blocks before, 16 of them if the message ends with a whole block, then zeros.
    #[inline(always)]
    pub(crate) fn last_block(&self, block: &mut [u8; 16], filled: usize) {
        // Where the padding begins is as hard to foretell as a message's length: no branch, and a table for the padding.
        let subkey = if filled < 16 { &self.padded } else { &self.whole };
        let padding = PADDINGS.get(filled).unwrap_or(&[0; 16]);
        let added = u128::from_ne_bytes(store(*subkey)) ^ u128::from_ne_bytes(*padding);
        *block = (u128::from_ne_bytes(*block) ^ added).to_ne_bytes();
    }
}

/// What padding adds to a block with so many bytes.
static PADDINGS: [[u8; 16]; 17] = {
    let mut paddings = [[0; 16]; 17];
    let mut filled = 0;
    while filled < 16 {
        paddings[filled][filled] = 0x80;
        filled += 1;
    }
    paddings
};

/// Multiplies by x in GF(2¹²⁸), the most significant bit first, without a branch on the secret.
const fn double(value: u128) -> u128 {
    (value << 1) ^ ((value >> 127) * 0x87)
}

// In the assembly all keys of the loop stay in registers and a block is one XOR with memory, aesenclast, nine aesenc.
#[target_feature(enable = "aes,avx2")]
fn tag(key: &CmacKey, segments: &[&[u8]]) -> [u8; 16] {
    let [first, middle @ .., last] = key.rounds.0;
    let between = _mm_xor_si128(first, last);
    let chained = total_bytes(segments).saturating_sub(1) / 16;
    let mut blocks = Blocks::new(&[], segments, chained);

    // Before the last round with key zero, of a chain that is still zero.
    let mut state = _mm_aesdeclast_si128(last, _mm_setzero_si128());
    while let Some(run) = blocks.next_run() {
        for block in run {
            state = _mm_aesenclast_si128(state, _mm_xor_si128(between, load(block)));
            state = middle_rounds(state, &middle);
        }
    }
    let (mut block, filled) = blocks.tail();
    let subkey = match block.get_mut(filled) {
        None => key.whole,
        Some(first_of_padding) => {
            *first_of_padding = 0x80;
            key.padded
        }
    };
    state = _mm_aesenclast_si128(state, _mm_xor_si128(between, _mm_xor_si128(subkey, load(&block))));
    store(_mm_aesenclast_si128(middle_rounds(state, &middle), last))
}

#[target_feature(enable = "aes,avx2")]
fn advance(key: &CmacKey, state: &[u8; 16], blocks: &[[u8; 16]]) -> [u8; 16] {
    let [first, middle @ .., last] = key.rounds.0;
    let between = _mm_xor_si128(first, last);
    // The last round of the block before is done with the next one's first key, as in `tag`.
    let mut state = _mm_aesdeclast_si128(_mm_xor_si128(last, load(state)), _mm_setzero_si128());
    for block in blocks {
        state = _mm_aesenclast_si128(state, _mm_xor_si128(between, load(block)));
        state = middle_rounds(state, &middle);
    }
    store(_mm_aesenclast_si128(state, last))
}

#[inline]
#[target_feature(enable = "aes,avx2")]
fn middle_rounds(state: __m128i, keys: &[__m128i; 9]) -> __m128i {
    keys.iter().fold(state, |state, key| _mm_aesenc_si128(state, *key))
}
