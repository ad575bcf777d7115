//! The SMB2 header and compound chains (MS-SMB2 2.2.1, 3.2.4.1.4).

use std::fmt;

use super::command::command_codes;
use super::framing::Protocol;
use super::{MalformedMessage, Sender, Signature};

/// Bytes of the header, sync or async.
pub const HEADER_BYTES: usize = 64;

/// MessageId: counts the requests of a connection; a response carries its request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl MessageId {
    /// What a notification carries that answers no request (rule 21; MS-SMB2 3.3.4.6).
    pub const UNSOLICITED: Self = Self(u64::MAX);
}

/// SessionId: which session, and so which key, a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl SessionId {
    /// Before a session exists.
    pub const NONE: Self = Self(0);
    /// In a related compound: the session of the previous message in the chain (rule 6).
    pub const RELATED: Self = Self(u64::MAX);
}

/// A command code (MS-SMB2 2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(pub u16);

command_codes! {
    Command:
    /// The name in MS-SMB2 2.2.1, without its `SMB2` prefix; `None` for a code that has none.
    {
        NEGOTIATE = 0, SESSION_SETUP = 1, LOGOFF = 2, TREE_CONNECT = 3, TREE_DISCONNECT = 4, CREATE = 5, CLOSE = 6,
        FLUSH = 7, READ = 8, WRITE = 9, LOCK = 10, IOCTL = 11, CANCEL = 12, ECHO = 13, QUERY_DIRECTORY = 14,
        CHANGE_NOTIFY = 15, QUERY_INFO = 16, SET_INFO = 17, OPLOCK_BREAK = 18,
    }
}

/// The Flags field. Priority and other bits come along with SIGNED: test the bit, never the value (rule 7).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    /// Sent by the server.
    pub const SERVER_TO_REDIR: Self = Self(0x1);
    /// The header carries an AsyncId in place of ProcessId and TreeId.
    pub const ASYNC_COMMAND: Self = Self(0x2);
    /// A related message of a compound chain.
    pub const RELATED_OPERATIONS: Self = Self(0x4);
    /// The message says that it is signed.
    pub const SIGNED: Self = Self(0x8);

    /// Whether all bits of `flags` are set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These bits and those of `flags`.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:08x})", self.0)
    }
}

/// Where Flags lies, for whoever sets SIGNED.
pub const FLAGS_FIELD: std::ops::Range<usize> = 16..20;

/// Where MessageId lies, for whoever numbers messages that are otherwise complete.
pub const MESSAGE_ID_FIELD: std::ops::Range<usize> = 24..32;

/// Where SessionId lies.
pub const SESSION_ID_FIELD: std::ops::Range<usize> = 40..48;

/// A header, read in place from the 64 bytes that open a message.
#[derive(Clone, Copy)]
pub struct Header<'a>(&'a [u8; HEADER_BYTES]);

impl<'a> Header<'a> {
    /// Reads the header that opens `message`.
    ///
    /// # Errors
    /// [`MalformedMessage`] when fewer than 64 bytes are there, the protocol id is not `FE 'SMB'`, or StructureSize
    /// is not 64.
    #[inline]
    pub fn parse(message: &'a [u8]) -> Result<Self, MalformedMessage> {
        match message.first_chunk().map(Self) {
            Some(header) if Protocol::of(header.0) == Ok(Protocol::Smb2) && header.u16_at::<4>() == 64 => {
                Ok(header)
            }
            _ => Err(Self::malformed(message)),
        }
    }

    /// A header that was read before.
    #[inline]
    pub(super) const fn of(bytes: &'a [u8; HEADER_BYTES]) -> Self {
        Self(bytes)
    }

    /// What is wrong with bytes that open with no header.
    #[cold]
    fn malformed(message: &'a [u8]) -> MalformedMessage {
        match (Protocol::of(message), message.first_chunk().map(Self)) {
            (Err(error), _) => error,
            (Ok(Protocol::Smb2), None) => MalformedMessage::TooShort {
                structure: "SMB2 header",
                needed: HEADER_BYTES,
                found: message.len(),
            },
            (Ok(Protocol::Smb2), Some(header)) => MalformedMessage::Field {
                field: "SMB2 header StructureSize",
                value: u64::from(header.u16_at::<4>()),
            },
            (Ok(_), _) => MalformedMessage::ProtocolId(message.first_chunk().copied().unwrap_or_default()),
        }
    }

    /// Status of a response; under 3.x a request's ChannelSequence stands in the same place.
    #[must_use]
    pub const fn status(self) -> u32 {
        self.u32_at::<8>()
    }

    /// The command.
    #[must_use]
    pub const fn command(self) -> Command {
        Command(self.u16_at::<12>())
    }

    /// The flags.
    #[must_use]
    pub const fn flags(self) -> Flags {
        Flags(self.u32_at::<16>())
    }

