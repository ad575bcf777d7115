//! Verifies one capture, from its bytes to its counts.

use std::collections::BTreeMap;
use std::io::Read;
use std::mem;
use std::ops::AddAssign;

use serde::Serialize;
use smbsign_engine::protocol::smb2::SessionId;

use super::backlog::Backlog;
pub use super::backlog::{WAITING_BYTES, WAITING_MESSAGES};
use super::follow::{Follower, Header, Message, Unchecked, Verdict};
use super::keys::Keys;
use super::{Damage, Event, Events, FileError};

/// How many messages came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// SMB frames.
    pub frames: u64,
    /// Messages; a transform that could not be opened counts as one.
    pub messages: u64,
    /// Messages that say they are signed and are no echoes: verified, failed or unchecked.
    pub signed: u64,
    /// Right signatures.
    pub verified: u64,
    /// Wrong or missing signatures, frames that are no messages, transforms that do not open.
    pub failed: u64,
    /// Messages that nobody signed.
    pub unsigned: u64,
    /// Responses that carry their request's signature (rule 23).
    pub echoed: u64,
    /// Signed messages whose key is not known.
    pub unchecked: u64,
    /// Encrypted frames.
    pub transforms: u64,
    /// Encrypted frames that were not opened, whether for want of a key or because they were changed.
    pub undecryptable: u64,
}

impl Counts {
    fn frame(&mut self, messages: &[Message]) {
        self.frames += 1;
        self.transforms += u64::from(messages.iter().any(|message| message.encrypted));
        for message in messages {
            let unopened = matches!(message.header, Header::Transform { .. });
            self.messages += 1;
            self.undecryptable += u64::from(unopened);
            match message.verdict {
                Verdict::Verified(_) => self.verified += 1,
                Verdict::Failed { .. } => self.failed += 1,
                Verdict::Unsigned(_) => self.unsigned += 1,
                Verdict::Echoed { .. } => self.echoed += 1,
                Verdict::Unchecked(_) => self.unchecked += u64::from(!unopened),
            }
        }
        self.signed = self.verified + self.failed + self.unchecked;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.frames += other.frames;
        self.messages += other.messages;
        self.signed += other.signed;
        self.verified += other.verified;
        self.failed += other.failed;
        self.unsigned += other.unsigned;
        self.echoed += other.echoed;
        self.unchecked += other.unchecked;
        self.transforms += other.transforms;
        self.undecryptable += other.undecryptable;
    }
}

/// A session of which messages could not be checked or opened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UncheckedSession {
    /// Index of the connection.
    pub connection: usize,
    /// The SessionId in hexadecimal; empty under SMB1, where the connection has the key.
    pub session: String,
}

/// What a capture came to.
#[derive(Debug, Default)]
pub struct Verification {
    /// The counts.
    pub counts: Counts,
    /// The messages that failed, in wire order.
    pub failures: Vec<Message>,
    /// How many messages of which session could not be checked, and why the first could not.
    pub unchecked: BTreeMap<UncheckedSession, (u64, Unchecked)>,
    /// What is wrong with the capture itself.
    pub damage: Vec<Damage>,
}

impl Verification {
    /// Verifies the capture that `source` holds, and hands each message to `message` in wire order.
    ///
    /// Signatures are checked on all threads of rayon's pool, many together, while this one reads on: up to twice
    /// [`WAITING_MESSAGES`] or [`WAITING_BYTES`] are read before a message is handed on.
    ///
    /// # Errors
    /// When the first bytes are no capture's. Everything later is [`Verification::damage`].
    pub fn of(source: impl Read, keys: Keys, mut message: impl FnMut(&Message)) -> Result<Self, FileError> {
        let mut verification = Self::default();
        let mut events = Events::new(source)?;
        let mut follower = Follower::new(keys);
        let (mut waiting, mut next) = (Backlog::default(), Backlog::default());
        loop {
            let mut settled = Vec::new();
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| settled = waiting.settle());
                verification.read(&mut events, &mut follower, &mut next);
            });
            verification.frames(&settled, &mut message);
            if next.is_empty() {
                return Ok(verification);
            }
            mem::swap(&mut waiting, &mut next);
        }
    }

    /// Reads until the backlog is full or the capture ends.
    fn read(&mut self, events: &mut Events<impl Read>, follower: &mut Follower, backlog: &mut Backlog) {
        while !backlog.is_full() {
            let Some(event) = events.next() else { return };
            let messages = follower.follow(&event);
            match event {
                Event::Frame(frame) => backlog.push(&frame, messages),
                Event::Damage(damage) => self.damage.push(damage),
                Event::Opened(_) | Event::Closed(_) => {}
            }
        }
    }

    fn frames(&mut self, messages: &[Message], message: impl FnMut(&Message)) {
        messages.iter().for_each(message);
        for frame in messages.chunk_by(|one, next| one.frame == next.frame) {
            self.frame(frame);
        }
    }

    fn frame(&mut self, messages: &[Message]) {
        self.counts.frame(messages);
        let mut names_session = None;
        for message in messages {
            // Rule 6: else the previous message's.
            if !matches!(message.header, Header::Smb2 { session_id: SessionId::RELATED, .. }) {
                names_session = Some(message.header);
            }
            match &message.verdict {
                Verdict::Unchecked(reason) => {
                    let session = match names_session {
                        None | Some(Header::Smb1 { .. }) => String::new(),
                        Some(header) => header.session(),
                    };
                    let session = UncheckedSession { connection: message.connection, session };
                    self.unchecked.entry(session).or_insert_with(|| (0, reason.clone())).0 += 1;
                }
                Verdict::Failed { .. } => self.failures.push(message.clone()),
                _ => {}
            }
        }
    }
}
