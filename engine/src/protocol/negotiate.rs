//! What NEGOTIATE settles: dialect, signing algorithm, cipher (MS-SMB2 2.2.3, 2.2.4; MS-CIFS 2.2.4.52).

use super::framing::Protocol;
use super::reader::Reader;
use super::{Cipher, Dialect, MalformedMessage, SigningAlgorithm, smb1, smb2};

/// An SMB2 NEGOTIATE response, as far as signing and encryption depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NegotiateResponse {
    /// DialectRevision. 0x02FF is the answer to an SMB1 NEGOTIATE and announces a second round (rule 3).
    pub revision: u16,
    /// SecurityMode: 1 signing enabled, 2 required.
    pub security_mode: u16,
    /// The algorithm chosen in SIGNING_CAPABILITIES, if that context came along (rule 10).
    pub signing_algorithm: Option<SigningAlgorithm>,
    /// The cipher chosen in ENCRYPTION_CAPABILITIES, if that context came along and agreed on one.
    pub cipher: Option<Cipher>,
    /// Whether messages may come compressed: COMPRESSION_CAPABILITIES came along and agreed on an algorithm.
    pub compression: bool,
}

impl NegotiateResponse {
    /// The DialectRevision that announces another NEGOTIATE.
    pub const WILDCARD: u16 = 0x02ff;

    const SMB2_ENCRYPTION_CAPABILITIES: u16 = 2;
    const SMB2_COMPRESSION_CAPABILITIES: u16 = 3;
    const SMB2_SIGNING_CAPABILITIES: u16 = 8;
    const CONTEXT_HEADER_BYTES: usize = 8;

    /// Reads a whole message, header included.
    ///
    /// # Errors
    /// [`MalformedMessage`] when a fixed part or a context reaches beyond the message, or a context chooses an
    /// unknown signing algorithm.
    pub fn parse(message: &[u8]) -> Result<Self, MalformedMessage> {
        let reader = Reader::new("SMB2 NEGOTIATE response", message);
        reader.slice(smb2::HEADER_BYTES, 64)?;
        let mut response = Self {
            revision: reader.u16(68)?,
            security_mode: reader.u16(66)?,
            signing_algorithm: None,
            cipher: None,
            compression: false,
        };
        if Dialect::from_revision(response.revision) == Some(Dialect::Smb311) {
            response.read_contexts(reader)?;
        }
        Ok(response)
    }

    fn read_contexts(&mut self, reader: Reader<'_>) -> Result<(), MalformedMessage> {
        let count = reader.u16(70)?;
        let mut at = reader.u32(124)? as usize;
        for _ in 0..count {
            let kind = reader.u16(at)?;
            let length = usize::from(reader.u16(at.saturating_add(2))?);
            let start = at.saturating_add(Self::CONTEXT_HEADER_BYTES);
            let data = Reader::new("negotiate context", reader.slice(start, length)?);
            // A response's context holds a count of 1 and the one value chosen.
            match kind {
                Self::SMB2_ENCRYPTION_CAPABILITIES => self.cipher = Cipher::from_id(data.u16(2)?),
                // Count, padding, four bytes of flags, then the algorithms; none may be left.
                Self::SMB2_COMPRESSION_CAPABILITIES => self.compression = data.u16(8).is_ok_and(|id| id != 0),
                Self::SMB2_SIGNING_CAPABILITIES => {
                    let id = data.u16(2)?;
                    let field = "SigningAlgorithms";
                    self.signing_algorithm = Some(
                        SigningAlgorithm::from_id(id)
                            .ok_or(MalformedMessage::Field { field, value: u64::from(id) })?,
                    );
                }
                _ => {}
            }
            at = start.saturating_add(length.next_multiple_of(8));
        }
        Ok(())
    }

    /// The dialect agreed on; `None` for the wildcard and for revisions this crate does not know.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        Dialect::from_revision(self.revision)
    }

    /// What signs on this connection: the dialect's own algorithm unless 3.1.1 negotiated another.
    #[must_use]
    pub fn signing(&self) -> Option<SigningAlgorithm> {
        Some(self.signing_algorithm.unwrap_or(self.dialect()?.default_signing_algorithm()))
    }

    /// What encrypts on this connection: always AES-128-CCM in 3.0 and 3.0.2, by context in 3.1.1 (rule 26).
    #[must_use]
    pub fn encryption(&self) -> Option<Cipher> {
        match self.dialect()? {
            Dialect::Smb300 | Dialect::Smb302 => Some(Cipher::Aes128Ccm),
            _ => self.cipher,
        }
    }
}

/// An SMB1 NEGOTIATE response of NT LM 0.12, as far as signing depends on it (MS-CIFS 2.2.4.52.2, MS-SMB 2.2.4.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Smb1NegotiateResponse {
    /// SecurityMode: 4 signing enabled, 8 required.
    pub security_mode: u8,
    /// The server's challenge; `None` with extended security, where NTLMSSP carries it.
    pub challenge: Option<[u8; 8]>,
}

impl Smb1NegotiateResponse {
    const CAP_EXTENDED_SECURITY: u32 = 0x8000_0000;

    /// Reads a whole message, header included.
    ///
    /// # Errors
    /// [`MalformedMessage`] when it is too short or answers with an older dialect, which has no signatures.
    pub fn parse(message: &[u8]) -> Result<Self, MalformedMessage> {
        let reader = Reader::new("SMB1 NEGOTIATE response", message);
        if Protocol::of(message)? != Protocol::Smb1 {
            return Err(MalformedMessage::ProtocolId(reader.array(0)?));
        }
        let words = reader.u8(smb1::HEADER_BYTES)?;
        if words != 17 {
            return Err(MalformedMessage::Field { field: "NEGOTIATE WordCount", value: u64::from(words) });
        }
        let extended = reader.u32(52)? & Self::CAP_EXTENDED_SECURITY != 0;
        let challenge = if extended || reader.u8(66)? != 8 { None } else { Some(reader.array(69)?) };
        Ok(Self { security_mode: reader.u8(35)?, challenge })
    }
}
