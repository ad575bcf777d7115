//! SMB2 and SMB3: which key signed a message, and what else its signature field may rightly hold.

mod signature;

use std::collections::HashMap;

use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::negotiate::NegotiateResponse;
use smbsign_engine::protocol::smb2::{Chain, Command, Header, MessageId, SessionId};
use smbsign_engine::protocol::transform::{self, TransformHeader};
use smbsign_engine::protocol::{
    Dialect, MalformedMessage, PreauthHash, Sender, SessionKey, Signature, status,
};
use smbsign_engine::sealing;

use super::judgement::Judgement;
use super::message::{self, Failure, Message, Unchecked, Verdict};
use super::sessions::{Negotiated, Session, SessionIndex, Sessions, Signer, derive_signer};
use super::setup::{Completed, Exchanges, Purpose};
use super::{Coverage, Place};
use crate::capture::Connection;
use crate::capture::keys::{Keys, NoKey, Role};

/// What a connection signs a session's messages with (rule 19).
#[derive(Clone)]
enum Channel {
    /// The session's own key: the connection that it was set up on.
    Home(SessionIndex),
    /// A key of this connection alone.
    Bound(SessionIndex, Box<Result<Signer, NoKey>>),
}

impl Channel {
    const fn session(&self) -> SessionIndex {
        match self {
            Self::Home(session) | Self::Bound(session, _) => *session,
        }
    }
}

/// The SMB2 side of one connection.
#[derive(Clone)]
pub(super) struct Smb2 {
    negotiated: Option<Negotiated>,
    /// The connection's hash after NEGOTIATE; `None` while no NEGOTIATE was seen, or not all of it.
    preauth: Option<PreauthHash>,
    exchanges: Exchanges,
    channels: HashMap<SessionId, Channel>,
    /// The session that the client last spoke in.
    latest: Option<SessionId>,
    /// The signature fields of requests that await a response, which may come back as they were (rules 22, 23).
    requested: HashMap<MessageId, Signature>,
}

/// All that a message is judged by.
pub(super) struct Context<'a> {
    pub(super) keys: &'a Keys,
    pub(super) sessions: &'a mut Sessions,
    pub(super) connection: &'a Connection,
    pub(super) coverage: Coverage,
}

/// A message as it arrived.
#[derive(Clone, Copy)]
struct Received<'a> {
    sender: Sender,
    carried: Carried,
    /// The session that its SessionId, or its chain, means.
    session: SessionId,
    header: Header<'a>,
    bytes: &'a [u8],
}

/// How a message reached its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    InClear,
    /// In a transform of this session.
    Sealed(SessionId),
}

impl Smb2 {
    pub(super) fn new() -> Self {
        Self {
            negotiated: None,
            preauth: None,
            exchanges: Exchanges::default(),
            channels: HashMap::new(),
            latest: None,
            requested: HashMap::new(),
        }
    }

    pub(super) fn dialect(&self) -> Option<Dialect> {
        Some(self.negotiated?.dialect)
    }

    pub(super) fn compresses(&self) -> Option<bool> {
        Some(self.negotiated?.compression)
    }

    pub(super) fn damage(&mut self) {
        self.exchanges.damage();
        if self.negotiated.is_none() {
            self.preauth = None;
        }
    }

    /// A frame in clear: a message or a compound chain.
    pub(super) fn frame(
        &mut self,
        context: &mut Context<'_>,
        place: Place,
        frame: &[u8],
    ) -> Vec<Message<Judgement>> {
        self.chain(context, place, Carried::InClear, frame)
    }

