//! MD5's compression function (RFC 1321 §3.4).

/// The initial state of RFC 1321 §3.3.
pub(crate) const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// Advances the state by whole blocks.
#[inline]
pub(crate) fn compress(state: &mut [u32; 4], blocks: &[[u8; 64]]) {
    md5::block_api::compress(state, blocks);
}
