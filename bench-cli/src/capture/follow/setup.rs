//! SMB2 SESSION_SETUP exchanges: from the first request to the keys.

use std::collections::HashMap;

use smbsign_engine::protocol::session_setup::{Request, Response};
use smbsign_engine::protocol::smb2::{Header, MessageId, SessionId};
use smbsign_engine::protocol::{PreauthHash, status};

use crate::capture::keys::ntlm::{self, Logon};

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new session.
    Establish,
    /// To bind this connection to a session of another one (rule 19).
    Bind,
    /// To authenticate a live session again; its keys stay (rule 18).
    Reauthenticate,
}

/// Whether all of an exchange's messages were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Whole,
    InPart,
}

/// An exchange in progress.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    purpose: Purpose,
    preauth: PreauthHash,
    seen: Seen,
    challenge: Option<[u8; 8]>,
    logon: Option<Logon>,
}

/// An exchange that the server ended with SUCCESS.
pub(super) struct Completed {
    pub(super) purpose: Purpose,
    /// The hash to derive keys with; `None` when not all of the exchange was seen.
    pub(super) preauth: Option<PreauthHash>,
    pub(super) logon: Option<Logon>,
    pub(super) guest: bool,
}

/// The exchanges in progress on one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchanges {
    /// By the request that is to be answered.
    requested: HashMap<MessageId, Exchange>,
    /// By the session that the server asked to go on with.
    continued: HashMap<SessionId, Exchange>,
}

impl Exchanges {
    /// A request. Each exchange starts its hash from the connection's (rule 16). `live` says whether this connection
    /// knows the session already.
    pub(super) fn request(
        &mut self,
        header: Header<'_>,
        message: &[u8],
        connection_hash: Option<&PreauthHash>,
        live: bool,
    ) -> Option<Purpose> {
        let request = Request::parse(message).ok()?;
        let id = header.session_id();
        let mut exchange = self.continued.remove(&id).unwrap_or_else(|| {
            let (purpose, whole) = match (request.binding, id, live) {
                (true, ..) => (Purpose::Bind, true),
                (false, SessionId::NONE, _) => (Purpose::Establish, true),
                (false, _, true) => (Purpose::Reauthenticate, true),
                (false, _, false) => (Purpose::Establish, false),
            };
            // NTLM's last message never comes first.
            let whole = whole && connection_hash.is_some() && !ntlm::is_authenticate(request.token);
            let seen = if whole { Seen::Whole } else { Seen::InPart };
            let preauth = connection_hash.cloned().unwrap_or_default();
            Exchange { purpose, preauth, seen, challenge: None, logon: None }
        });
        exchange.preauth.update(message);
        if let Some(challenge) = exchange.challenge {
            exchange.logon = Logon::from_token(request.token, challenge);
        }
        let purpose = exchange.purpose;
        self.requested.insert(header.message_id(), exchange);
        Some(purpose)
    }

    /// A response; the completed exchange if it is the last one.
    pub(super) fn response(&mut self, header: Header<'_>, message: &[u8]) -> Option<Completed> {
        if header.status() == status::PENDING {
            return None;
        }
        let mut exchange = self.requested.remove(&header.message_id())?;
        let response = Response::parse(message).ok();
        match header.status() {
            status::MORE_PROCESSING_REQUIRED => {
                exchange.preauth.update(message);
                exchange.challenge = response.and_then(|response| ntlm::challenge(response.token));
                self.continued.insert(header.session_id(), exchange);
                None
            }
            status::SUCCESS => Some(Completed {
                purpose: exchange.purpose,
                preauth: (exchange.seen == Seen::Whole).then_some(exchange.preauth),
                logon: exchange.logon,
                guest: response.is_some_and(|response| response.is_guest_or_anonymous()),
            }),
            _ => None,
        }
    }

    /// Messages of the connection are missing, perhaps of these exchanges.
    pub(super) fn damage(&mut self) {
        for exchange in self.requested.values_mut().chain(self.continued.values_mut()) {
            exchange.seen = Seen::InPart;
        }
    }
}
