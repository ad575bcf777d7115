//! AES-128-CMAC of one message with AES-NI (RFC 4493).
//!
//! The CBC chain allows no parallelism within a message, so the loop is as fast as ten AES rounds follow each other.
//! The last round's key, the next block and the next first round key are all added by XOR: the loop adds them together
//! beside the chain and hands their sum to the last round, which leaves nothing but AES rounds on the critical path.

use core::arch::x86_64::{
    __m128i, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_setzero_si128,
    _mm_shuffle_epi8, _mm_xor_si128,
};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aes_ni::RoundKeys;
use super::blocks::{Blocks, total_bytes};
use super::cpu::HaveAvx2;
use super::vector::{load, load_words, store, sum};

/// An AES-128 key schedule and the two subkeys of RFC 4493 §2.3.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
// What a short message in a lane needs comes first, and fits into one cache line with what stands before a key: of many
// thousand sessions' keys each line is far away.
#[repr(C)]
pub(crate) struct CmacKey {
    #[zeroize(skip)]
    proof: HaveAvx2,
    /// The first round key, which is the key.
    first: Block,
    /// K1, for a last block that is whole, and K2, for one that had to be padded.
    subkeys: [Block; 2],
    /// What encrypts to zero.
    idle: Block,
    later: [Block; 10],
}

/// 16 bytes that ask for less alignment than a vector, which would spread the key over one line more.
type Block = [u64; 2];

impl CmacKey {
    /// Expands the key.
    pub(crate) fn new(proof: HaveAvx2, key: &[u8; 16]) -> Self {
        let rounds = RoundKeys::aes128(proof, key);
        let whole = double(u128::from_be_bytes(rounds.encrypt_block(proof, &[0; 16])));
        let subkeys = [whole, double(whole)].map(|subkey| words(subkey.to_be_bytes()));
        let idle = words(rounds.decrypt_block(proof, &[0; 16]));
        let [first, later @ ..] = rounds.as_bytes().map(words);
        Self { proof, first, subkeys, idle, later }
    }

    /// The tag of the concatenation of `segments`.
    #[inline]
    pub(crate) fn tag(&self, segments: &[&[u8]]) -> [u8; 16] {
        let _ = self.proof;
        // SAFETY: `self.proof` exists only if the CPU has AES-NI and AVX2.
        unsafe { tag(self, segments) }
    }

    /// Moves a CBC-MAC chain on by whole blocks: each is added to the state, which is then encrypted.
    pub(crate) fn advance(&self, state: &mut [u8; 16], blocks: &[[u8; 16]]) {
        let _ = self.proof;
        // SAFETY: `self.proof` exists only if the CPU has AES-NI and AVX2.
        *state = unsafe { advance(self, state, blocks) };
    }

    /// The key, from which kernels expand those of many lanes together.
    #[inline(always)]
    pub(super) fn first_round_key(&self) -> __m128i {
        load_words(&self.first)
    }

    /// The round keys.
    #[inline(always)]
    pub(super) fn round_keys(&self) -> [__m128i; 11] {
        let Self { first, later: [a, b, c, d, e, f, g, h, i, j], .. } = self;
        [first, a, b, c, d, e, f, g, h, i, j].map(load_words)
    }

    /// A block that leaves a chain at its start: zero goes on to zero.
    #[inline(always)]
    pub(crate) fn idle_block(&self) -> [u8; 16] {
        store(load_words(&self.idle))
    }

    /// The last block of a message that is not empty as the chain takes it: padded (RFC 4493 §2.4) and with the subkey added.
    /// `block` holds the `filled` bytes after the blocks before, 16 of them if the message ends with a whole block, then
    /// zeros.
    #[inline(always)]
    pub(crate) fn last_block(&self, block: [u8; 16], filled: usize) -> [u8; 16] {
        let ending = Ending::of(filled);
        sum([load(&block), load(&ending.padding), load_words(&self.subkeys[ending.subkey % 2])])
    }

    /// [`Self::last_block`] of a message that ends so, made of its last 16 bytes.
    #[inline(always)]
    pub(crate) fn last_block_of(&self, ending: &Ending, bytes: &[u8; 16]) -> [u8; 16] {
        let _ = self.proof;
        // SAFETY: `self.proof` exists only if the CPU has AES-NI and AVX2.
        unsafe { last_block_of(self, ending, bytes) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn last_block_of(key: &CmacKey, ending: &Ending, bytes: &[u8; 16]) -> [u8; 16] {
    let block = _mm_shuffle_epi8(load(bytes), load(&ending.shuffle));
    sum([block, load(&ending.padding), load_words(&key.subkeys[ending.subkey % 2])])
}

fn words(block: [u8; 16]) -> Block {
    let (words, _) = block.as_chunks();
    [0, 1].map(|word| words.get(word).copied().map_or(0, u64::from_ne_bytes))
}

/// What makes the last block of messages of one length of their last 16 bytes.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Ending {
    /// Moves so many bytes down, and zeros behind them.
    shuffle: [u8; 16],
    padding: [u8; 16],
    /// Which one is added.
    subkey: usize,
}

impl Ending {
    /// Of messages of so many bytes.
    // Where the padding begins is as hard to foretell as a message's length: no branch, but a table.
    #[inline(always)]
    pub(crate) fn of(message_bytes: usize) -> &'static Self {
        &ENDINGS[message_bytes % 16]
    }
}

/// By how many bytes stand in the last block; none if it is whole.
static ENDINGS: [Ending; 16] = {
    let mut endings = [const { Ending { shuffle: [0x80; 16], padding: [0; 16], subkey: 0 } }; 16];
    let mut filled = 0;
    while filled < 16 {
        let Ending { shuffle, padding, subkey } = &mut endings[filled];
        let bytes = if filled == 0 { 16 } else { filled };
        let mut at = 0;
        while at < bytes {
            shuffle[at] = (16 - bytes + at) as u8;
            at += 1;
        }
        if filled != 0 {
            padding[filled] = 0x80;
            *subkey = 1;
        }
        filled += 1;
    }
    endings
};

/// Multiplies by x in GF(2¹²⁸), the most significant bit first, without a branch on the secret.
const fn double(value: u128) -> u128 {
    (value << 1) ^ ((value >> 127) * 0x87)
}

// In the assembly all keys of the loop stay in registers and a block is one XOR with memory, aesenclast, nine aesenc.
#[target_feature(enable = "aes,avx2")]
fn tag(key: &CmacKey, segments: &[&[u8]]) -> [u8; 16] {
    let [first, middle @ .., last] = key.round_keys();
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
        None => load_words(&key.subkeys[0]),
        Some(first_of_padding) => {
            *first_of_padding = 0x80;
            load_words(&key.subkeys[1])
        }
    };
    state = _mm_aesenclast_si128(state, _mm_xor_si128(between, _mm_xor_si128(subkey, load(&block))));
    store(_mm_aesenclast_si128(middle_rounds(state, &middle), last))
}

#[target_feature(enable = "aes,avx2")]
fn advance(key: &CmacKey, state: &[u8; 16], blocks: &[[u8; 16]]) -> [u8; 16] {
    let [first, middle @ .., last] = key.round_keys();
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
