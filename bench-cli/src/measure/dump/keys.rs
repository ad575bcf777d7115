//! The JSON beside a dump: who signed with which key, in the form of captures that come with their keys.

use std::path::Path;

use serde::Serialize;
use smbsign_engine::protocol::{Dialect, Sender};

use super::packets::{Connection, SERVER_PORT};
use super::{Cell, Opening, Sample, signed};

#[derive(Debug, Serialize)]
pub(super) struct KeyFile {
    schema: u32,
    capture: String,
    description: &'static str,
    linktype: &'static str,
    tcp_port: u16,
    connections: Vec<ConnectionEntry>,
    sessions: Vec<SessionEntry>,
    expected: Expected,
}

#[derive(Debug, Serialize)]
struct ConnectionEntry {
    index: usize,
    client_port: u16,
    server_port: u16,
    ip: &'static str,
    protocol: &'static str,
    dialect: &'static str,
    signing_algorithm: String,
    cell: String,
}

#[derive(Debug, Serialize)]
struct SessionEntry {
    connection: usize,
    protocol: &'static str,
    session_id: String,
    dialect: &'static str,
    signing_algorithm: String,
    session_key: Option<String>,
    signing_key: Option<String>,
    mac_key: Option<String>,
    challenge_response_appended: Option<bool>,
    smb1_sequence: Option<Smb1Sequence>,
}

/// How an SMB1 connection's messages are numbered.
#[derive(Debug, Serialize)]
struct Smb1Sequence {
    first_request: u32,
    request_step: u32,
    response: &'static str,
}

#[derive(Debug, Default, Serialize)]
struct Expected {
    messages: usize,
    signed: usize,
    verified: usize,
    failed: usize,
    unsigned: usize,
}

impl KeyFile {
    pub(super) fn new(capture: &Path) -> Self {
        Self {
            schema: 1,
            capture: capture.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            description: "messages of measured trials, a connection per cell; READ requests were added",
            linktype: "EN10MB",
            tcp_port: SERVER_PORT,
            connections: Vec::new(),
            sessions: Vec::new(),
            expected: Expected::default(),
        }
    }

    pub(super) fn add(
        &mut self,
        cell: &Cell,
        connection: &Connection,
        opening: &Opening,
        messages: &[Sample],
    ) {
        let protocol = if cell.dialect == Dialect::Smb1 { "SMB1" } else { "SMB2" };
        let signing_algorithm = cell.protection.to_string().to_ascii_uppercase();
        self.connections.push(ConnectionEntry {
            index: connection.index,
            client_port: connection.client_port,
            server_port: SERVER_PORT,
            ip: "v4",
            protocol,
            dialect: cell.dialect.name(),
            signing_algorithm: signing_algorithm.clone(),
            cell: format!("{} {} at {}, {}", cell.dialect, cell.protection, cell.link, cell.direction),
        });
        let hexadecimal = Some(hex::encode(opening.key.as_bytes()));
        let is_smb1 = cell.dialect == Dialect::Smb1;
        let (signing_key, mac_key) = if is_smb1 { (None, hexadecimal) } else { (hexadecimal, None) };
        self.sessions.push(SessionEntry {
            connection: connection.index,
            protocol,
            session_id: format!("0x{:x}", opening.session_id),
            dialect: cell.dialect.name(),
            signing_algorithm,
            session_key: None,
            signing_key,
            mac_key,
            challenge_response_appended: is_smb1.then_some(false),
            smb1_sequence: is_smb1.then(|| sequence(messages)),
        });
        let signed = signed(messages);
        self.expected.messages += messages.len();
        self.expected.signed += signed;
        self.expected.verified += signed;
        self.expected.unsigned += messages.len() - signed;
    }
}

fn sequence(messages: &[Sample]) -> Smb1Sequence {
    let first = messages.iter().find(|message| message.sender == Sender::Client);
    let first_request = first.and_then(|message| message.sequence).map_or(2, |number| number.0);
    Smb1Sequence { first_request, request_step: 2, response: "request+1" }
}
