//! Messages of the measured trials as a capture, so that any other tool can check what was measured.
//!
//! Each signed cell is a connection of its own: the first messages that one session sent in the cell's first trial,
//! signed as they were. Before a READ response stands its request, which no trial sent, so that a reader sees
//! the exchange and can follow SMB1's sequence numbers. Negotiation and session setup are left out; the keys lie in a
//! JSON file beside the capture, in the form that `smbsign verify` reads.

mod keys;
mod packets;
mod request;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::{MalformedMessage, Sender, SequenceNumber, framing, smb1, smb2};
use smbsign_engine::signing::{self, SigningError};
use smbsign_engine::traffic::{FramePlace, Signing};

use super::plan::Cell;
use super::sample::Sample;
use super::trial::Opening;
use packets::{Connection, PacketWriter};

/// A dump that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The capture's name leaves none for its keys.
    #[error("{} would be overwritten by its own keys, which go into a .json file", .0.display())]
    TakesTheNameOfTheKeys(PathBuf),
    /// A message cannot be framed: it is longer than 24 bits can say.
    #[error(transparent)]
    Unframed(#[from] MalformedMessage),
    /// The request before a response could not be signed.
    #[error(transparent)]
    Unsigned(#[from] SigningError),
}

/// What was kept of a run, to be written as a capture.
#[derive(Debug, Default)]
pub struct Dump {
    openings: Vec<(Cell, Opening)>,
}

impl Dump {
    pub(super) fn extend(&mut self, openings: impl IntoIterator<Item = (Cell, Opening)>) {
        self.openings.extend(openings);
    }

    /// Takes what another run kept.
    pub fn append(&mut self, other: Self) {
        self.openings.extend(other.openings);
    }

    /// How many connections the capture will have.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.openings.len()
    }

    /// Writes the capture, and its keys into the file of the same name that ends in `.json`.
    ///
    /// # Errors
    /// [`DumpError`].
    pub fn write(&self, path: &Path) -> Result<(), DumpError> {
        let keys_path = path.with_extension("json");
        if keys_path == path {
            return Err(DumpError::TakesTheNameOfTheKeys(path.to_owned()));
        }
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| DumpError::Unwritable { path, source }
        };
        let file = File::create(path).map_err(unwritable(path))?;
        let mut packets = PacketWriter::start(BufWriter::new(file)).map_err(unwritable(path))?;
        let mut keys = keys::KeyFile::new(path);
        for (index, (cell, opening)) in self.openings.iter().enumerate() {
            let mut connection = Connection::new(index);
            let messages = conversation(opening)?;
            for frame in frames(&messages)? {
                packets.send(&mut connection, frame.sender, &frame.bytes).map_err(unwritable(path))?;
            }
            keys.add(cell, &connection, opening, &messages);
        }
        packets.finish().and_then(|mut file| file.flush()).map_err(unwritable(path))?;
        let json = serde_json::to_vec_pretty(&keys).map_err(io::Error::from);
        json.and_then(|json| std::fs::write(&keys_path, json)).map_err(unwritable(&keys_path))
    }
}

/// A message's number on its connection: what request and response have in common.
fn exchange(message: &[u8]) -> Option<u64> {
    match Protocol::of(message).ok()? {
        Protocol::Smb1 => Some(u64::from(smb1::Header::parse(message).ok()?.mid())),
        _ => Some(smb2::Header::parse(message).ok()?.message_id().0),
    }
}

/// Whether a message belongs to negotiation or to session setup.
fn is_setup(message: &[u8]) -> bool {
    match (smb1::Header::parse(message), smb2::Header::parse(message)) {
        (Ok(header), _) => {
            matches!(header.command(), smb1::Command::NEGOTIATE | smb1::Command::SESSION_SETUP_ANDX)
        }
        (_, Ok(header)) => {
            matches!(header.command(), smb2::Command::NEGOTIATE | smb2::Command::SESSION_SETUP)
        }
        _ => false,
    }
}

/// Whether another message of its compound chain comes after this one.
fn is_followed(message: &[u8]) -> bool {
    smb2::Header::parse(message).is_ok_and(|header| header.next_command() != 0)
}

/// The kept messages without setup, with a request before each READ response that has none.
fn conversation(opening: &Opening) -> Result<Vec<Sample>, DumpError> {
    let key = PreparedKey::new(&opening.key, Backend::portable());
    let mut messages = Vec::with_capacity(2 * opening.messages.len());
    let mut requested = HashSet::new();
    for message in &opening.messages {
        let exchange = exchange(&message.bytes);
        // Further session setups of an SMB1 connection are signed like any message, and count (rule 36).
        let counts = message.sequence.is_some() && message.is_signed();
        let is_request = message.sender == Sender::Client;
        if is_setup(&message.bytes) && !(counts && (is_request || requested.contains(&exchange))) {
            continue;
        }
        if is_request {
            requested.insert(exchange);
        } else if !requested.contains(&exchange)
            && message.place == FramePlace::Opens
            && let Some(mut bytes) = request::before(&message.bytes)
        {
            let sequence = message.sequence.map(|number| SequenceNumber(number.0.wrapping_sub(1)));
            if message.is_signed() {
                signing::sign(&key, &mut bytes, sequence)?;
            }
            messages.push(Sample { bytes, sequence, sender: Sender::Client, ..message.clone() });
        }
        messages.push(message.clone());
    }
    // What was kept may end within a compound chain.
    while messages.last().is_some_and(|message| is_followed(&message.bytes)) {
        messages.pop();
    }
    Ok(messages)
}

/// What one framing header announces.
struct Frame {
    sender: Sender,
    bytes: Vec<u8>,
}

/// Messages put into frames again: a compound chain is one. What follows a first that was not kept is dropped.
fn frames(messages: &[Sample]) -> Result<Vec<Frame>, MalformedMessage> {
    let mut frames: Vec<Frame> = Vec::new();
    for message in messages {
        match (message.place, frames.last_mut()) {
            (FramePlace::Opens, _) => {
                let bytes = [&[0; framing::HEADER_BYTES][..], &message.bytes].concat();
                frames.push(Frame { sender: message.sender, bytes });
            }
            (FramePlace::Continues, Some(frame)) => frame.bytes.extend_from_slice(&message.bytes),
            (FramePlace::Continues, None) => {}
        }
    }
    for frame in &mut frames {
        let header = framing::header(frame.bytes.len() - framing::HEADER_BYTES)?;
        frame.bytes[..framing::HEADER_BYTES].copy_from_slice(&header);
    }
    Ok(frames)
}

/// How many of the messages are signed.
fn signed(messages: &[Sample]) -> usize {
    messages.iter().filter(|message| message.signing == Signing::Signed).count()
}
