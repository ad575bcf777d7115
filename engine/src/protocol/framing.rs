//! Direct-TCP framing (MS-SMB2 2.1, MS-SMB 2.1) and the protocol identifiers that follow it.
//!
//! Port 445 puts a zero byte and a 24-bit big-endian length before each message or compound chain; port 139 puts the
//! NetBIOS session header of RFC 1002 4.3.1 there, whose session messages look the same. No signature ever covers
//! these four bytes (rule 1).

use super::MalformedMessage;

/// Bytes of the framing header.
pub const HEADER_BYTES: usize = 4;

/// The largest message the 24-bit length can announce.
pub const MAX_MESSAGE_BYTES: usize = 0x00ff_ffff;

/// What a framing header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// A message or compound chain of this many bytes.
    Message(usize),
    /// A NetBIOS session packet (request, response, retarget, keep-alive) of this many bytes: port 139 only.
    SessionService(usize),
}

/// Reads a framing header.
///
/// # Errors
/// [`MalformedMessage::Field`] when the type byte is neither 0 nor one of RFC 1002's session packets.
pub fn parse_header(header: [u8; HEADER_BYTES]) -> Result<Announced, MalformedMessage> {
    let [kind, high, middle, low] = header;
    let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    match kind {
        0x00 => Ok(Announced::Message(length)),
        0x81..=0x85 => Ok(Announced::SessionService(length)),
        other => Err(MalformedMessage::Field { field: "StreamProtocolLength.Zero", value: u64::from(other) }),
    }
}

/// The framing header of a message of `length` bytes.
///
/// # Errors
/// [`MalformedMessage::Field`] above [`MAX_MESSAGE_BYTES`].
pub fn header(length: usize) -> Result<[u8; HEADER_BYTES], MalformedMessage> {
    match u32::try_from(length) {
        Ok(length) if length <= 0x00ff_ffff => Ok(length.to_be_bytes()),
        _ => Err(MalformedMessage::Field { field: "StreamProtocolLength", value: length as u64 }),
    }
}

/// What a frame holds, by its first four bytes (rule 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `FF 'SMB'`: one SMB1 message, AndX chains included.
    Smb1,
    /// `FE 'SMB'`: one SMB2 or 3 message, or a compound chain.
    Smb2,
    /// `FD 'SMB'`: an encrypted message, MS-SMB2 2.2.41.
    Transform,
    /// `FC 'SMB'`: a compressed message, MS-SMB2 2.2.42.
    Compression,
}

impl Protocol {
    /// Which protocol a frame belongs to.
    ///
    /// # Errors
    /// [`MalformedMessage`] for fewer than four bytes or an unknown identifier.
    #[inline]
    pub fn of(frame: &[u8]) -> Result<Self, MalformedMessage> {
        const SMB1: u32 = u32::from_le_bytes(*b"\xffSMB");
        const SMB2: u32 = u32::from_le_bytes(*b"\xfeSMB");
        const TRANSFORM: u32 = u32::from_le_bytes(*b"\xfdSMB");
        const COMPRESSION: u32 = u32::from_le_bytes(*b"\xfcSMB");
        match frame.first_chunk().copied().map(u32::from_le_bytes) {
            Some(SMB1) => Ok(Self::Smb1),
            Some(SMB2) => Ok(Self::Smb2),
            Some(TRANSFORM) => Ok(Self::Transform),
            Some(COMPRESSION) => Ok(Self::Compression),
            Some(other) => Err(MalformedMessage::ProtocolId(other.to_le_bytes())),
            None => Err(MalformedMessage::TooShort {
                structure: "protocol identifier",
                needed: 4,
                found: frame.len(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_announces_the_length_it_was_made_for() {
        for length in [0, 1, 64, 0xffff, 0x1_0000, MAX_MESSAGE_BYTES] {
            assert_eq!(parse_header(header(length).unwrap()), Ok(Announced::Message(length)));
        }
        assert!(header(MAX_MESSAGE_BYTES + 1).is_err());
    }

    #[test]
    fn netbios_session_packets_are_told_from_messages_and_from_garbage() {
        assert_eq!(parse_header([0x85, 0, 0, 0]), Ok(Announced::SessionService(0)));
        assert!(parse_header(*b"HTTP").is_err());
    }

    #[test]
    fn frames_are_told_apart_by_their_first_four_bytes() {
        assert_eq!(Protocol::of(b"\xfdSMBrest"), Ok(Protocol::Transform));
        assert_eq!(Protocol::of(b"\xfbSMB"), Err(MalformedMessage::ProtocolId(*b"\xfbSMB")));
        assert!(Protocol::of(b"\xfeSM").is_err());
    }
}