    /// NextCommand: bytes from this header to the next of the chain, 0 in the last.
    #[must_use]
    pub const fn next_command(self) -> u32 {
        self.u32_at::<20>()
    }

    /// The MessageId, always the message's own (rule 6).
    #[must_use]
    pub const fn message_id(self) -> MessageId {
        MessageId(self.u64_at::<24>())
    }

    /// The SessionId.
    #[must_use]
    pub const fn session_id(self) -> SessionId {
        SessionId(self.u64_at::<40>())
    }

    /// The signature field as received.
    #[must_use]
    pub const fn signature(self) -> Signature {
        let (_, field) = self.0.split_at(Signature::FIELD.start);
        match field.first_chunk() {
            Some(bytes) => Signature::from_bytes(*bytes),
            None => unreachable!(),
        }
    }

    /// Which end sent the message, by SERVER_TO_REDIR.
    #[must_use]
    pub const fn sender(self) -> Sender {
        if self.flags().contains(Flags::SERVER_TO_REDIR) { Sender::Server } else { Sender::Client }
    }

    /// Whether the message says that it is signed. Interim responses keep their request's signature bytes without
    /// saying so (rule 22), so that this, and not the field, decides per message (rules 24, 38).
    #[must_use]
    pub const fn is_signed(self) -> bool {
        self.flags().contains(Flags::SIGNED)
    }

    /// Whether an AsyncId stands in place of ProcessId and TreeId.
    #[must_use]
    pub const fn is_async(self) -> bool {
        self.flags().contains(Flags::ASYNC_COMMAND)
    }

    const fn u16_at<const AT: usize>(self) -> u16 {
        u16::from_le_bytes([self.0[AT], self.0[AT + 1]])
    }

    const fn u32_at<const AT: usize>(self) -> u32 {
        u32::from_le_bytes([self.0[AT], self.0[AT + 1], self.0[AT + 2], self.0[AT + 3]])
    }

    const fn u64_at<const AT: usize>(self) -> u64 {
        (self.u32_at::<AT>() as u64)
            | (u32::from_le_bytes([self.0[AT + 4], self.0[AT + 5], self.0[AT + 6], self.0[AT + 7]]) as u64)
                << 32
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?} {:?}", self.command(), self.flags(), self.message_id(), self.session_id())
    }
}

/// The fields of a header that a sender chooses; the signature field stays zero until the message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderFields {
    /// CreditCharge.
    pub credit_charge: u16,
    /// Status of a response, ChannelSequence of a 3.x request.
    pub status: u32,
    /// The command.
    pub command: Command,
    /// CreditRequest or CreditResponse.
    pub credits: u16,
    /// The flags.
    pub flags: Flags,
    /// NextCommand.
    pub next_command: u32,
    /// The MessageId.
    pub message_id: MessageId,
    /// ProcessId and TreeId (low half first), or the AsyncId when ASYNC_COMMAND is set.
    pub process_and_tree: u64,
    /// The SessionId.
    pub session_id: SessionId,
}

impl HeaderFields {
    /// The header's 64 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, b"\xfeSMB");
        put(4, &64_u16.to_le_bytes());
        put(6, &self.credit_charge.to_le_bytes());
        put(8, &self.status.to_le_bytes());
        put(12, &self.command.0.to_le_bytes());
        put(14, &self.credits.to_le_bytes());
        put(16, &self.flags.0.to_le_bytes());
        put(20, &self.next_command.to_le_bytes());
        put(24, &self.message_id.0.to_le_bytes());
        put(32, &self.process_and_tree.to_le_bytes());
        put(40, &self.session_id.0.to_le_bytes());
        bytes
    }
}

/// The messages of a frame, each with the bytes its own signature covers (rule 5).
///
/// A message with NextCommand covers exactly so many bytes, alignment padding included; the last one reaches to the
/// end of the frame.
#[derive(Debug, Clone)]
pub struct Chain<'a> {
    rest: &'a [u8],
}

impl<'a> Chain<'a> {
    /// The chain in `frame`, which begins with the first message's header.
    #[must_use]
    pub const fn new(frame: &'a [u8]) -> Self {
        Self { rest: frame }
    }
}

impl<'a> Iterator for Chain<'a> {
    type Item = Result<(Header<'a>, &'a [u8]), MalformedMessage>;

    /// The next message; after an error nothing more comes, since the chain's links are lost.
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let frame = std::mem::take(&mut self.rest);
        Some(Header::parse(frame).and_then(|header| {
            let next = header.next_command() as usize;
            if next == 0 {
                return Ok((header, frame));
            }
            match frame.split_at_checked(next) {
                Some((message, rest)) if next >= HEADER_BYTES && !rest.is_empty() => {
                    self.rest = rest;
                    Ok((header, message))
                }
                _ => Err(MalformedMessage::Field { field: "NextCommand", value: next as u64 }),
            }
        }))
    }
}
