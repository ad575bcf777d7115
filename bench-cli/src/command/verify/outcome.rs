//! What `smbsign verify` found, as its JSON has it.

use serde::Serialize;
use smbsign_engine::protocol::{Dialect, Sender};

use crate::capture::Damage;
use crate::capture::follow::{Message, Verdict};
use crate::capture::verification::{Counts, Verification};
use crate::exit::Exit;

/// What `smbsign verify` found; its JSON is this.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// `smbsign.verify/1`.
    pub schema: &'static str,
    /// In the order of the command line.
    pub captures: Vec<CaptureReport>,
    /// The sums.
    pub total: Counts,
}

/// What one capture came to.
#[derive(Debug, Serialize)]
pub struct CaptureReport {
    /// Its path.
    pub capture: String,
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Every message whose signature failed.
    pub failures: Vec<FailureReport>,
    /// The sessions that lack keys.
    pub unchecked_sessions: Vec<UncheckedReport>,
    /// What is wrong with the capture itself, in words.
    pub damage: Vec<String>,
    /// Whether the file itself is damaged, so that nobody knows what else it held.
    #[serde(skip)]
    pub is_file_damaged: bool,
    /// Why there are no results at all.
    pub error: Option<String>,
}

impl CaptureReport {
    pub(super) fn new(capture: String, verification: Verification, error: Option<String>) -> Self {
        let unchecked =
            verification.unchecked.into_iter().map(|(session, (messages, reason))| UncheckedReport {
                connection: session.connection,
                session: session.session,
                messages,
                reason: reason.to_string(),
            });
        Self {
            capture,
            counts: verification.counts,
            failures: verification.failures.iter().map(FailureReport::of).collect(),
            unchecked_sessions: unchecked.collect(),
            damage: verification.damage.iter().map(ToString::to_string).collect(),
            is_file_damaged: verification.damage.iter().any(|damage| matches!(damage, Damage::File(_))),
            error,
        }
    }
}

/// A message whose signature failed.
#[derive(Debug, Serialize)]
pub struct FailureReport {
    /// Number of its SMB frame, over all connections.
    pub frame: u64,
    /// Number of the packet that completed the frame, as Wireshark counts.
    pub packet: u64,
    /// Index of the connection.
    pub connection: usize,
    /// `client` or `server`.
    pub sender: &'static str,
    /// The dialect's name, where it is known.
    pub dialect: Option<&'static str>,
    /// The command's name.
    pub command: String,
    /// MessageId, under SMB1 the MID.
    pub message_id: Option<u64>,
    /// SessionId, under SMB1 the UID, in hexadecimal.
    pub session: String,
    /// Where in the frame, or in its plaintext, the message begins.
    pub offset: usize,
    /// The right signature in hexadecimal, where it can be told.
    pub expected: Option<String>,
    /// The signature field in hexadecimal.
    pub found: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// A session whose messages could not all be checked.
#[derive(Debug, Serialize)]
pub struct UncheckedReport {
    /// Index of the connection.
    pub connection: usize,
    /// SessionId in hexadecimal; empty under SMB1.
    pub session: String,
    /// Messages and transforms that could not be checked.
    pub messages: u64,
    /// Why the first of them could not.
    pub reason: String,
}

impl VerifyReport {
    /// A wrong signature outweighs a capture that could not be read to its end, and that one a missing key.
    pub(super) fn exit(&self) -> Exit {
        if self.total.failed > 0 {
            Exit::Bad
        } else if self.captures.iter().any(|capture| capture.error.is_some() || capture.is_file_damaged) {
            Exit::Input
        } else if self.total.unchecked > 0 || self.total.undecryptable > 0 {
            Exit::Inconclusive
        } else {
            Exit::Good
        }
    }
}

impl FailureReport {
    fn of(message: &Message) -> Self {
        let (expected, found) = match &message.verdict {
            Verdict::Failed { expected, found, .. } => (*expected, *found),
            _ => (None, None),
        };
        Self {
            frame: message.frame,
            packet: message.packet,
            connection: message.connection,
            sender: match message.sender {
                Sender::Client => "client",
                Sender::Server => "server",
            },
            dialect: message.dialect.map(Dialect::name),
            command: message.header.command(),
            message_id: message.header.message_id(),
            session: message.header.session(),
            offset: message.offset,
            expected: expected.map(|field| field.to_string()),
            found: found.map(|field| field.to_string()),
            reason: message.verdict.to_string(),
        }
    }
}
