//! One message of a profile, complete but for its numbers.

use std::ops::Range;

use crate::protocol::framing::Protocol;
use crate::protocol::{MalformedMessage, SecuritySignature, Sender, Signature, smb1, smb2};

/// Whether a message of a profile is signed when its session signs; negotiation, for one, never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signing {
    /// Signed in a session that signs.
    Signed,
    /// Never signed.
    Unsigned,
}

/// Where a message stands in its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FramePlace {
    /// It is alone, or first in a compound chain.
    Opens,
    /// It follows another message of the chain.
    Continues,
}

/// A message whose signature is zero, whose header does not say signed, and whose numbers wait for the generator.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) bytes: Vec<u8>,
    pub(super) sender: Sender,
    pub(super) signing: Signing,
    pub(super) place: FramePlace,
    pub(super) turn: Turn,
    pub(super) numbers: Numbers,
    /// File data that differs from buffer to buffer.
    pub(super) painted: Range<usize>,
    /// File data in the message.
    pub(super) payload_bytes: usize,
}

/// Whether another session may send the message than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It begins a session's turn.
    Next,
    /// It belongs to the turn of the message before.
    Same,
}

/// What changes from turn to turn, relative to the turn's first number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbers {
    /// `None` where the message's own value stays: unsolicited, outside any session, or related.
    Smb2 { message_id: Option<u64>, session: SessionField },
    /// The number it is signed with, and its MID unless that says unsolicited.
    Smb1 { sequence: u32, mid: Option<u32> },
}

/// Whether the generator writes its session's id into a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionField {
    Written,
    Kept,
}

/// Takes back what signing did to a message: the flag and the field.
pub(super) fn unsign(message: &mut [u8]) -> Result<(), MalformedMessage> {
    match Protocol::of(message)? {
        Protocol::Smb1 => {
            let flags2 = smb1::Header::parse(message)?.flags2() & !smb1::Header::SIGNED;
            message[smb1::FLAGS2_FIELD].copy_from_slice(&flags2.to_le_bytes());
            message[SecuritySignature::FIELD].fill(0);
        }
        _ => {
            let flags = smb2::Header::parse(message)?.flags().0 & !smb2::Flags::SIGNED.0;
            message[smb2::FLAGS_FIELD].copy_from_slice(&flags.to_le_bytes());
            message[Signature::FIELD].fill(0);
        }
    }
    Ok(())
}

/// Bytes of file data in a message: what a READ response or a WRITE request says it carries, 0 for all else.
///
/// MS-SMB2 2.2.20, 2.2.21; MS-CIFS 2.2.4.42.2 and 2.2.4.43.1 with MS-SMB's DataLengthHigh.
#[must_use]
pub fn payload_bytes(message: &[u8]) -> usize {
    let u16_at = |at: usize| Some(u16::from_le_bytes(*message.get(at..)?.first_chunk()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(*message.get(at..)?.first_chunk()?));
    let announced = match Protocol::of(message) {
        Ok(Protocol::Smb2) => match smb2_read_or_write(message) {
            Some(_) => u32_at(68),
            None => None,
        },
        Ok(Protocol::Smb1) => match smb1_read_or_write(message) {
            Some(BulkDirection::Read) => u16_at(43).zip(u16_at(47)),
            Some(BulkDirection::Write) => u16_at(53).zip(u16_at(51)),
            None => None,
        }
        .map(|(low, high)| u32::from(high) << 16 | u32::from(low)),
        _ => None,
    };
    // A message never carries more than its own length, whatever it says.
    announced.map_or(0, |bytes| (bytes as usize).min(message.len()))
}

enum BulkDirection {
    Read,
    Write,
}

fn smb2_read_or_write(message: &[u8]) -> Option<BulkDirection> {
    use Sender::{Client, Server};
    let header = smb2::Header::parse(message).ok()?;
    let structure_size = u16::from_le_bytes(*message.get(smb2::HEADER_BYTES..)?.first_chunk()?);
    match (header.command(), header.sender(), structure_size) {
        (smb2::Command::READ, Server, 17) => Some(BulkDirection::Read),
        (smb2::Command::WRITE, Client, 49) => Some(BulkDirection::Write),
        _ => None,
    }
}

fn smb1_read_or_write(message: &[u8]) -> Option<BulkDirection> {
    use Sender::{Client, Server};
    let header = smb1::Header::parse(message).ok()?;
    match (header.command(), header.sender(), *message.get(smb1::HEADER_BYTES)?) {
        (smb1::Command::READ_ANDX, Server, 12) => Some(BulkDirection::Read),
        (smb1::Command::WRITE_ANDX, Client, 12 | 14) => Some(BulkDirection::Write),
        _ => None,
    }
}
