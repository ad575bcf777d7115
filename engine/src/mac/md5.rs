//! MD5(key‖message): SMB1 only, legacy (MS-CIFS 3.1.4.1).

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Tag;
use super::last_blocks::LastBlocks;
use crate::kernels::{Blocks, md5, total_bytes};

/// The state after the key's whole blocks, and the rest of the key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Md5Key {
    state: [u32; 4],
    rest: [u8; 64],
    key_bytes: usize,
}

impl Md5Key {
    pub(super) fn new(key: &[u8]) -> Self {
        let (blocks, remainder) = key.as_chunks();
        let mut state = md5::INITIAL;
        md5::compress(&mut state, blocks);
        let mut rest = [0; 64];
        for (to, from) in rest.iter_mut().zip(remainder) {
            *to = *from;
        }
        Self { state, rest, key_bytes: key.len() }
    }

    /// The tag of the concatenation of `segments`.
    #[must_use]
    pub fn tag(&self, segments: &[&[u8]]) -> Tag {
        let (rest, _) = self.rest.split_at(self.key_bytes % 64);
        let message_bytes = total_bytes(segments);
        let mut state = self.state;
        let mut blocks = Blocks::new(rest, segments, rest.len().saturating_add(message_bytes) / 64);
        while let Some(run) = blocks.next_run() {
            md5::compress(&mut state, run);
        }
        let bits = (self.key_bytes as u64).wrapping_add(message_bytes as u64).wrapping_mul(8);
        md5::compress(&mut state, LastBlocks::new(blocks.tail(), bits.to_le_bytes()).as_slice());

        let mut tag = [0; 16];
        for (bytes, word) in tag.as_chunks_mut().0.iter_mut().zip(state) {
            *bytes = word.to_le_bytes();
        }
        Tag::from_bytes(tag)
    }
}
