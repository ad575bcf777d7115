//! A message in pieces, seen as whole blocks.

use core::slice;

/// The blocks of `N` bytes in the concatenation of a message's segments.
///
/// A block that lies whole within a segment is read in place; one that lies across segments is put together in a
/// buffer. A prefix counts as one more segment before the others.
pub(crate) struct Blocks<'a, const N: usize> {
    rest: &'a [u8],
    segments: slice::Iter<'a, &'a [u8]>,
    whole: usize,
    straddling: [u8; N],
}

/// Bytes in all segments together.
#[inline(always)]
pub(crate) fn total_bytes(segments: &[&[u8]]) -> usize {
    segments.iter().fold(0, |sum, segment| sum.saturating_add(segment.len()))
}

impl<'a, const N: usize> Blocks<'a, N> {
    /// The first `whole` blocks of `prefix` and `segments`, which must be there; the rest is [`Self::tail`]'s.
    #[inline(always)]
    pub(crate) fn new(prefix: &'a [u8], segments: &'a [&'a [u8]], whole: usize) -> Self {
        Self { rest: prefix, segments: segments.iter(), whole, straddling: [0; N] }
    }

    /// Passes over the first bytes.
    pub(crate) fn skip(&mut self, mut bytes: usize) {
        loop {
            match self.rest.split_at_checked(bytes) {
                Some((_, rest)) => return self.rest = rest,
                None => bytes -= self.rest.len(),
            }
            self.rest = self.segments.next().copied().unwrap_or_default();
            if self.rest.is_empty() && self.segments.len() == 0 {
                return;
            }
        }
    }

    /// The next blocks that lie one after the other in memory, at least one; `None` after the last whole block.
    #[inline(always)]
    pub(crate) fn next_run(&mut self) -> Option<&[[u8; N]]> {
        if self.whole == 0 {
            return None;
        }
        while self.rest.is_empty() {
            self.rest = self.segments.next()?;
        }
        let (blocks, _) = self.rest.as_chunks::<N>();
        if blocks.is_empty() {
            return self.straddling_block().map(slice::from_ref);
        }
        let (run, _) = blocks.split_at(blocks.len().min(self.whole));
        let (_, rest) = self.rest.split_at(run.as_flattened().len());
        self.rest = rest;
        self.whole -= run.len();
        Some(run)
    }

    fn straddling_block(&mut self) -> Option<&[u8; N]> {
        if self.fill_straddling() < N {
            return None;
        }
        self.whole -= 1;
        Some(&self.straddling)
    }

    /// What follows the whole blocks: at most `N` bytes, then zeros, and how many bytes they are.
    #[inline(always)]
    pub(crate) fn tail(mut self) -> ([u8; N], usize) {
        self.straddling = [0; N];
        let filled = self.fill_straddling();
        (self.straddling, filled)
    }

    fn fill_straddling(&mut self) -> usize {
        let mut filled = 0;
        while filled < N {
            if self.rest.is_empty() {
                match self.segments.next() {
                    Some(segment) => self.rest = segment,
                    None => break,
                }
                continue;
            }
            let room = &mut self.straddling[filled..];
            let (taken, rest) = self.rest.split_at(room.len().min(self.rest.len()));
            room[..taken.len()].copy_from_slice(taken);
            filled += taken.len();
            self.rest = rest;
        }
        filled
    }
}
