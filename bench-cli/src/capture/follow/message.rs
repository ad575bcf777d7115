//! One message of a capture and what was found out about its signature.

use std::fmt;

use smbsign_engine::protocol::{Dialect, MalformedMessage, Sender, SequenceNumber, smb1, smb2};
use smbsign_engine::sealing::SealingError;
use smbsign_engine::signing::SignatureField;

use crate::capture::Frame;
use crate::capture::keys::NoKey;

/// A message, with its place in the capture and what is known of its signature: the verdict, or on the way there something
/// less.
#[derive(Debug, Clone)]
pub struct Message<V = Verdict> {
    /// Number of its frame, counted from 1 over all connections.
    pub frame: u64,
    /// Number of the packet that completed the frame, counted from 1.
    pub packet: u64,
    /// Index of the connection.
    pub connection: usize,
    /// Who sent it, as TCP tells it.
    pub sender: Sender,
    /// The dialect, as far as it is known.
    pub dialect: Option<Dialect>,
    /// What its header says.
    pub header: Header,
    /// Where it begins in its frame, or in the plaintext of its transform.
    pub offset: usize,
    /// Bytes from its protocol identifier to its end.
    pub length: usize,
    /// Whether it came in a transform.
    pub encrypted: bool,
    /// Whether its frame or plaintext holds several messages.
    pub in_compound: bool,
    /// What was found out.
    pub verdict: V,
}

impl<V> Message<V> {
    /// The bytes of a message in clear: its part of its frame.
    #[must_use]
    pub fn bytes_in<'a>(&self, frame: &'a Frame) -> &'a [u8] {
        let rest = frame.bytes.get(self.offset..).unwrap_or_default();
        rest.get(..self.length).unwrap_or_default()
    }

    /// The same message with something else said of it.
    #[must_use]
    pub fn map<W>(self, verdict: impl FnOnce(V) -> W) -> Message<W> {
        Message {
            frame: self.frame,
            packet: self.packet,
            connection: self.connection,
            sender: self.sender,
            dialect: self.dialect,
            header: self.header,
            offset: self.offset,
            length: self.length,
            encrypted: self.encrypted,
            in_compound: self.in_compound,
            verdict: verdict(self.verdict),
        }
    }
}

/// The fields of a header that name a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// An SMB1 header.
    Smb1 {
        /// The command.
        command: smb1::Command,
        /// NTSTATUS, in replies.
        status: Option<u32>,
        /// Flags and Flags2.
        flags: (u8, u16),
        /// UID.
        uid: u16,
        /// MID.
        mid: u16,
    },
    /// An SMB2 header.
    Smb2 {
        /// The command.
        command: smb2::Command,
        /// NTSTATUS, in what the server sent.
        status: Option<u32>,
        /// The flags.
        flags: smb2::Flags,
        /// The MessageId.
        message_id: smb2::MessageId,
        /// The SessionId as it stands there, 0xFFFF… in a related compound.
        session_id: smb2::SessionId,
    },
    /// A transform whose content is not known.
    Transform {
        /// The SessionId of its header, if that could be read.
        session_id: Option<smb2::SessionId>,
    },
    /// A compressed message, which is not looked into.
    Compressed,
    /// Bytes that are no message.
    Unreadable,
}

impl Header {
    pub(super) fn of_smb1(header: smb1::Header<'_>) -> Self {
        Self::Smb1 {
            command: header.command(),
            status: (header.sender() == Sender::Server).then(|| header.status()),
            flags: (header.flags(), header.flags2()),
            uid: header.uid(),
            mid: header.mid(),
        }
    }

    pub(super) fn of_smb2(header: smb2::Header<'_>, sender: Sender) -> Self {
        Self::Smb2 {
            command: header.command(),
            status: (sender == Sender::Server).then(|| header.status()),
            flags: header.flags(),
            message_id: header.message_id(),
            session_id: header.session_id(),
        }
    }

    /// The command's name.
    #[must_use]
    pub fn command(&self) -> String {
        match self {
            Self::Smb1 { command, .. } => command.to_string(),
            Self::Smb2 { command, .. } => command.to_string(),
            Self::Transform { .. } => "TRANSFORM".to_owned(),
            Self::Compressed => "COMPRESSED".to_owned(),
            Self::Unreadable => "UNREADABLE".to_owned(),
        }
    }

    /// The MessageId, under SMB1 the MID.
    #[must_use]
    pub fn message_id(&self) -> Option<u64> {
        match self {
            Self::Smb1 { mid, .. } => Some(u64::from(*mid)),
            Self::Smb2 { message_id, .. } => Some(message_id.0),
            _ => None,
        }
    }

    /// The SessionId in 16 hexadecimal digits, under SMB1 the UID in 4; empty where it is not known.
    #[must_use]
    pub fn session(&self) -> String {
        match self {
            Self::Smb1 { uid, .. } => format!("{uid:04x}"),
            Self::Smb2 { session_id, .. } | Self::Transform { session_id: Some(session_id) } => {
                format!("{:016x}", session_id.0)
            }
            _ => String::new(),
        }
    }
}

