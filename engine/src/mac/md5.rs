//! MD5(key‖message): SMB1 only, legacy (MS-CIFS 3.1.4.1).

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::chain::{Chain, Cut};
use super::last_blocks::{self, LastBlocks};
use super::{PreparedKey, Tag};
use crate::kernels::{Blocks, md5, total_bytes};
use crate::protocol::SigningAlgorithm;

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
        let length = self.bits(message_bytes).to_le_bytes();
        md5::compress(&mut state, LastBlocks::new(blocks.tail(), length).as_slice());
        <Self as Chain<64>>::tag(state)
    }

    /// The length field's value: key and message.
    const fn bits(&self, message_bytes: usize) -> u64 {
        (self.key_bytes as u64).wrapping_add(message_bytes as u64).wrapping_mul(8)
    }
}

impl Chain<64> for Md5Key {
    const ALGORITHM: SigningAlgorithm = SigningAlgorithm::Md5;

    type Key = ();
    type State = [u32; 4];

    #[inline(always)]
    fn of(key: &PreparedKey) -> Option<&Self> {
        if let PreparedKey::Md5(key) = key { Some(key) } else { None }
    }

    #[inline(always)]
    fn kernel_key(&self) -> &() {
        &()
    }

    #[inline(always)]
    fn start(&self) -> [u32; 4] {
        self.state
    }

    #[inline(always)]
    fn prefix(&self) -> &[u8] {
        self.rest.split_at(self.key_bytes % 64).0
    }

    #[inline(always)]
    fn cut(&self, message_bytes: usize) -> Cut {
        last_blocks::cut((self.key_bytes % 64).saturating_add(message_bytes))
    }

    #[inline(always)]
    fn pad(&self, message_bytes: usize, cut: Cut, last: &mut [[u8; 64]]) {
        last_blocks::pad(cut.tail, self.bits(message_bytes).to_le_bytes(), last);
    }

    #[inline(always)]
    fn idle_block(&self) -> Option<[u8; 64]> {
        None
    }

    #[inline(always)]
    fn outer(&self, _: [u32; 4]) -> Option<([u32; 4], [u8; 64])> {
        None
    }

    #[inline(always)]
    fn tag(end: [u32; 4]) -> Tag {
        let mut tag = [0; 16];
        for (bytes, word) in tag.as_chunks_mut().0.iter_mut().zip(end) {
            *bytes = word.to_le_bytes();
        }
        Tag::from_bytes(tag)
    }
}
