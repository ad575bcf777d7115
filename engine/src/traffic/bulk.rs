//! READ responses and WRITE requests of any length, as each protocol generation lays them out.

use super::profile::ProfileError;
use super::{MAX_MESSAGE_BYTES, template};
use crate::protocol::smb2::{self, MessageId, SessionId};
use crate::protocol::{Dialect, Sender, smb1, status};

/// A message that carries file data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BulkMessage {
    /// A server's READ (READ_ANDX) response.
    ReadResponse,
    /// A client's WRITE (WRITE_ANDX) request.
    WriteRequest,
}

/// The largest SMB1 message: the NetBIOS length of 17 bits, which direct TCP keeps in SMB1 (MS-SMB 2.1).
const SMB1_MAX_BYTES: usize = (128 << 10) - 1;

/// Bytes of file data that one SMB2 credit pays for (MS-SMB2 3.1.5.2).
const BYTES_PER_CREDIT: usize = 64 << 10;

impl BulkMessage {
    /// Bytes before the file data.
    const fn overhead(self, dialect: Dialect) -> usize {
        match (dialect, self) {
            // Header, WordCount, 12 or 14 words, ByteCount, and a pad byte that puts the data on an even offset.
            (Dialect::Smb1, Self::ReadResponse) => 32 + 1 + 24 + 2 + 1,
            (Dialect::Smb1, Self::WriteRequest) => 32 + 1 + 28 + 2 + 1,
            (_, Self::ReadResponse) => 64 + 16,
            (_, Self::WriteRequest) => 64 + 48,
        }
    }

    /// The shortest message: one with a single byte of file data.
    #[must_use]
    pub const fn min_bytes(self, dialect: Dialect) -> usize {
        self.overhead(dialect) + 1
    }

    /// The longest message that the generator makes.
    ///
    /// 2.0.2 servers grant 64 KiB of file data and later ones 8 MiB at most; the format holds more, and MACs are measured beyond.
    #[must_use]
    pub const fn max_bytes(self, dialect: Dialect) -> usize {
        match dialect {
            Dialect::Smb1 => SMB1_MAX_BYTES,
            _ => MAX_MESSAGE_BYTES,
        }
    }

    /// The message's template, `message_bytes` long from the protocol id to the end, its file data still zero.
    pub(super) fn template(
        self,
        dialect: Dialect,
        message_bytes: usize,
    ) -> Result<template::Template, ProfileError> {
        let (min, max) = (self.min_bytes(dialect), self.max_bytes(dialect));
        if !(min..=max).contains(&message_bytes) {
            return Err(ProfileError::MessageBytes { dialect, asked: message_bytes, min, max });
        }
        let overhead = self.overhead(dialect);
        let data_bytes = message_bytes - overhead;
        let mut bytes = match (dialect, self) {
            (Dialect::Smb1, Self::ReadResponse) => smb1_read_response(data_bytes),
            (Dialect::Smb1, Self::WriteRequest) => smb1_write_request(data_bytes),
            (_, Self::ReadResponse) => smb2_read_response(dialect, data_bytes),
            (_, Self::WriteRequest) => smb2_write_request(dialect, data_bytes),
        };
        debug_assert_eq!(bytes.len(), overhead);
        bytes.resize(message_bytes, 0);
        let numbers = match (dialect, self) {
            // A connection that does nothing else: each request takes a pair of numbers (rule 31).
            (Dialect::Smb1, Self::ReadResponse) => template::Numbers::Smb1 { sequence: 1, mid: Some(0) },
            (Dialect::Smb1, Self::WriteRequest) => template::Numbers::Smb1 { sequence: 0, mid: Some(0) },
            _ => template::Numbers::Smb2 { message_id: Some(0), session: template::SessionField::Written },
        };
        let sender = match self {
            Self::ReadResponse => Sender::Server,
            Self::WriteRequest => Sender::Client,
        };
        Ok(template::Template {
            bytes,
            sender,
            signing: template::Signing::Signed,
            place: template::FramePlace::Opens,
            turn: template::Turn::Next,
            numbers,
            painted: overhead..message_bytes,
            payload_bytes: data_bytes,
        })
    }

    /// How many MessageIds or sequence numbers a message of this length takes from its connection.
    ///
    /// A request of several credits takes as many consecutive MessageIds (MS-SMB2 3.2.4.1.2); an SMB1 exchange a pair.
    pub(super) fn numbers_taken(self, dialect: Dialect, message_bytes: usize) -> u64 {
        match dialect {
            Dialect::Smb1 => 2,
            Dialect::Smb202 => 1,
            _ => u64::from(credits(message_bytes - self.overhead(dialect))),
        }
    }
}

/// What a request for so many bytes of file data costs (MS-SMB2 3.1.5.2).
fn credits(data_bytes: usize) -> u16 {
    u16::try_from(1 + data_bytes.saturating_sub(1) / BYTES_PER_CREDIT).unwrap_or(u16::MAX)
}

