//! The SMB1 header (MS-CIFS 2.2.3.1).

use std::fmt;

use super::command::command_codes;
use super::framing::Protocol;
use super::{MalformedMessage, SecuritySignature, Sender};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 32;

/// Where Flags2 lies, for whoever sets SMB_FLAGS2_SMB_SECURITY_SIGNATURE.
pub const FLAGS2_FIELD: std::ops::Range<usize> = 10..12;

/// Where UID lies, for whoever numbers messages that are otherwise complete.
pub const UID_FIELD: std::ops::Range<usize> = 28..30;

/// Where MID lies.
pub const MID_FIELD: std::ops::Range<usize> = 30..32;

/// What Samba's ends put into the signature field before a key exists (rule 30).
pub const BEFORE_SIGNING: SecuritySignature = SecuritySignature::from_bytes(*b"BSRSPYL ");

/// The MID of a server's own oplock break (rule 34; MS-CIFS 3.3.4.2).
pub const UNSOLICITED_MID: u16 = 0xffff;

/// A command code (MS-CIFS 2.2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(pub u8);

command_codes! {
    Command:
    /// The command's short name; `None` for codes that traffic of the last twenty years hardly shows.
    {
        MKDIR = 0x00, RMDIR = 0x01, OPEN = 0x02, CREATE = 0x03, CLOSE = 0x04, FLUSH = 0x05, UNLINK = 0x06,
        RENAME = 0x07, GETATR = 0x08, SETATR = 0x09, READ = 0x0a, WRITE = 0x0b, CHECKPATH = 0x10,
        LOCKING_ANDX = 0x24, TRANSACTION = 0x25, TRANSACTION_SECONDARY = 0x26, ECHO = 0x2b, OPEN_ANDX = 0x2d,
        READ_ANDX = 0x2e, WRITE_ANDX = 0x2f, TRANSACTION2 = 0x32, TRANSACTION2_SECONDARY = 0x33, FIND_CLOSE2 = 0x34,
        TREE_DISCONNECT = 0x71, NEGOTIATE = 0x72, SESSION_SETUP_ANDX = 0x73, LOGOFF_ANDX = 0x74,
        TREE_CONNECT_ANDX = 0x75, NT_TRANSACT = 0xa0, NT_TRANSACT_SECONDARY = 0xa1, NT_CREATE_ANDX = 0xa2,
        NT_CANCEL = 0xa4, NT_RENAME = 0xa5,
    }
}

/// A header, read in place from the 32 bytes that open a message.
#[derive(Clone, Copy)]
pub struct Header<'a>(&'a [u8; HEADER_BYTES]);

impl<'a> Header<'a> {
    const REPLY: u8 = 0x80;
    /// SMB_FLAGS2_SMB_SECURITY_SIGNATURE.
    pub const SIGNED: u16 = 0x0004;

    /// Reads the header that opens `message`.
    ///
    /// # Errors
    /// [`MalformedMessage`] when fewer than 32 bytes are there or the protocol id is not `FF 'SMB'`.
    pub fn parse(message: &'a [u8]) -> Result<Self, MalformedMessage> {
        if Protocol::of(message)? != Protocol::Smb1 {
            let mut id = [0; 4];
            id.copy_from_slice(&message[..4]);
            return Err(MalformedMessage::ProtocolId(id));
        }
        message.first_chunk().map(Self).ok_or(MalformedMessage::TooShort {
            structure: "SMB1 header",
            needed: HEADER_BYTES,
            found: message.len(),
        })
    }

    /// The command; further ones of an AndX chain stand in the body, under the same signature (rule 28).
    #[must_use]
    pub const fn command(self) -> Command {
        Command(self.0[4])
    }

    /// NTSTATUS of a response.
    #[must_use]
    pub const fn status(self) -> u32 {
        u32::from_le_bytes([self.0[5], self.0[6], self.0[7], self.0[8]])
    }

    /// Flags.
    #[must_use]
    pub const fn flags(self) -> u8 {
        self.0[9]
    }

    /// Flags2.
    #[must_use]
    pub const fn flags2(self) -> u16 {
        self.u16_at::<10>()
    }

    /// The signature field as received.
    #[must_use]
    pub const fn signature(self) -> SecuritySignature {
        let (_, field) = self.0.split_at(SecuritySignature::FIELD.start);
        match field.first_chunk() {
            Some(bytes) => SecuritySignature::from_bytes(*bytes),
            None => unreachable!(),
        }
    }

    /// UID: the session on its connection.
    #[must_use]
    pub const fn uid(self) -> u16 {
        self.u16_at::<28>()
    }

    /// MID: matches a response with its request.
    #[must_use]
    pub const fn mid(self) -> u16 {
        self.u16_at::<30>()
    }

    /// Which end sent the message, by SMB_FLAGS_REPLY.
    #[must_use]
    pub const fn sender(self) -> Sender {
        if self.flags() & Self::REPLY != 0 { Sender::Server } else { Sender::Client }
    }

    /// Whether Flags2 says that the message is signed, which before the key exists is no proof (rule 30).
    #[must_use]
    pub const fn is_signed(self) -> bool {
        self.flags2() & Self::SIGNED != 0
    }

    const fn u16_at<const AT: usize>(self) -> u16 {
        u16::from_le_bytes([self.0[AT], self.0[AT + 1]])
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} flags2 {:04x} uid {} mid {}", self.command(), self.flags2(), self.uid(), self.mid())
    }
}

/// The fields of a header that a sender chooses; the signature field stays zero until the message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderFields {
    /// The command.
    pub command: Command,
    /// NTSTATUS of a response.
    pub status: u32,
    /// Flags; 0x80 marks a reply.
    pub flags: u8,
    /// Flags2.
    pub flags2: u16,
    /// TID.
    pub tid: u16,
    /// PIDLow.
    pub pid: u16,
    /// UID.
    pub uid: u16,
    /// MID.
    pub mid: u16,
}

impl HeaderFields {
    /// The header's 32 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, b"\xffSMB");
        put(4, &[self.command.0]);
        put(5, &self.status.to_le_bytes());
        put(9, &[self.flags]);
        put(10, &self.flags2.to_le_bytes());
        put(24, &self.tid.to_le_bytes());
        put(26, &self.pid.to_le_bytes());
        put(28, &self.uid.to_le_bytes());
        put(30, &self.mid.to_le_bytes());
        bytes
    }
}
