//! SMB2 requests and responses of given lengths: what a client and a server say to each other besides bulk data.

use super::bulk::BulkMessage;
use super::profile::{Profile, ProfileError};
use super::template::{FramePlace, Numbers, SessionField, Signing, Template, Turn};
use crate::protocol::smb2::{Command, Flags, HEADER_BYTES, HeaderFields, MessageId, SessionId};
use crate::protocol::{Dialect, Sender, status};

/// A request and its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// What both say they are.
    pub command: Command,
    /// Bytes of the request, from the protocol id to the end.
    pub request_bytes: usize,
    /// Bytes of the response.
    pub response_bytes: usize,
    /// Whether it continues the compound chain of the exchange before it.
    pub place: FramePlace,
}

/// The shortest message: a header and the shortest body (TREE_DISCONNECT, LOGOFF).
const MIN_BYTES: usize = HEADER_BYTES + 4;

/// What the members of a compound chain are padded to (MS-SMB2 3.2.4.1.4).
const CHAIN_ALIGNMENT: usize = 8;

/// Appends exchanges of one session: of each chain all requests, then all responses.
pub(super) fn append(
    profile: &mut Profile,
    dialect: Dialect,
    exchanges: &[Exchange],
) -> Result<(), ProfileError> {
    for chain in exchanges.chunk_by(|_, next| next.place == FramePlace::Continues) {
        let first = profile.numbers_per_turn;
        for sender in [Sender::Client, Sender::Server] {
            let mut number = first;
            for (at, exchange) in chain.iter().enumerate() {
                let is_last = at + 1 == chain.len();
                let link =
                    Link { place: if at == 0 { FramePlace::Opens } else { FramePlace::Continues }, is_last };
                profile.messages.push(exchange.template(dialect, sender, number, link)?);
                number += exchange.numbers_taken(dialect);
            }
            profile.numbers_per_turn = number;
        }
    }
    Ok(())
}

/// Where a message stands in its chain.
#[derive(Clone, Copy)]
struct Link {
    place: FramePlace,
    is_last: bool,
}

impl Exchange {
    /// File data goes one way, if at all.
    fn bulk(&self, sender: Sender) -> Option<BulkMessage> {
        match (self.command, sender) {
            (Command::READ, Sender::Server) => Some(BulkMessage::ReadResponse),
            (Command::WRITE, Sender::Client) => Some(BulkMessage::WriteRequest),
            _ => None,
        }
    }

    /// MessageIds, which are credits, that both messages take together.
    fn numbers_taken(&self, dialect: Dialect) -> u64 {
        match self.command {
            Command::READ => BulkMessage::ReadResponse.numbers_taken(dialect, self.response_bytes),
            Command::WRITE => BulkMessage::WriteRequest.numbers_taken(dialect, self.request_bytes),
            _ => 1,
        }
    }

    fn template(
        &self,
        dialect: Dialect,
        sender: Sender,
        number: u64,
        link: Link,
    ) -> Result<Template, ProfileError> {
        let length = match sender {
            Sender::Client => self.request_bytes,
            Sender::Server => self.response_bytes,
        };
        if !link.is_last && !length.is_multiple_of(CHAIN_ALIGNMENT) {
            return Err(ProfileError::Unaligned(length));
        }
        let mut template = match self.bulk(sender) {
            Some(bulk) => bulk.template(dialect, length)?,
            None => self.bare(dialect, sender, length)?,
        };
        (template.place, template.turn) = (link.place, Turn::Same);
        template.numbers = Numbers::Smb2 { message_id: Some(number), session: SessionField::Written };
        self.write_header(&mut template.bytes, dialect, sender, link);
        Ok(template)
    }

    /// A message whose body says its structure and no more, since no MAC looks into it.
    fn bare(&self, dialect: Dialect, sender: Sender, length: usize) -> Result<Template, ProfileError> {
        if !(MIN_BYTES..=super::MAX_MESSAGE_BYTES).contains(&length) {
            let (min, max) = (MIN_BYTES, super::MAX_MESSAGE_BYTES);
            return Err(ProfileError::MessageBytes { dialect, asked: length, min, max });
        }
        let mut bytes = vec![0; length];
        bytes[HEADER_BYTES..HEADER_BYTES + 2].copy_from_slice(&self.structure_size(sender).to_le_bytes());
        Ok(Template {
            bytes,
            sender,
            signing: Signing::Signed,
            place: FramePlace::Opens,
            turn: Turn::Same,
            numbers: Numbers::Smb2 { message_id: Some(0), session: SessionField::Written },
            painted: 0..0,
            payload_bytes: 0,
        })
    }

    fn write_header(&self, bytes: &mut [u8], dialect: Dialect, sender: Sender, link: Link) {
        const PROCESS_ID: u64 = 0xfeff;
        const TREE_ID: u64 = 5;
        let credits = u16::try_from(self.numbers_taken(dialect)).unwrap_or(u16::MAX);
        let direction = if sender == Sender::Server { Flags::SERVER_TO_REDIR } else { Flags(0) };
        let related = link.place == FramePlace::Continues;
        let header = HeaderFields {
            // Reserved in 2.0.2, where a credit pays for any request (MS-SMB2 2.2.1.2).
            credit_charge: if dialect == Dialect::Smb202 { 0 } else { credits },
            status: status::SUCCESS,
            command: self.command,
            credits,
            flags: if related { direction.with(Flags::RELATED_OPERATIONS) } else { direction },
            next_command: if link.is_last { 0 } else { bytes.len() as u32 },
            message_id: MessageId(0),
            process_and_tree: TREE_ID << 32 | PROCESS_ID,
            session_id: SessionId::NONE,
        };
        bytes[..HEADER_BYTES].copy_from_slice(&header.encode());
    }

    /// StructureSize of the body (MS-SMB2 2.2.5 to 2.2.38); what is not listed has a body of 4 bytes.
    const fn structure_size(&self, sender: Sender) -> u16 {
        let (request, response) = match self.command {
            Command::TREE_CONNECT => (9, 16),
            Command::CREATE => (57, 89),
            Command::CLOSE => (24, 60),
            Command::READ => (49, 17),
            Command::WRITE => (49, 17),
            Command::IOCTL => (57, 49),
            Command::QUERY_DIRECTORY => (33, 9),
            Command::QUERY_INFO => (41, 9),
            _ => (4, 4),
        };
        match sender {
            Sender::Client => request,
            Sender::Server => response,
        }
    }
}
