//! SMB2 and SMB3: which key signed a message, and what else its signature field may rightly hold.

use std::collections::HashMap;

use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::negotiate::NegotiateResponse;
use smbsign_engine::protocol::smb2::{Chain, Command, Header, MessageId, SessionId};
use smbsign_engine::protocol::transform::{self, TransformHeader};
use smbsign_engine::protocol::{
    Dialect, MalformedMessage, PreauthHash, Sender, SessionKey, Signature, status,
};
use smbsign_engine::sealing;
use smbsign_engine::signing::{self, SignatureField, SigningError};

use super::message::{self, Failure, Message, SignedWith, Unchecked, Unsigned, Verdict};
use super::sessions::{Negotiated, Session, SessionIndex, Sessions, Signer, derive_signer};
use super::setup::{Completed, Exchanges, Purpose};
use super::{Coverage, Place};
use crate::capture::Connection;
use crate::capture::keys::{Keys, NoKey};

/// What a connection signs a session's messages with (rule 19).
#[derive(Clone)]
enum Channel {
    /// The session's own key: the connection that it was set up on.
    Home(SessionIndex),
    /// A key of this connection alone.
    Bound(SessionIndex, Result<Signer, NoKey>),
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
    preauth: PreauthHash,
    exchanges: Exchanges,
    channels: HashMap<SessionId, Channel>,
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
            preauth: PreauthHash::new(),
            exchanges: Exchanges::default(),
            channels: HashMap::new(),
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
    }

    /// A frame in clear: a message or a compound chain.
    pub(super) fn frame(&mut self, context: &mut Context<'_>, place: Place, frame: &[u8]) -> Vec<Message> {
        self.chain(context, place, Carried::InClear, frame)
    }

    /// A transform (rules 26, 27, 38).
    pub(super) fn transform(
        &mut self,
        context: &mut Context<'_>,
        place: Place,
        frame: &[u8],
    ) -> Vec<Message> {
        let dialect = self.dialect();
        let whole = |session_id, verdict| {
            let header = message::Header::Transform { session_id };
            vec![Message { encrypted: true, ..place.message(dialect, header, frame.len(), verdict) }]
        };
        let id = match TransformHeader::parse(frame) {
            Ok((header, _)) => header.session_id,
            Err(error) => return whole(None, Verdict::failed(error.into())),
        };
        let Some(session) = self.session(context, id) else {
            return whole(Some(id), unknown_session(context.coverage));
        };
        let mut plaintext = vec![0; frame.len().saturating_sub(transform::HEADER_BYTES)];
        match context.sessions.at(session).opener(place.sender) {
            Err(reason) => whole(Some(id), Verdict::Unchecked(reason.clone().into())),
            Ok(opener) => match sealing::open(opener, frame, &mut plaintext) {
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
    ) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut offset = 0;
        let mut previous = match carried {
            Carried::InClear => SessionId::RELATED,
            Carried::Sealed(id) => id,
        };
        let in_compound = Header::parse(chain).is_ok_and(|first| first.next_command() != 0);
        for member in Chain::new(chain) {
            let (header, length, verdict) = match member {
                Ok((header, bytes)) => {
                    // Rule 6: 0xFFFF… names the session of the previous message.
                    if header.session_id() != SessionId::RELATED {
                        previous = header.session_id();
                    }
                    let received = Received { sender: place.sender, carried, session: previous, header, bytes };
                    let verdict = self.message(context, &received);
                    (message::Header::of_smb2(header, place.sender), bytes.len(), verdict)
                }
                Err(error) => broken_member(chain.get(offset..).unwrap_or_default(), place.sender, error),
            };
            messages.push(Message {
                offset,
                encrypted: carried != Carried::InClear,
                in_compound,
                ..place.message(self.dialect(), header, length, verdict)
            });
            offset = offset.saturating_add(length);
        }
        messages
    }

    fn message(&mut self, context: &mut Context<'_>, received: &Received<'_>) -> Verdict {
        let Received { sender, session, header, bytes, .. } = *received;
        let mut purpose = None;
        match (header.command(), sender) {
            (Command::NEGOTIATE, _) => self.negotiate(sender, bytes),
            (Command::SESSION_SETUP, Sender::Client) => {
                let live = self.channels.contains_key(&session);
                purpose = self.exchanges.request(header, bytes, &self.preauth, live);
            }
            (Command::SESSION_SETUP, Sender::Server) => {
                // Its keys come first: they sign this very response (rule 17).
                if let Some(completed) = self.exchanges.response(header, bytes) {
                    self.complete(context, session, completed);
                }
            }
            _ => {}
        }
        let verdict = if header.is_signed() {
            self.signed(context, received, purpose)
        } else {
            self.unsigned(context, received)
        };
        self.remember_request(received);
        verdict
    }

    /// Rules 3, 10, 16. An SMB1 NEGOTIATE and the response that answers it with 0x02FF never enter the hash.
    fn negotiate(&mut self, sender: Sender, bytes: &[u8]) {
        match sender {
            Sender::Client => {
                self.preauth = PreauthHash::new();
                self.preauth.update(bytes);
            }
            Sender::Server => {
                let response = NegotiateResponse::parse(bytes).ok();
                if let Some(negotiated) = response.as_ref().and_then(Negotiated::from_response) {
                    self.preauth.update(bytes);
                    self.negotiated = Some(negotiated);
                }
            }
        }
    }

    fn complete(&mut self, context: &mut Context<'_>, id: SessionId, completed: Completed) {
        // Rule 18.
        if completed.purpose == Purpose::Reauthenticate {
            return;
        }
        let key = context.keys.session_key(context.connection, id, completed.logon.as_ref());
        let bound = (completed.purpose == Purpose::Bind).then(|| self.session(context, id)).flatten();
        let channel = if let Some(session) = bound {
            Channel::Bound(session, self.bind(context, id, key, completed.preauth.as_ref()))
        } else {
            let preauth = completed.preauth.as_ref();
            let mut session =
                Session::establish(context.keys, context.connection, id, self.negotiated, preauth, key);
            session.guest = completed.guest;
            Channel::Home(context.sessions.add(id, session))
        };
        self.channels.insert(id, channel);
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
        derived.or_else(|reason| {
            context.keys.channel_key(context.connection, id).map(Signer::new).ok_or(reason)
        })
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
        // A binding that the capture does not show.
        if context.coverage == Coverage::InPart
            && let Some(key) = context.keys.channel_key(context.connection, id)
        {
            self.channels.insert(id, Channel::Bound(session, Ok(Signer::new(key))));
        }
        Some(session)
    }

    /// A message that says it is signed.
    fn signed(
        &mut self,
        context: &mut Context<'_>,
        received: &Received<'_>,
        purpose: Option<Purpose>,
    ) -> Verdict {
        let Received { sender, session: id, header, bytes, .. } = *received;
        if matches!(id, SessionId::NONE | SessionId::RELATED) {
            return self.echoed(received).unwrap_or(Verdict::failed(Failure::BeforeKey));
        }
        let Some(session) = self.session(context, id) else {
            return self.echoed(received).unwrap_or(unknown_session(context.coverage));
        };
        let (signer, with) = match self.channels.get(&id) {
            Some(Channel::Bound(_, signer)) => (signer, SignedWith::Channel),
            _ => (&context.sessions.at(session).signer, SignedWith::Session),
        };
        let signer = match signer {
            Ok(signer) => signer,
            Err(reason) => {
                return self.echoed(received).unwrap_or(Verdict::Unchecked(reason.clone().into()));
            }
        };
        let with = if purpose == Some(Purpose::Bind) { SignedWith::SessionToBind } else { with };
        match signing::verify(&signer.prepared, sender, bytes, None) {
            Ok(signing::Verdict::Verified) if header.sender() == sender => Verdict::Verified(with),
            Ok(signing::Verdict::Verified) => Verdict::failed(Failure::WrongDirection),
            Ok(signing::Verdict::BadSignature { expected, found }) => {
                if header.command() == Command::SESSION_SETUP
                    && self.binds(context.sessions.at(session), sender, bytes)
                {
                    let bind = purpose == Some(Purpose::Bind);
                    return Verdict::Verified(if bind { SignedWith::SessionToBind } else { SignedWith::Session });
                }
                self.echoed(received).unwrap_or(Verdict::Failed {
                    expected: Some(expected),
                    found: Some(found),
                    reason: Failure::Mismatch,
                })
            }
            Ok(signing::Verdict::NotSigned) => Verdict::Unsigned(Unsigned::NotRequired),
            Err(SigningError::Malformed(error)) => Verdict::failed(error.into()),
            Err(_) => Verdict::Unchecked(NoKey::WrongAlgorithm.into()),
        }
    }

    /// Whether the session's own key signed a message that binds this connection to it: under the session's algorithm
    /// or this connection's (rule 19).
    fn binds(&self, session: &Session, sender: Sender, bytes: &[u8]) -> bool {
        let Ok(signer) = &session.signer else { return false };
        let here = self.negotiated.and_then(|negotiated| signer.with(negotiated.signing));
        std::iter::once(signer).chain(here.as_ref()).any(|signer| {
            signing::verify(&signer.prepared, sender, bytes, None) == Ok(signing::Verdict::Verified)
        })
    }

    /// A response that carries its request's signature instead of one of its own (rule 23). In clear only errors do,
    /// so that a forged answer cannot pass for an echo.
    fn echoed(&self, received: &Received<'_>) -> Option<Verdict> {
        let status = received.header.status();
        let may_echo = received.carried != Carried::InClear || status >> 30 == 3;
        (may_echo && self.copies_request(received)).then_some(Verdict::Echoed { status })
    }

    fn copies_request(&self, received: &Received<'_>) -> bool {
        let field = received.header.signature();
        received.sender == Sender::Server
            && self.requested.get(&received.header.message_id()) == Some(&field)
    }

    /// A message that does not say it is signed. Its field must then be empty, or a response's a copy (rule 22).
    fn unsigned(&mut self, context: &mut Context<'_>, received: &Received<'_>) -> Verdict {
        let Received { sender, carried, session, header, .. } = *received;
        if carried != Carried::InClear {
            return Verdict::Unsigned(Unsigned::Encrypted);
        }
        let field = header.signature();
        // Where the request may be missing from the capture, nobody can tell a copy.
        let telling = sender == Sender::Client
            || context.coverage == Coverage::FromItsStart
            || self.requested.contains_key(&header.message_id());
        if !field.is_zero() && telling && !self.copies_request(received) {
            return Verdict::Failed {
                expected: None,
                found: Some(SignatureField::Smb2(field)),
                reason: Failure::NotFlagged,
            };
        }
        let guest =
            self.channels.get(&session).is_some_and(|channel| context.sessions.at(channel.session()).guest);
        Verdict::Unsigned(match (header.command(), sender) {
            (Command::NEGOTIATE, _) => Unsigned::Negotiate,
            (Command::SESSION_SETUP, Sender::Client) => Unsigned::SessionSetupRequest,
            (Command::SESSION_SETUP, Sender::Server) => match header.status() {
                status::SUCCESS if guest => Unsigned::GuestSessionSetup,
                status::SUCCESS => Unsigned::SessionSetupWithoutSigning,
                status::MORE_PROCESSING_REQUIRED => Unsigned::SessionSetupContinues,
                error => Unsigned::SessionSetupFailed(error),
            },
            (_, Sender::Server) if header.message_id() == MessageId::UNSOLICITED => Unsigned::Notification,
            (_, Sender::Server) if header.status() == status::PENDING && header.is_async() => {
                Unsigned::Interim
            }
            _ if session == SessionId::NONE => Unsigned::OutsideSession,
            _ if guest => Unsigned::Guest,
            _ => Unsigned::NotRequired,
        })
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
fn broken_member(
    rest: &[u8],
    sender: Sender,
    error: MalformedMessage,
) -> (message::Header, usize, Verdict) {
    let header = Header::parse(rest)
        .map_or(message::Header::Unreadable, |header| message::Header::of_smb2(header, sender));
    (header, rest.len(), Verdict::failed(error.into()))
}

fn unknown_session(coverage: Coverage) -> Verdict {
    match coverage {
        Coverage::FromItsStart => Verdict::failed(Failure::UnknownSession),
        Coverage::InPart => Verdict::Unchecked(NoKey::NoSessionSetup.into()),
    }
}
