//! The traffic of a real capture, as a profile's plain data.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::{Sender, smb1, smb2};
use smbsign_engine::traffic::{FramePlace, RecordedMessage, Signing};

use crate::capture::{Event, Events, Frame};

/// A capture's messages by connection, with their commands, lengths, directions and bodies.
///
/// Encrypted frames are left out, since without their keys nobody knows what is in them.
#[derive(Debug, Clone, Default)]
pub struct ReplayedCapture {
    name: String,
    conversations: Vec<Vec<ReplayedMessage>>,
    warnings: Vec<String>,
}

/// One message.
#[derive(Debug, Clone)]
pub struct ReplayedMessage {
    bytes: Vec<u8>,
    sender: Sender,
    signing: Signing,
    place: FramePlace,
}

impl<'a> From<&'a ReplayedMessage> for RecordedMessage<'a> {
    fn from(message: &'a ReplayedMessage) -> Self {
        Self { bytes: &message.bytes, sender: message.sender, signing: message.signing, place: message.place }
    }
}

impl ReplayedCapture {
    /// Reads a capture file; what is damaged in it is left out, with a warning.
    ///
    /// # Errors
    /// A file that cannot be opened, or that is no capture.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let events = Events::new(file).with_context(|| format!("cannot read {}", path.display()))?;
        let mut capture = Self { name: path.display().to_string(), ..Self::default() };
        let (mut left_out, mut damaged) = (0_u64, 0_u64);
        for event in events {
            match event {
                Event::Frame(frame) => {
                    if capture.conversations.len() <= frame.connection {
                        capture.conversations.resize(frame.connection + 1, Vec::new());
                    }
                    let conversation = &mut capture.conversations[frame.connection];
                    if append(conversation, &frame).is_none() {
                        left_out += 1;
                    }
                }
                Event::Damage(_) => damaged += 1,
                Event::Opened(_) | Event::Closed(_) => {}
            }
        }
        let mut warn = |count: u64, what: &str| {
            if count > 0 {
                capture.warnings.push(format!("{count} {what} of {} are left out", capture.name));
            }
        };
        warn(left_out, "encrypted, compressed or malformed frames");
        warn(damaged, "damaged places");
        Ok(capture)
    }

    /// The file, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was left out.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The messages, connection by connection.
    pub fn conversations(&self) -> impl Iterator<Item = &[ReplayedMessage]> {
        self.conversations.iter().map(Vec::as_slice)
    }
}

/// Takes a frame's messages; `None`, and nothing of it, if any of them cannot be replayed.
fn append(conversation: &mut Vec<ReplayedMessage>, frame: &Frame) -> Option<()> {
    let (sender, frame) = (frame.sender, frame.bytes.as_slice());
    match Protocol::of(frame).ok()? {
        Protocol::Smb1 => {
            let signing = smb1_signing(sender, smb1::Header::parse(frame).ok()?);
            let place = FramePlace::Opens;
            conversation.push(ReplayedMessage { bytes: frame.to_vec(), sender, signing, place });
        }
        Protocol::Smb2 => {
            let chain: Vec<_> = smb2::Chain::new(frame).collect::<Result<_, _>>().ok()?;
            for (at, (header, message)) in chain.into_iter().enumerate() {
                let place = if at == 0 { FramePlace::Opens } else { FramePlace::Continues };
                conversation.push(ReplayedMessage {
                    bytes: message.to_vec(),
                    sender,
                    signing: smb2_signing(header),
                    place,
                });
            }
        }
        Protocol::Transform | Protocol::Compression => return None,
    }
    Some(())
}

/// Whether a session that signs signs this message: all of its own but its setup, of which only what bore a signature.
/// The traffic of an unsigned session thus tells what signing it would cost.
fn smb2_signing(header: smb2::Header<'_>) -> Signing {
    let outside_any_session = header.session_id() == smb2::SessionId::NONE
        || header.message_id() == smb2::MessageId::UNSOLICITED
        || matches!(header.command(), smb2::Command::NEGOTIATE | smb2::Command::SESSION_SETUP);
    if header.is_signed() || !outside_any_session { Signing::Signed } else { Signing::Unsigned }
}

/// The same for SMB1, whose flag stands before a key exists, too (rule 30).
fn smb1_signing(sender: Sender, header: smb1::Header<'_>) -> Signing {
    let field = header.signature();
    // A client's oplock-break acknowledgement has the notification's MID, and is signed (rules 33, 34).
    let is_notification = sender == Sender::Server && header.mid() == smb1::UNSOLICITED_MID;
    let outside_any_session = is_notification
        || matches!(header.command(), smb1::Command::NEGOTIATE | smb1::Command::SESSION_SETUP_ANDX);
    let bears_one = header.is_signed() && !field.is_zero() && field != smb1::BEFORE_SIGNING;
    if bears_one || !outside_any_session { Signing::Signed } else { Signing::Unsigned }
}
