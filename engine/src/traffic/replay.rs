//! Real conversations as profiles: their messages with numbers made dense, so that a session can play them for ever.

use std::collections::{HashMap, HashSet};

use super::MAX_MESSAGE_BYTES;
use super::profile::{Profile, ProfileError};
use super::template::{FramePlace, Numbers, SessionField, Signing, Template, Turn, payload_bytes, unsign};
use crate::protocol::framing::Protocol;
use crate::protocol::smb2::{Command, MessageId, SessionId};
use crate::protocol::{Sender, SequenceNumber, sequence::SequenceNumbers, smb1, smb2, status};

/// A message as it was seen on the wire, in the clear.
#[derive(Debug, Clone, Copy)]
pub struct RecordedMessage<'a> {
    /// From the protocol id to the end; a compound's member with its padding.
    pub bytes: &'a [u8],
    /// Which end sent it, as its connection tells: the header of SMB1's notifications does not.
    pub sender: Sender,
    /// Whether a session that signs signs it; a message of an unsigned session may well be one.
    pub signing: Signing,
    /// Where it stood in its frame.
    pub place: FramePlace,
}

/// A conversation's SMB2 messages.
pub(super) fn append_smb2<'a>(
    profile: &mut Profile,
    conversation: impl IntoIterator<Item = RecordedMessage<'a>>,
) -> Result<(), ProfileError> {
    let mut numbers: HashMap<MessageId, u64> = HashMap::new();
    let mut nonces = HashSet::new();
    for recorded in conversation {
        if Protocol::of(recorded.bytes)? != Protocol::Smb2 {
            continue;
        }
        let header = smb2::Header::parse(recorded.bytes)?;
        let (id, command, sender) = (header.message_id(), header.command(), header.sender());
        let session = match header.session_id() {
            SessionId::NONE | SessionId::RELATED => SessionField::Kept,
            _ => SessionField::Written,
        };
        let is_interim = sender == Sender::Server && header.status() == status::PENDING && header.is_async();
        let signing = if is_interim { Signing::Unsigned } else { recorded.signing };
        let message_id = (id != MessageId::UNSOLICITED).then(|| {
            let mut take = |count: u64| {
                profile.numbers_per_turn += count;
                profile.numbers_per_turn - count
            };
            let charge = u64::from(u16::from_le_bytes([recorded.bytes[6], recorded.bytes[7]])).max(1);
            let number = *numbers.entry(id).or_insert_with(|| take(charge));
            let mut is_fresh = |number| nonces.insert((number, sender, command == Command::CANCEL));
            // Samba's CANCELs all say MessageId 0 (rule 12); under AES-GMAC each message needs its own nonce.
            if signing == Signing::Signed && !is_fresh(number) { take(1) } else { number }
        });
        profile.messages.push(template(recorded, signing, Numbers::Smb2 { message_id, session })?);
    }
    Ok(())
}

/// A conversation's SMB1 messages, numbered from its first one on as if its session had just been set up.
pub(super) fn append_smb1<'a>(
    profile: &mut Profile,
    conversation: impl IntoIterator<Item = RecordedMessage<'a>>,
) -> Result<(), ProfileError> {
    const ACTIVATING_RESPONSE: SequenceNumber = SequenceNumber(1);
    const FIRST_REQUEST: u32 = 2;
    let any_header = header_with_mid(smb1::UNSOLICITED_MID);
    let mut connection = SequenceNumbers::start(smb1::Header::parse(&any_header)?);
    let mut mids: HashMap<u16, u32> = HashMap::new();
    let first = profile.numbers_per_turn as u32;
    for recorded in conversation {
        if Protocol::of(recorded.bytes)? != Protocol::Smb1 {
            continue;
        }
        let header = smb1::Header::parse(recorded.bytes)?;
        let number = match recorded.sender {
            // What comes before a key exists takes no number.
            _ if recorded.signing == Signing::Unsigned => ACTIVATING_RESPONSE,
            Sender::Client => connection.request(header),
            Sender::Server => match connection.response(header) {
                Some(number) => number,
                None if header.command() == smb1::Command::SESSION_SETUP_ANDX => ACTIVATING_RESPONSE,
                // Its request was sent before the recording began.
                None => {
                    let request = connection.request(header);
                    SequenceNumber(request.0.wrapping_add(1))
                }
            },
        };
        let mid = (header.mid() != smb1::UNSOLICITED_MID).then(|| {
            *mids.entry(header.mid()).or_insert_with(|| {
                profile.mids_per_turn += 1;
                profile.mids_per_turn - 1
            })
        });
        let sequence = first.wrapping_add(number.0.wrapping_sub(FIRST_REQUEST));
        profile.messages.push(template(recorded, recorded.signing, Numbers::Smb1 { sequence, mid })?);
    }
    let after_the_last = connection.request(smb1::Header::parse(&any_header)?).0;
    profile.numbers_per_turn += u64::from(after_the_last.wrapping_sub(FIRST_REQUEST));
    Ok(())
}

fn header_with_mid(mid: u16) -> [u8; smb1::HEADER_BYTES] {
    let command = smb1::Command::SESSION_SETUP_ANDX;
    smb1::HeaderFields { command, status: 0, flags: 0, flags2: 0, tid: 0, pid: 0, uid: 0, mid }.encode()
}

fn template(
    recorded: RecordedMessage<'_>,
    signing: Signing,
    numbers: Numbers,
) -> Result<Template, ProfileError> {
    if recorded.bytes.len() > MAX_MESSAGE_BYTES {
        return Err(ProfileError::TooLong(recorded.bytes.len()));
    }
    let mut bytes = recorded.bytes.to_vec();
    unsign(&mut bytes)?;
    let payload_bytes = payload_bytes(&bytes);
    Ok(Template {
        bytes,
        sender: recorded.sender,
        signing,
        place: recorded.place,
        turn: Turn::Same,
        numbers,
        painted: 0..0,
        payload_bytes,
    })
}
