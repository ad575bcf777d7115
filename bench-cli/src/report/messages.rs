//! One CSV row per message of a capture, in the columns that capture sets come with.

use smbsign_engine::protocol::Sender;

use crate::capture::follow::{Header, Message, Verdict};

/// The columns.
pub const COLUMNS: [&str; 16] = [
    "frame",
    "conn",
    "dir",
    "proto",
    "cmd",
    "message_id",
    "session_or_uid",
    "offset_in_frame",
    "length",
    "status",
    "flags",
    "signed_flag",
    "encrypted",
    "in_compound",
    "verdict",
    "reason",
];

/// A message's row.
#[must_use]
pub fn row(message: &Message) -> [String; COLUMNS.len()] {
    let Message { header, verdict, .. } = message;
    let (protocol, flags, status) = match header {
        Header::Smb1 { flags: (flags, flags2), status, .. } => {
            ("SMB1", format!("{flags:02x}/{flags2:04x}"), *status)
        }
        Header::Smb2 { flags, status, .. } => ("SMB2", format!("{:08x}", flags.0), *status),
        Header::Transform { .. } | Header::Compressed => ("SMB2", String::new(), None),
        Header::Unreadable => ("", String::new(), None),
    };
    let direction = match message.sender {
        Sender::Client => "C",
        Sender::Server => "S",
    };
    let flag = |set: bool| u8::from(set).to_string();
    [
        message.frame.to_string(),
        message.connection.to_string(),
        direction.to_owned(),
        protocol.to_owned(),
        header.command(),
        header.message_id().map_or_else(String::new, |id| id.to_string()),
        header.session(),
        message.offset.to_string(),
        message.length.to_string(),
        status.map_or_else(String::new, |status| format!("{status:08x}")),
        flags,
        flag(says_signed(header, verdict)),
        flag(message.encrypted),
        flag(message.in_compound),
        verdict.name().to_owned(),
        verdict.to_string(),
    ]
}

/// SMB2's flag says it; SMB1's is set long before a key exists, so that there the verdict tells (rule 30).
fn says_signed(header: &Header, verdict: &Verdict) -> bool {
    match header {
        Header::Smb2 { flags, .. } => flags.contains(smbsign_engine::protocol::smb2::Flags::SIGNED),
        Header::Smb1 { .. } => !matches!(verdict, Verdict::Unsigned(_)),
        _ => false,
    }
}
