//! Follows the SMB connections of a capture and says of every message what its signature is worth.
//!
//! A [`Follower`] is a plain state machine: frames go in, in wire order, and each gives its messages, judged. It knows
//! what both ends know: what was negotiated, the sessions and their keys, the requests that await a response, SMB1's
//! sequence numbers. It never trusts a header's own word on who sent it, and not even SIGNED's on what is signed: a
//! field that holds a signature where none can be is a failure.
//!
//! What an SMB2 connection comes to hangs on no signature: checks can wait ([`Judgement`]) until there are enough of them to
//! fill the lanes of all cores. SMB1's numbers hang on what verified, so that it is judged at once.
//!
//! A connection seen from its start must make sense: there a session that was never set up is a failure. Where
//! messages are missing it may be one whose setup is missing, and its messages are counted apart.

mod judgement;
mod message;
mod sessions;
mod setup;
mod smb1;
mod smb2;

use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::{Dialect, Sender};

use super::keys::Keys;
use super::{Connection, Damage, Event, Frame};
pub use judgement::{Check, Judgement};
pub use message::{Failure, Header, Message, SignedWith, Unchecked, Unsigned, Verdict};
use sessions::Sessions;
use smb1::Smb1;
use smb2::{Context, Smb2};

/// How much of a connection the capture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coverage {
    /// Everything so far, from NEGOTIATE on.
    FromItsStart,
    /// Messages are missing.
    InPart,
}

/// Whether a frame of the server was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answered {
    Yes,
    No,
}

/// A connection and what both its ends know.
#[derive(Clone)]
struct Followed {
    connection: Connection,
    coverage: Option<Coverage>,
    answered: Answered,
    smb1: Smb1,
    smb2: Smb2,
}

/// Where a frame stands.
#[derive(Clone, Copy)]
struct Place {
    frame: u64,
    packet: u64,
    connection: usize,
    sender: Sender,
}

impl Place {
    fn message<V>(self, dialect: Option<Dialect>, header: Header, length: usize, verdict: V) -> Message<V> {
        let Self { frame, packet, connection, sender } = self;
        Message {
            frame,
            packet,
            connection,
            sender,
            dialect,
            header,
            offset: 0,
            length,
            encrypted: false,
            in_compound: false,
            verdict,
        }
    }
}

/// Follows every connection of one capture. A clone goes on from the same point by itself.
#[derive(Clone)]
pub struct Follower {
    keys: Keys,
    connections: Vec<Followed>,
    sessions: Sessions,
}

impl Follower {
    /// Starts with the keys that are known.
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self { keys, connections: Vec::new(), sessions: Sessions::default() }
    }

    /// Takes the capture's next event and gives its messages, one or several for a frame and none for anything else,
    /// each signature checked at once and by itself.
    pub fn event(&mut self, event: &Event) -> Vec<Message> {
        let messages = self.follow(event).into_iter();
        let settled = messages.map(|message| {
            let bytes = match event {
                Event::Frame(frame) => message.bytes_in(frame),
                _ => &[],
            };
            message.map(|judgement| judgement.settle(bytes))
        });
        settled.collect()
    }

    /// Takes the capture's next event and gives its messages likewise, those judged whose verdict does not hang on their
    /// signature alone.
    pub fn follow(&mut self, event: &Event) -> Vec<Message<Judgement>> {
        match event {
            Event::Opened(connection) => self.connections.push(Followed {
                connection: *connection,
                coverage: None,
                answered: Answered::No,
                smb1: Smb1::default(),
                smb2: Smb2::new(),
            }),
            Event::Frame(frame) => return self.frame(frame),
            Event::Damage(damage) => self.damage(damage),
            // Its sessions stay: other connections may be bound to them.
            Event::Closed(index) => {
                if let Some(followed) = self.connections.get_mut(*index) {
                    followed.smb1 = Smb1::default();
                    followed.smb2 = Smb2::new();
                }
            }
        }
        Vec::new()
    }

    fn frame(&mut self, frame: &Frame) -> Vec<Message<Judgement>> {
        let place = Place {
            frame: frame.number,
            packet: frame.packet,
            connection: frame.connection,
            sender: frame.sender,
        };
        let bytes = &frame.bytes[..];
        let Some(followed) = self.connections.get_mut(frame.connection) else { return Vec::new() };
        let Followed { connection, coverage, answered, smb1, smb2 } = followed;
        match place.sender {
            Sender::Server => *answered = Answered::Yes,
            // Nobody goes on before the first answer: the capture holds one direction.
            Sender::Client if *answered == Answered::No && !negotiates(bytes) => {
                *coverage = Some(Coverage::InPart);
            }
            Sender::Client => {}
        }
        let coverage = *coverage.get_or_insert_with(|| first_coverage(place.sender, bytes));
        let mut context = Context { keys: &self.keys, sessions: &mut self.sessions, connection, coverage };
        let dialect = smb2.dialect();
        let whole =
            |header, verdict| vec![place.message(dialect, header, bytes.len(), Judgement::Settled(verdict))];
        match Protocol::of(bytes) {
            // Rule 3: once SMB2 is agreed on, SMB1 is over.
            Ok(Protocol::Smb1) if dialect.is_some() => {
                whole(Header::Unreadable, Verdict::failed(Failure::WrongProtocol))
            }
            Ok(Protocol::Smb1) => vec![smb1.frame(&self.keys, connection, coverage, place, bytes).into()],
            Ok(Protocol::Smb2) => smb2.frame(&mut context, place, bytes),
            Ok(Protocol::Transform) => smb2.transform(&mut context, place, bytes),
            Ok(Protocol::Compression) => match smb2.compresses() {
                Some(false) => whole(Header::Compressed, Verdict::failed(Failure::WrongProtocol)),
                _ => whole(Header::Compressed, Verdict::Unchecked(Unchecked::Compressed)),
            },
            Err(error) => whole(Header::Unreadable, Verdict::failed(error.into())),
        }
    }

    /// Whatever keeps frames from being read, the connection's own events tell which.
    fn damage(&mut self, damage: &Damage) {
        let followed = damage.loses_frames_of().and_then(|index| self.connections.get_mut(index));
        if let Some(followed) = followed {
            followed.coverage = Some(Coverage::InPart);
            followed.smb1.damage();
            followed.smb2.damage();
        }
    }
}

/// A connection is seen from its start when its first frame is the client's NEGOTIATE.
fn first_coverage(sender: Sender, frame: &[u8]) -> Coverage {
    if sender == Sender::Client && negotiates(frame) { Coverage::FromItsStart } else { Coverage::InPart }
}

fn negotiates(frame: &[u8]) -> bool {
    use smbsign_engine::protocol::{smb1, smb2};
    match Protocol::of(frame) {
        Ok(Protocol::Smb1) => {
            smb1::Header::parse(frame).is_ok_and(|header| header.command() == smb1::Command::NEGOTIATE)
        }
        Ok(Protocol::Smb2) => {
            smb2::Header::parse(frame).is_ok_and(|header| header.command() == smb2::Command::NEGOTIATE)
        }
        _ => false,
    }
}