    /// A transform (rules 26, 27, 38).
    pub(super) fn transform(
        &mut self,
        context: &mut Context<'_>,
        place: Place,
        frame: &[u8],
    ) -> Vec<Message<Judgement>> {
        let dialect = self.dialect();
        let whole = |session_id, verdict| {
            let header = message::Header::Transform { session_id };
            let judgement = Judgement::Settled(verdict);
            vec![Message { encrypted: true, ..place.message(dialect, header, frame.len(), judgement) }]
        };
        let id = match TransformHeader::parse(frame) {
            Ok((header, _)) => header.session_id,
            Err(error) => return whole(None, Verdict::failed(error.into())),
        };
        let meant = self.meant(context, id);
        let Some(session) = self.session(context, meant) else {
            return whole(Some(id), unknown_session(context.coverage));
        };
        let mut plaintext = vec![0; frame.len().saturating_sub(transform::HEADER_BYTES)];
        match context.sessions.at(session).opener(place.sender) {
            Err(reason) => whole(Some(id), Verdict::Unchecked(reason.clone().into())),
            Ok(opener) => match sealing::open(opener, frame, &mut plaintext) {
                Err(_) if meant != id => whole(Some(id), unknown_session(context.coverage)),
                Err(error) => whole(Some(id), Verdict::failed(error.into())),
                Ok(()) if Protocol::of(&plaintext) == Ok(Protocol::Compression) => {
                    whole(Some(id), Verdict::Unchecked(Unchecked::Compressed))
                }
                Ok(()) => self.chain(context, place, Carried::Sealed(id), &plaintext),
            },
        }
    }

    /// The messages of a chain, each signed on its own (rule 5).
    fn chain(
        &mut self,
        context: &mut Context<'_>,
        place: Place,
        carried: Carried,
        chain: &[u8],
    ) -> Vec<Message<Judgement>> {
        let mut messages = Vec::new();
        let mut offset = 0;
        let mut previous = match carried {
            Carried::InClear => SessionId::RELATED,
            Carried::Sealed(id) => id,
        };
        let in_compound = Header::parse(chain).is_ok_and(|first| first.next_command() != 0);
        for member in Chain::new(chain) {
            let (header, length, judgement) = match member {
                Ok((header, bytes)) => {
                    // Rule 6: 0xFFFF… names the session of the previous message.
                    if header.session_id() != SessionId::RELATED {
                        previous = header.session_id();
                    }
                    let received =
                        Received { sender: place.sender, carried, session: previous, header, bytes };
                    let judgement = match (self.message(context, &received), carried) {
                        // The plaintext ends here.
                        (judgement, Carried::Sealed(_)) => judgement.settle(bytes).into(),
                        (judgement, Carried::InClear) => judgement,
                    };
                    (message::Header::of_smb2(header, place.sender), bytes.len(), judgement)
                }
                Err(error) => {
                    let rest = chain.get(offset..).unwrap_or_default();
                    let (header, verdict) = broken_member(rest, place.sender, error);
                    (header, rest.len(), verdict.into())
                }
            };
            messages.push(Message {
                offset,
                encrypted: carried != Carried::InClear,
                in_compound,
                ..place.message(self.dialect(), header, length, judgement)
            });
            offset = offset.saturating_add(length);
        }
        messages
    }

    fn message(&mut self, context: &mut Context<'_>, received: &Received<'_>) -> Judgement {
        let Received { sender, session, header, bytes, .. } = *received;
        if sender == Sender::Client && self.channels.contains_key(&session) {
            self.latest = Some(session);
        }
        let mut purpose = None;
        match (header.command(), sender) {
            // Once only: what claims to be another may be a changed message, and must not unsettle what stands.
            (Command::NEGOTIATE, _) if self.negotiated.is_none() => self.negotiate(sender, bytes),
            (Command::SESSION_SETUP, Sender::Client) => {
                let live = self.channels.contains_key(&session);
                purpose = self.exchanges.request(header, bytes, self.preauth.as_ref(), live);
            }
            (Command::SESSION_SETUP, Sender::Server) => {
                // Its keys come first: they sign this very response (rule 17).
                if let Some(completed) = self.exchanges.response(header, bytes) {
                    self.complete(context, session, &completed);
                }
            }
            _ => {}
        }
        let judgement = if header.is_signed() {
            self.signed(context, received, purpose)
        } else {
            self.unsigned(context, received).into()
        };
        self.remember_request(received);
        judgement
    }

    /// Rules 3, 10, 16. An SMB1 NEGOTIATE and the response that answers it with 0x02FF never enter the hash.
    fn negotiate(&mut self, sender: Sender, bytes: &[u8]) {
        match sender {
            Sender::Client => {
                self.preauth.insert(PreauthHash::new()).update(bytes);
            }
            Sender::Server => {
                let response = NegotiateResponse::parse(bytes).ok();
                if let Some(negotiated) = response.as_ref().and_then(Negotiated::from_response) {
                    if let Some(preauth) = &mut self.preauth {
                        preauth.update(bytes);
                    }
                    self.negotiated = Some(negotiated);
                }
            }
        }
    }

