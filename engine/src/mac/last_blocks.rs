//! The padding that MD5 (RFC 1321 §3.1–3.2) and SHA-256 (FIPS 180-4 §5.1.1) share.

use super::chain::Cut;

/// Bytes of the length field.
const LENGTH_BYTES: usize = 8;

/// A message's last one or two blocks: its tail, a one bit, zeros, and the length.
pub(super) struct LastBlocks {
    blocks: [[u8; 64]; 2],
    used: usize,
}

impl LastBlocks {
    /// From the tail after the whole blocks (`filled` bytes, fewer than 64, then zeros) and the encoded length in bits.
    #[inline]
    pub(super) fn new((tail, filled): ([u8; 64], usize), length: [u8; 8]) -> Self {
        let used = if filled < 64 - length.len() { 1 } else { 2 };
        let mut blocks = [tail, [0; 64]];
        if let Some(end) = blocks.as_flattened_mut().get_mut(filled) {
            *end = 0x80;
        }
        let [first, second] = &mut blocks;
        let last = if used == 1 { first } else { second };
        if let Some(field) = last.last_chunk_mut() {
            *field = length;
        }
        Self { blocks, used }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[[u8; 64]] {
        self.blocks.split_at(self.used).0
    }
}

/// How a hash cuts so many bytes: the length field must fit behind the tail and a one bit.
#[inline]
pub(super) const fn cut(bytes: usize) -> Cut {
    let tail = bytes % 64;
    Cut { whole: bytes / 64, tail, last: if tail < 64 - LENGTH_BYTES { 1 } else { 2 } }
}

/// Pads in place: a one bit behind the tail, and the encoded length in bits at the end.
#[inline]
pub(super) fn pad(tail: usize, length: [u8; LENGTH_BYTES], last: &mut [[u8; 64]]) {
    if let Some(end) = last.as_flattened_mut().get_mut(tail) {
        *end = 0x80;
    }
    if let Some(field) = last.as_flattened_mut().last_chunk_mut() {
        *field = length;
    }
}
