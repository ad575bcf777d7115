//! SESSION_SETUP: where its tokens lie, and what says binding, guest or success.
//!
//! MS-SMB2 2.2.5, 2.2.6; MS-SMB 2.2.4.6; MS-CIFS 2.2.4.53. The tokens themselves (SPNEGO, NTLMSSP, Kerberos) are
//! left to whoever authenticates.

use super::reader::Reader;
use super::{MalformedMessage, smb1, smb2};

/// An SMB2 SESSION_SETUP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Whether the request binds this connection to a session of another one (rule 19).
    pub binding: bool,
    /// The security token.
    pub token: &'a [u8],
}

impl<'a> Request<'a> {
    const SESSION_FLAG_BINDING: u8 = 1;

    /// Reads a whole message, header included.
    ///
    /// # Errors
    /// [`MalformedMessage`] when the fixed part or the token reaches beyond the message.
    pub fn parse(message: &'a [u8]) -> Result<Self, MalformedMessage> {
        let reader = Reader::new("SMB2 SESSION_SETUP request", message);
        Ok(Self {
            binding: reader.u8(smb2::HEADER_BYTES + 2)? & Self::SESSION_FLAG_BINDING != 0,
            token: reader.slice(reader.u16(76)?.into(), reader.u16(78)?.into())?,
        })
    }
}

/// An SMB2 SESSION_SETUP response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// SessionFlags.
    pub session_flags: u16,
    /// The security token.
    pub token: &'a [u8],
}

impl<'a> Response<'a> {
    const IS_GUEST: u16 = 1;
    const IS_NULL: u16 = 2;
    const ENCRYPT_DATA: u16 = 4;

    /// Reads a whole message, header included.
    ///
    /// # Errors
    /// [`MalformedMessage`] when the fixed part or the token reaches beyond the message, as in error responses.
    pub fn parse(message: &'a [u8]) -> Result<Self, MalformedMessage> {
        let reader = Reader::new("SMB2 SESSION_SETUP response", message);
        Ok(Self {
            session_flags: reader.u16(smb2::HEADER_BYTES + 2)?,
            token: reader.slice(reader.u16(68)?.into(), reader.u16(70)?.into())?,
        })
    }

    /// A guest or anonymous session: it has no key, and nothing of it is signed (rule 21).
    #[must_use]
    pub const fn is_guest_or_anonymous(&self) -> bool {
        self.session_flags & (Self::IS_GUEST | Self::IS_NULL) != 0
    }

    /// Whether the server wants all further messages encrypted (rule 27).
    #[must_use]
    pub const fn encrypts(&self) -> bool {
        self.session_flags & Self::ENCRYPT_DATA != 0
    }
}

/// An SMB1 SESSION_SETUP_ANDX request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Smb1Request<'a> {
    /// With extended security: a token, to which the MAC key appends nothing (rule 29).
    Extended {
        /// The security token.
        token: &'a [u8],
    },
    /// Without: the bare challenge responses, of which the MAC key appends the NT one (rule 29).
    Responses {
        /// OEMPassword: the LM response.
        lm: &'a [u8],
        /// UnicodePassword: the NT response.
        nt: &'a [u8],
        /// Everything behind the responses: padding, then account and domain name.
        names: &'a [u8],
        /// Whether the names are UTF-16.
        unicode: bool,
    },
}

impl<'a> Smb1Request<'a> {
    const FLAGS2_UNICODE: u16 = 0x8000;

    /// Reads a whole message, header included.
    ///
    /// # Errors
    /// [`MalformedMessage`] when a part reaches beyond the message or WordCount is neither 12 nor 13.
    pub fn parse(message: &'a [u8]) -> Result<Self, MalformedMessage> {
        let unicode = smb1::Header::parse(message)?.flags2() & Self::FLAGS2_UNICODE != 0;
        let reader = Reader::new("SESSION_SETUP_ANDX request", message);
        match reader.u8(smb1::HEADER_BYTES)? {
            12 => Ok(Self::Extended { token: reader.slice(59, reader.u16(47)?.into())? }),
            13 => {
                let (lm_bytes, nt_bytes) = (usize::from(reader.u16(47)?), usize::from(reader.u16(49)?));
                let end = 61_usize.saturating_add(reader.u16(59)?.into()).min(message.len());
                let nt_start = 61 + lm_bytes;
                // Unicode names start at an even offset of the message.
                let names = (nt_start + nt_bytes).next_multiple_of(if unicode { 2 } else { 1 });
                Ok(Self::Responses {
                    lm: reader.slice(61, lm_bytes)?,
                    nt: reader.slice(nt_start, nt_bytes)?,
                    names: reader.slice(names, end.saturating_sub(names))?,
                    unicode,
                })
            }
            other => {
                Err(MalformedMessage::Field { field: "SESSION_SETUP WordCount", value: u64::from(other) })
            }
        }
    }
}

/// An SMB1 SESSION_SETUP_ANDX response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Smb1Response<'a> {
    /// Whether the user was logged on as guest, without a key (Action bit 0).
    pub guest: bool,
    /// The security token; empty without extended security.
    pub token: &'a [u8],
}

impl<'a> Smb1Response<'a> {
    const SMB_SETUP_GUEST: u16 = 1;

    /// Reads a whole message, header included.
    ///
    /// # Errors
    /// [`MalformedMessage`] when a part reaches beyond the message or WordCount is neither 3 nor 4, as in error
    /// responses.
    pub fn parse(message: &'a [u8]) -> Result<Self, MalformedMessage> {
        let reader = Reader::new("SESSION_SETUP_ANDX response", message);
        let words = reader.u8(smb1::HEADER_BYTES)?;
        let token = match words {
            3 => &[],
            4 => reader.slice(43, reader.u16(39)?.into())?,
            other => {
                return Err(MalformedMessage::Field {
                    field: "SESSION_SETUP WordCount",
                    value: u64::from(other),
                });
            }
        };
        Ok(Self { guest: reader.u16(37)? & Self::SMB_SETUP_GUEST != 0, token })
    }
}
