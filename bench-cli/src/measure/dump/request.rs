//! The READ request that a READ response answers.

use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::{Sender, smb1, smb2};
use smbsign_engine::traffic::payload_bytes;

/// The request, still unsigned; `None` for whatever is no READ response with data.
pub(super) fn before(response: &[u8]) -> Option<Vec<u8>> {
    let data_bytes = u32::try_from(payload_bytes(response)).ok().filter(|bytes| *bytes > 0)?;
    match Protocol::of(response).ok()? {
        Protocol::Smb1 => smb1_request(response, data_bytes),
        _ => smb2_request(response, data_bytes),
    }
}

/// MS-SMB2 2.2.19.
fn smb2_request(response: &[u8], data_bytes: u32) -> Option<Vec<u8>> {
    const FILE_ID: [u64; 2] = [0x0000_0001_0000_0049, 0x0000_0009_0000_0049];
    let header = smb2::Header::parse(response).ok().filter(|header| header.sender() == Sender::Server)?;
    let field = |at: usize| Some(u64::from_le_bytes(*response.get(at..)?.first_chunk()?));
    let mut request = smb2::HeaderFields {
        credit_charge: u16::from_le_bytes([response[6], response[7]]),
        status: 0,
        command: smb2::Command::READ,
        credits: u16::from_le_bytes([response[14], response[15]]),
        flags: smb2::Flags(0),
        next_command: 0,
        message_id: header.message_id(),
        process_and_tree: field(32)?,
        session_id: header.session_id(),
    }
    .encode()
    .to_vec();
    request.extend(49_u16.to_le_bytes());
    request.extend([80, 0]); // Padding: where the response's data should begin; Flags
    request.extend(data_bytes.to_le_bytes());
    request.extend([0; 8]); // Offset
    request.extend(FILE_ID.iter().flat_map(|half| half.to_le_bytes()));
    request.extend([0; 16]); // MinimumCount, Channel, RemainingBytes, ReadChannelInfo offset and length
    request.push(0); // Buffer: one byte at least
    Some(request)
}

/// MS-CIFS 2.2.4.42.1, with MaxCountHigh of MS-SMB 2.2.4.2.1.
fn smb1_request(response: &[u8], data_bytes: u32) -> Option<Vec<u8>> {
    const FID: u16 = 0x4009;
    let header = smb1::Header::parse(response).ok().filter(|header| header.sender() == Sender::Server)?;
    let field = |at: usize| Some(u16::from_le_bytes(*response.get(at..)?.first_chunk()?));
    let [low, middle, high, top] = data_bytes.to_le_bytes();
    let mut request = smb1::HeaderFields {
        command: smb1::Command::READ_ANDX,
        status: 0,
        flags: header.flags() & 0x7f,
        flags2: header.flags2(),
        tid: field(24)?,
        pid: field(26)?,
        uid: header.uid(),
        mid: header.mid(),
    }
    .encode()
    .to_vec();
    request.push(12);
    request.extend([0xff, 0, 0, 0]); // AndXCommand: none, AndXReserved, AndXOffset
    request.extend(FID.to_le_bytes());
    request.extend([0; 4]); // Offset
    request.extend([low, middle]); // MaxCountOfBytesToReturn
    request.extend([0; 2]); // MinCountOfBytesToReturn
    request.extend([high, top, 0, 0]); // MaxCountHigh, Reserved
    request.extend([0; 6]); // Remaining, OffsetHigh
    request.extend([0; 2]); // ByteCount
    Some(request)
}