/// What was found out about a message's signature.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It is right.
    Verified(SignedWith),
    /// It is wrong, or what should be there is not.
    Failed {
        /// What the signature should be, where that can be told.
        expected: Option<SignatureField>,
        /// What stands in the field, where there is one.
        found: Option<SignatureField>,
        /// What is wrong.
        reason: Failure,
    },
    /// There is none, and rightly so.
    Unsigned(Unsigned),
    /// It is its request's, copied: not signed, though the header says so (rule 23).
    Echoed {
        /// The response's status.
        status: u32,
    },
    /// There is one, but it cannot be checked.
    Unchecked(Unchecked),
}

impl Verdict {
    pub(super) fn failed(reason: Failure) -> Self {
        Self::Failed { expected: None, found: None, reason }
    }

    /// The verdict in one word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verified(_) => "verified",
            Self::Failed { .. } => "failed",
            Self::Unsigned(_) => "unsigned",
            Self::Echoed { .. } => "echoed",
            Self::Unchecked(_) => "unchecked",
        }
    }
}

/// Why, in a few words.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified(with) => with.fmt(f),
            Self::Failed { reason, .. } => reason.fmt(f),
            Self::Unsigned(reason) => reason.fmt(f),
            Self::Echoed { status } if status >> 30 == 3 => {
                write!(f, "error response {status:08x} echoing SIGNED flag and signature of its request")
            }
            Self::Echoed { .. } => f.write_str("response echoing SIGNED flag and signature of its request"),
            Self::Unchecked(reason) => reason.fmt(f),
        }
    }
}

/// The key, or for SMB1 the number, that a signature was verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedWith {
    /// The session's key.
    #[error("session")]
    Session,
    /// The key of the session that the client last spoke in: the SessionId names none, as after LOGOFF.
    #[error("session, though the SessionId names none")]
    LatestSession,
    /// The session's key, in the request that binds another connection to it (rule 19).
    #[error("session (binding request)")]
    SessionToBind,
    /// The key of a connection bound to the session (rule 19).
    #[error("channel")]
    Channel,
    /// A request's number.
    #[error("request seq {}", .0.0)]
    Request(SequenceNumber),
    /// A response's number.
    #[error("response seq {}", .0.0)]
    Response(SequenceNumber),
}

/// Why a message is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsigned {
    /// Rule 21.
    #[error("negotiate")]
    Negotiate,
    /// Rules 17, 30.
    #[error("session setup request (no key yet)")]
    SessionSetupRequest,
    /// Rules 17, 30.
    #[error("session setup response MORE_PROCESSING_REQUIRED")]
    SessionSetupContinues,
    /// Rule 17.
    #[error("session setup error {0:08x}")]
    SessionSetupFailed(u32),
    /// Rule 21.
    #[error("session setup success of guest/anonymous session")]
    GuestSessionSetup,
    /// A session whose server does not sign at all.
    #[error("session setup success, signing not active")]
    SessionSetupWithoutSigning,
    /// Rule 21.
    #[error("guest/anonymous session")]
    Guest,
    /// Rule 21.
    #[error("outside any session")]
    OutsideSession,
    /// Rules 13, 22.
    #[error("async interim (STATUS_PENDING)")]
    Interim,
    /// Rules 21, 34.
    #[error("oplock/lease break notification")]
    Notification,
    /// Rule 24.
    #[error("signing not required on this session")]
    NotRequired,
    /// Rule 21.
    #[error("inside encrypted transform")]
    Encrypted,
    /// Before the first session of an SMB1 connection.
    #[error("before the key exists")]
    BeforeKey,
    /// Rule 37.
    #[error("signing not active")]
    NotActive,
}

/// What is wrong with a message's signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The MAC is another.
    #[error("the signature is wrong")]
    Mismatch,
    /// The field is empty where signing is active.
    #[error("the signature is missing")]
    Missing,
    /// The SIGNED bit is clear, but the field holds neither zeros nor the request's signature.
    #[error("the SIGNED bit is clear, but the field holds a signature")]
    NotFlagged,
    /// A signature where no key can exist yet.
    #[error("signed before any key exists")]
    BeforeKey,
    /// A session that was never set up on a connection seen from its start.
    #[error("signed in a session that was never set up")]
    UnknownSession,
    /// The header's direction is not TCP's; a message sent back to its sender.
    #[error("the header names the other end as its sender")]
    WrongDirection,
    /// SMB1: a response to no request.
    #[error("answers no request of this connection")]
    NoRequest,
    /// An SMB1 message on an SMB2 connection, or a compressed one where compression was not agreed on.
    #[error("a message of another protocol than the one negotiated")]
    WrongProtocol,
    /// Not a message, or not a chain of messages.
    #[error("malformed: {0}")]
    Malformed(#[from] MalformedMessage),
    /// The transform does not open.
    #[error("the encrypted message does not open: {0}")]
    NotOpened(#[from] SealingError),
}

/// Why a signature cannot be checked, or a transform not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unchecked {
    /// The key is not known.
    #[error("no key: {0}")]
    NoKey(#[from] NoKey),
    /// Messages before this one are missing, and its sequence number was not found again.
    #[error("its sequence number is not known after missing messages")]
    SequenceLost,
    /// The message has not its own signature, but perhaps its request's, which is missing.
    #[error("its request is missing, whose signature it may echo")]
    RequestMissing,
    /// The message is compressed.
    #[error("compressed messages are not looked into")]
    Compressed,
}
