//! The SMB 3 transform header, which stands before an encrypted message (MS-SMB2 2.2.41; rule 26).

use super::framing::Protocol;
use super::smb2::SessionId;
use super::{MalformedMessage, Signature, reader::Reader};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 52;

/// Where the additional authenticated data begins: everything behind the signature.
const AAD_START: usize = 20;

/// A transform header.
///
/// The signature is the cipher's 16-byte tag. Of the 16 nonce bytes GCM uses the first 12 and CCM the first 11, the
/// rest is zero. The plaintext is a whole compound chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransformHeader {
    /// The tag.
    pub signature: Signature,
    /// The nonce field.
    pub nonce: [u8; 16],
    /// OriginalMessageSize: bytes of plaintext.
    pub original_message_size: u32,
    /// Reserved; whatever a sender left there is authenticated all the same.
    pub reserved: u16,
    /// Flags under 3.1.1, EncryptionAlgorithm before; 1 in both means encrypted.
    pub flags: u16,
    /// The session whose key encrypts.
    pub session_id: SessionId,
}

impl TransformHeader {
    /// Flags: the message is encrypted.
    pub const ENCRYPTED: u16 = 1;

    /// Splits a frame into its transform header and the ciphertext behind it.
    ///
    /// # Errors
    /// [`MalformedMessage`] when fewer than 52 bytes are there, the protocol id is not `FD 'SMB'`, the flags do not
    /// say encrypted, or OriginalMessageSize is not the length of what follows.
    pub fn parse(frame: &[u8]) -> Result<(Self, &[u8]), MalformedMessage> {
        let reader = Reader::new("SMB2 TRANSFORM_HEADER", frame);
        if Protocol::of(frame)? != Protocol::Transform {
            return Err(MalformedMessage::ProtocolId(reader.array(0)?));
        }
        let (_, ciphertext) = frame.split_at(reader.slice(0, HEADER_BYTES)?.len());
        let header = Self {
            signature: Signature::from_bytes(reader.array(4)?),
            nonce: reader.array(20)?,
            original_message_size: reader.u32(36)?,
            reserved: reader.u16(40)?,
            flags: reader.u16(42)?,
            session_id: SessionId(u64::from_le_bytes(reader.array(44)?)),
        };
        if header.flags != Self::ENCRYPTED {
            return Err(MalformedMessage::Field { field: "transform Flags", value: u64::from(header.flags) });
        }
        if header.original_message_size as usize != ciphertext.len() {
            let value = u64::from(header.original_message_size);
            return Err(MalformedMessage::Field { field: "OriginalMessageSize", value });
        }
        Ok((header, ciphertext))
    }

    /// The header's 52 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(b"\xfdSMB");
        bytes[4..20].copy_from_slice(self.signature.as_bytes());
        bytes[AAD_START..].copy_from_slice(&self.aad());
        bytes
    }

    /// The additional authenticated data: bytes 20 to 51 of the header.
    #[must_use]
    pub fn aad(&self) -> [u8; HEADER_BYTES - AAD_START] {
        let mut bytes = [0; HEADER_BYTES - AAD_START];
        bytes[..16].copy_from_slice(&self.nonce);
        bytes[16..20].copy_from_slice(&self.original_message_size.to_le_bytes());
        bytes[20..22].copy_from_slice(&self.reserved.to_le_bytes());
        bytes[22..24].copy_from_slice(&self.flags.to_le_bytes());
        bytes[24..].copy_from_slice(&self.session_id.0.to_le_bytes());
        bytes
    }
}