    fn complete(&mut self, context: &mut Context<'_>, id: SessionId, completed: &Completed) {
        // Rule 18.
        if completed.purpose == Purpose::Reauthenticate {
            return;
        }
        let key = context.keys.session_key(context.connection, id, completed.logon.as_ref());
        let bound = (completed.purpose == Purpose::Bind).then(|| self.session(context, id)).flatten();
        let channel = if let Some(session) = bound {
            Channel::Bound(session, Box::new(self.bind(context, id, key, completed.preauth.as_ref())))
        } else {
            let preauth = completed.preauth.as_ref();
            let mut session =
                Session::establish(context.keys, context.connection, id, self.negotiated, preauth, key);
            session.guest = completed.guest;
            Channel::Home(context.sessions.add(id, session))
        };
        self.channels.insert(id, channel);
        self.latest = Some(id);
    }

    /// The key of a channel: from the new authentication, with this connection's hash and algorithm (rule 19).
    fn bind(
        &self,
        context: &Context<'_>,
        id: SessionId,
        key: Result<SessionKey, NoKey>,
        preauth: Option<&PreauthHash>,
    ) -> Result<Signer, NoKey> {
        let derived = key.and_then(|key| {
            let negotiated = self.negotiated.ok_or(NoKey::DamagedSessionSetup)?;
            derive_signer(&key, negotiated, preauth)
        });
        derived.or_else(|reason| match context.keys.role(context.connection, id) {
            Some(Role::Channel(key)) => Ok(Signer::new(key)),
            _ => Err(reason),
        })
    }

    /// The session whose keys a message goes by: where its SessionId names none, the one the client last spoke in.
    /// After LOGOFF clients go on with the keys of the session they left, its SessionId already wiped: Samba's write
    /// 0xFFFF…, others 0. And a client may name any session with the keys of another.
    fn meant(&mut self, context: &mut Context<'_>, id: SessionId) -> SessionId {
        let named =
            !matches!(id, SessionId::NONE | SessionId::RELATED) && self.session(context, id).is_some();
        if named { id } else { self.latest.unwrap_or(id) }
    }

    /// The session's place, whether this connection carries it, another one does, or only a key file knows it.
    fn session(&mut self, context: &mut Context<'_>, id: SessionId) -> Option<SessionIndex> {
        if let Some(channel) = self.channels.get(&id) {
            return Some(channel.session());
        }
        let known = context.sessions.find(id, context.connection.server);
        let session = match known {
            Some(session) => session,
            None => {
                let session = Session::from_file(context.keys, context.connection, id)?;
                context.sessions.add(id, session)
            }
        };
        // What the capture does not show, the file may tell.
        if context.coverage == Coverage::InPart {
            let role = context.keys.role(context.connection, id);
            self.channels.extend(role.map(|role| match role {
                Role::Home => (id, Channel::Home(session)),
                Role::Channel(key) => (id, Channel::Bound(session, Box::new(Ok(Signer::new(key))))),
            }));
        }
        Some(session)
    }

    /// Keeps what a response may copy. CANCEL has no response, and a MessageId that need not be its own (rule 12).
    fn remember_request(&mut self, received: &Received<'_>) {
        let Received { sender, header, .. } = *received;
        let id = header.message_id();
        if sender == Sender::Server {
            if header.status() != status::PENDING {
                self.requested.remove(&id);
            }
        } else if header.command() != Command::CANCEL && !header.signature().is_zero() {
            self.requested.insert(id, header.signature());
        }
    }
}

/// What can be told of a chain's rest when its link is broken.
fn broken_member(rest: &[u8], sender: Sender, error: MalformedMessage) -> (message::Header, Verdict) {
    let header = Header::parse(rest)
        .map_or(message::Header::Unreadable, |header| message::Header::of_smb2(header, sender));
    (header, Verdict::failed(error.into()))
}

fn unknown_session(coverage: Coverage) -> Verdict {
    match coverage {
        Coverage::FromItsStart => Verdict::failed(Failure::UnknownSession),
        Coverage::InPart => Verdict::Unchecked(NoKey::NoSessionSetup.into()),
    }
}