fn smb2_header(dialect: Dialect, command: smb2::Command, flags: smb2::Flags, data_bytes: usize) -> Vec<u8> {
    const PROCESS_ID: u64 = 0xfeff;
    const TREE_ID: u64 = 5;
    let credits = credits(data_bytes);
    smb2::HeaderFields {
        // Reserved in 2.0.2, where a credit pays for any request (MS-SMB2 2.2.1.2).
        credit_charge: if dialect == Dialect::Smb202 { 0 } else { credits },
        status: status::SUCCESS,
        command,
        credits,
        flags,
        next_command: 0,
        message_id: MessageId(0),
        process_and_tree: TREE_ID << 32 | PROCESS_ID,
        session_id: SessionId::NONE,
    }
    .encode()
    .to_vec()
}

/// MS-SMB2 2.2.20.
fn smb2_read_response(dialect: Dialect, data_bytes: usize) -> Vec<u8> {
    let mut message = smb2_header(dialect, smb2::Command::READ, smb2::Flags::SERVER_TO_REDIR, data_bytes);
    message.extend(17_u16.to_le_bytes());
    message.extend([80, 0]); // DataOffset from the header's start, Reserved
    message.extend((data_bytes as u32).to_le_bytes());
    message.extend([0; 8]); // DataRemaining, Reserved2
    message
}

/// MS-SMB2 2.2.21.
fn smb2_write_request(dialect: Dialect, data_bytes: usize) -> Vec<u8> {
    const FILE_ID: [u64; 2] = [0x0000_0001_0000_0049, 0x0000_0009_0000_0049];
    let mut message = smb2_header(dialect, smb2::Command::WRITE, smb2::Flags(0), data_bytes);
    message.extend(49_u16.to_le_bytes());
    message.extend(112_u16.to_le_bytes()); // DataOffset from the header's start
    message.extend((data_bytes as u32).to_le_bytes());
    message.extend([0; 8]); // Offset
    message.extend(FILE_ID.iter().flat_map(|half| half.to_le_bytes()));
    message.extend([0; 16]); // Channel, RemainingBytes, WriteChannelInfo offset and length, Flags
    message
}

fn smb1_header(command: smb1::Command, flags: u8) -> Vec<u8> {
    const CASE_INSENSITIVE_CANONICAL_PATHS: u8 = 0x18;
    const UNICODE_NTSTATUS_EXTENDED_SECURITY_LONG_NAMES: u16 = 0xc801;
    smb1::HeaderFields {
        command,
        status: status::SUCCESS,
        flags: CASE_INSENSITIVE_CANONICAL_PATHS | flags,
        flags2: UNICODE_NTSTATUS_EXTENDED_SECURITY_LONG_NAMES,
        tid: 1,
        pid: 0xfeff,
        uid: 0,
        mid: 0,
    }
    .encode()
    .to_vec()
}

/// AndXCommand: no further command; AndXReserved, AndXOffset.
const NO_ANDX: [u8; 4] = [0xff, 0, 0, 0];

/// The low and the high half of DataLength, each 16 bits on the wire.
fn halves(data_bytes: usize) -> ([u8; 2], [u8; 2]) {
    let [a, b, c, d] = (data_bytes as u32).to_le_bytes();
    ([a, b], [c, d])
}

/// MS-CIFS 2.2.4.42.2, with DataLengthHigh of MS-SMB 2.2.4.2.2.
fn smb1_read_response(data_bytes: usize) -> Vec<u8> {
    const REPLY: u8 = 0x80;
    let (low, high) = halves(data_bytes);
    let mut message = smb1_header(smb1::Command::READ_ANDX, REPLY);
    message.push(12);
    message.extend(NO_ANDX);
    message.extend(0xffff_u16.to_le_bytes()); // Available: −1, a file on disk
    message.extend([0; 4]); // DataCompactionMode, Reserved1
    message.extend(low);
    message.extend(60_u16.to_le_bytes()); // DataOffset
    message.extend(high);
    message.extend([0; 8]); // Reserved2
    message.extend(halves(data_bytes + 1).0); // ByteCount, whose high half a large read drops
    message.push(0); // Pad
    message
}

/// MS-CIFS 2.2.4.43.1, with DataLengthHigh of MS-SMB 2.2.4.3.1.
fn smb1_write_request(data_bytes: usize) -> Vec<u8> {
    const FID: u16 = 0x4009;
    let (low, high) = halves(data_bytes);
    let mut message = smb1_header(smb1::Command::WRITE_ANDX, 0);
    message.push(14);
    message.extend(NO_ANDX);
    message.extend(FID.to_le_bytes());
    message.extend([0; 12]); // Offset, Timeout, WriteMode, Remaining
    message.extend(high);
    message.extend(low);
    message.extend(64_u16.to_le_bytes()); // DataOffset
    message.extend([0; 4]); // OffsetHigh
    message.extend(halves(data_bytes + 1).0); // ByteCount, whose high half a large write drops
    message.push(0); // Pad
    message
}
