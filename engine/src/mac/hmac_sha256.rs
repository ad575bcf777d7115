//! HMAC-SHA256 with a key of 16 bytes (RFC 2104), cut to 16 bytes (MS-SMB2 3.1.4.1).

use sha2::block_api::compress256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::chain::{Chain, Cut};
use super::last_blocks::{self, LastBlocks};
use super::{PreparedKey, Tag};
use crate::kernels::{Blocks, cpu, total_bytes};
use crate::protocol::SigningAlgorithm;

/// The initial hash value of FIPS 180-4 §5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// SHA-256's states after the inner and the outer padded key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HmacSha256Key {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl HmacSha256Key {
    pub(super) fn new(key: &[u8; 16]) -> Self {
        Self { inner: midstate(key, 0x36), outer: midstate(key, 0x5c) }
    }

    /// The crate looks for SHA-NI itself.
    pub(super) fn implementation() -> &'static str {
        if cpu::features().contains(&"sha") { "sha2 0.11 (sha-ni)" } else { "sha2 0.11" }
    }

    /// The tag of the concatenation of `segments`.
    #[must_use]
    pub fn tag(&self, segments: &[&[u8]]) -> Tag {
        let message_bytes = total_bytes(segments);
        let mut inner = self.inner;
        let mut blocks = Blocks::new(&[], segments, message_bytes / 64);
        while let Some(run) = blocks.next_run() {
            compress256(&mut inner, run);
        }
        compress256(&mut inner, LastBlocks::new(blocks.tail(), bits_after_key(message_bytes)).as_slice());
        let (mut outer, block) = self.outer_block(inner);
        compress256(&mut outer, core::slice::from_ref(&block));
        <Self as Chain<64>>::tag(outer)
    }

    /// The outer hash: its state after the key, and the one block that the inner hash makes.
    #[inline(always)]
    fn outer_block(&self, inner: [u32; 8]) -> ([u32; 8], [u8; 64]) {
        let mut block = [0; 64];
        for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(inner) {
            *bytes = word.to_be_bytes();
        }
        last_blocks::pad(32, bits_after_key(32), core::slice::from_mut(&mut block));
        (self.outer, block)
    }
}

impl Chain<64> for HmacSha256Key {
    const ALGORITHM: SigningAlgorithm = SigningAlgorithm::HmacSha256;

    type Key = ();
    type State = [u32; 8];

    #[inline(always)]
    fn of(key: &PreparedKey) -> Option<&Self> {
        if let PreparedKey::HmacSha256(key) = key { Some(key) } else { None }
    }

    #[inline(always)]
    fn kernel_key(&self) -> &() {
        &()
    }

    #[inline(always)]
    fn start(&self) -> [u32; 8] {
        self.inner
    }

    #[inline(always)]
    fn prefix(&self) -> &[u8] {
        &[]
    }

    #[inline(always)]
    fn cut(&self, message_bytes: usize) -> Cut {
        last_blocks::cut(message_bytes)
    }

    #[inline(always)]
    fn pad(&self, message_bytes: usize, cut: Cut, last: &mut [[u8; 64]]) {
        last_blocks::pad(cut.tail, bits_after_key(message_bytes), last);
    }

    #[inline(always)]
    fn idle_block(&self) -> Option<[u8; 64]> {
        None
    }

    #[inline(always)]
    fn outer(&self, end: [u32; 8]) -> Option<([u32; 8], [u8; 64])> {
        Some(self.outer_block(end))
    }

    #[inline(always)]
    fn tag(end: [u32; 8]) -> Tag {
        let mut tag = [0; 16];
        for (bytes, word) in tag.as_chunks_mut().0.iter_mut().zip(end) {
            *bytes = word.to_be_bytes();
        }
        Tag::from_bytes(tag)
    }
}

fn midstate(key: &[u8; 16], pad: u8) -> [u32; 8] {
    let mut block = Zeroizing::new([pad; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to ^= from;
    }
    let mut state = INITIAL;
    compress256(&mut state, core::slice::from_ref(&*block));
    state
}

/// The length field of a message that follows the padded key's block.
const fn bits_after_key(bytes: usize) -> [u8; 8] {
    (bytes as u64).wrapping_add(64).wrapping_mul(8).to_be_bytes()
}
