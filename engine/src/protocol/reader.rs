//! Little-endian reads at fixed offsets, with a typed answer where the bytes end.

use super::MalformedMessage;

/// A structure's bytes together with its name, so that every failed read says what was too short.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    structure: &'static str,
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(structure: &'static str, bytes: &'a [u8]) -> Self {
        Self { structure, bytes }
    }

    /// `length` bytes from `offset` on.
    pub(super) fn slice(&self, offset: usize, length: usize) -> Result<&'a [u8], MalformedMessage> {
        let end = offset.saturating_add(length);
        self.bytes.get(offset..end).ok_or(MalformedMessage::TooShort {
            structure: self.structure,
            needed: end,
            found: self.bytes.len(),
        })
    }

    pub(super) fn array<const N: usize>(&self, offset: usize) -> Result<[u8; N], MalformedMessage> {
        let mut array = [0; N];
        array.copy_from_slice(self.slice(offset, N)?);
        Ok(array)
    }

    pub(super) fn u8(&self, offset: usize) -> Result<u8, MalformedMessage> {
        Ok(self.array::<1>(offset)?[0])
    }

    pub(super) fn u16(&self, offset: usize) -> Result<u16, MalformedMessage> {
        self.array(offset).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&self, offset: usize) -> Result<u32, MalformedMessage> {
        self.array(offset).map(u32::from_le_bytes)
    }
}
