//! The messages of a set, each in memory of its own: what goes to another thread must be owned.

use std::iter;

use smbsign_engine::offload::Parcel;

/// One message of the set, and its place there.
#[derive(Debug)]
pub(super) struct Letter {
    room: Box<[u8]>,
    start: usize,
    length: usize,
    pub(super) place: usize,
}

const CACHE_LINE: usize = 64;
/// Messages of this length come from the system's own pages, all at one offset; in lanes they would share a set of the cache.
const OWN_PAGES: usize = 64 << 10;

impl Letter {
    /// A copy that begins at a cache line.
    pub(super) fn new(message: &[u8], place: usize) -> Self {
        let skew = if message.len() < OWN_PAGES { 0 } else { place % 32 * CACHE_LINE };
        let mut room = vec![0; message.len() + skew + CACHE_LINE].into_boxed_slice();
        // An offset that cannot be told is as good as none.
        let start = skew + room.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE);
        room[start..start + message.len()].copy_from_slice(message);
        Self { room, start, length: message.len(), place }
    }

    pub(super) fn content(&self) -> &[u8] {
        &self.room[self.start..self.start + self.length]
    }

    #[inline]
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.room[self.start..self.start + self.length]
    }
}

impl Parcel for Letter {
    #[inline]
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (self.bytes(), iter::empty())
    }
}
