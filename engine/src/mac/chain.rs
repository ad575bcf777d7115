//! The algorithms whose messages are chains of blocks, as lanes take them: where a chain starts, what its last blocks are,
//! and what becomes of its end.

use super::{PreparedKey, Tag};
use crate::protocol::SigningAlgorithm;

/// A key whose messages a lane can carry: MD5, the hashes of HMAC-SHA256, the CBC-MAC of AES-CMAC. `N` is a block's length.
pub(crate) trait Chain<const N: usize>: Sized {
    /// What the chain makes tags of.
    const ALGORITHM: SigningAlgorithm;

    /// What the kernel takes along with a lane.
    type Key;
    /// What a block moves on.
    type State: Copy;

    /// This algorithm's key, if the session has one and its backend has lanes for it.
    fn of(key: &PreparedKey) -> Option<&Self>;

    /// What the kernel takes along with a lane.
    fn kernel_key(&self) -> &Self::Key;

    /// The state before the first block.
    fn start(&self) -> Self::State;

    /// Bytes of the key that stand before the message, fewer than a block.
    fn prefix(&self) -> &[u8];

    /// How a message of so many bytes is cut into blocks, the prefix counted in.
    fn cut(&self, message_bytes: usize) -> Cut;

    /// Makes the message's last blocks out of its tail: `cut.tail` bytes at the beginning of the first, zeros behind it.
    fn pad(&self, message_bytes: usize, cut: Cut, last: &mut [[u8; N]]);

    /// A block that leaves the state before the first block as it is, if there is one.
    fn idle_block(&self) -> Option<[u8; N]>;

    /// The one block that goes on from another state to the tag, for an algorithm whose tag is not its chain's end.
    fn outer(&self, end: Self::State) -> Option<(Self::State, [u8; N])>;

    /// The tag that the last state holds.
    fn tag(end: Self::State) -> Tag;
}

/// How a message is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Blocks that enter the chain as they stand in the message.
    pub(crate) whole: usize,
    /// Bytes of the message after them.
    pub(crate) tail: usize,
    /// Blocks that the tail becomes: one, or with a hash's padding two.
    pub(crate) last: usize,
}

impl Cut {
    /// All blocks of the chain.
    pub(crate) const fn blocks(self) -> usize {
        self.whole + self.last
    }
}
