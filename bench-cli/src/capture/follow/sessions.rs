//! The SMB2 sessions of a capture and their keys.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::{Cipher, CipherKey, Dialect, PreauthHash, Sender, SessionKey, SigningKey};
use smbsign_engine::protocol::{SigningAlgorithm, negotiate::NegotiateResponse};
use smbsign_engine::sealing::OpeningKey;

use crate::capture::Connection;
use crate::capture::keys::{Keys, NoKey};

/// What NEGOTIATE settled for a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Negotiated {
    pub(super) dialect: Dialect,
    pub(super) signing: SigningAlgorithm,
    pub(super) encryption: Option<Cipher>,
    pub(super) compression: bool,
}

impl Negotiated {
    pub(super) fn from_response(response: &NegotiateResponse) -> Option<Self> {
        Some(Self {
            dialect: response.dialect()?,
            signing: response.signing()?,
            encryption: response.encryption(),
            compression: response.compression,
        })
    }
}

/// A signing key, ready for use.
#[derive(Clone)]
pub(super) struct Signer {
    key: SigningKey,
    /// Checks that wait have it, too.
    pub(super) prepared: Arc<PreparedKey>,
}

impl Signer {
    pub(super) fn new(key: SigningKey) -> Self {
        Self { prepared: Arc::new(PreparedKey::new(&key, Backend::detect())), key }
    }

    /// The same key under another algorithm.
    pub(super) fn with(&self, algorithm: SigningAlgorithm) -> Option<Self> {
        (algorithm != self.key.algorithm())
            .then(|| SigningKey::new(algorithm, self.key.as_bytes()).ok().map(Self::new))
            .flatten()
    }
}

/// A session. Its keys are its own, whatever connection its messages come on (rule 20).
pub(super) struct Session {
    pub(super) signer: Result<Signer, NoKey>,
    openers: Result<[OpeningKey; 2], NoKey>,
    pub(super) guest: bool,
    server: SocketAddr,
}

impl Session {
    /// The session that a completed setup makes. `preauth` is `None` when not all of the exchange was seen: its keys
    /// can then not be derived under 3.1.1.
    pub(super) fn establish(
        keys: &Keys,
        connection: &Connection,
        id: SessionId,
        negotiated: Option<Negotiated>,
        preauth: Option<&PreauthHash>,
        session_key: Result<SessionKey, NoKey>,
    ) -> Self {
        let mut session = match (negotiated, session_key) {
            (Some(negotiated), Ok(key)) => Self {
                signer: derive_signer(&key, negotiated, preauth),
                openers: derive_openers(&key, negotiated, preauth),
                guest: false,
                server: connection.server,
            },
            (None, Ok(_)) => Self::without_key(connection, NoKey::DamagedSessionSetup),
            (_, Err(reason)) => Self::without_key(connection, reason),
        };
        session.complete_from_file(keys, connection, id);
        session
    }

    /// A session whose setup nobody saw: what a key file has of it, if anything.
    pub(super) fn from_file(keys: &Keys, connection: &Connection, id: SessionId) -> Option<Self> {
        let mut session = Self::without_key(connection, NoKey::NoSessionSetup);
        session.complete_from_file(keys, connection, id);
        (session.signer.is_ok() || session.openers.is_ok()).then_some(session)
    }

    fn without_key(connection: &Connection, reason: NoKey) -> Self {
        Self { signer: Err(reason.clone()), openers: Err(reason), guest: false, server: connection.server }
    }

    /// Ready-made keys stand in where derivation did not get through.
    fn complete_from_file(&mut self, keys: &Keys, connection: &Connection, id: SessionId) {
        if self.signer.is_err()
            && let Some(key) = keys.signing_key(connection, id)
        {
            self.signer = Ok(Signer::new(key));
        }
        let cipher_key = |sender| keys.cipher_key(connection, id, sender);
        if self.openers.is_err()
            && let (Some(client), Some(server)) = (cipher_key(Sender::Client), cipher_key(Sender::Server))
        {
            self.openers = Ok([prepare(&client), prepare(&server)]);
        }
    }

    /// What opens the transforms of `sender`.
    pub(super) fn opener(&self, sender: Sender) -> Result<&OpeningKey, &NoKey> {
        let [client, server] = self.openers.as_ref()?;
        Ok(match sender {
            Sender::Client => client,
            Sender::Server => server,
        })
    }
}

/// The signing key of a session or, with a new authentication's key, of a channel.
pub(super) fn derive_signer(
    key: &SessionKey,
    negotiated: Negotiated,
    preauth: Option<&PreauthHash>,
) -> Result<Signer, NoKey> {
    SigningKey::derive(key, negotiated.dialect, negotiated.signing, preauth)
        .map(Signer::new)
        .map_err(|_| NoKey::DamagedSessionSetup)
}

fn derive_openers(
    key: &SessionKey,
    negotiated: Negotiated,
    preauth: Option<&PreauthHash>,
) -> Result<[OpeningKey; 2], NoKey> {
    let cipher = negotiated.encryption.ok_or(NoKey::NoCipher)?;
    let opener = |sender| {
        CipherKey::derive(key, negotiated.dialect, cipher, sender, preauth)
            .map(|key| prepare(&key))
            .map_err(|_| NoKey::DamagedSessionSetup)
    };
    Ok([opener(Sender::Client)?, opener(Sender::Server)?])
}

fn prepare(key: &CipherKey) -> OpeningKey {
    OpeningKey::new(key, Backend::detect())
}

/// A session's place in [`Sessions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionIndex(usize);

/// Every session of the capture, found by its SessionId from any connection.
#[derive(Clone, Default)]
pub(super) struct Sessions {
    all: Vec<Arc<Session>>,
    by_id: HashMap<SessionId, Vec<SessionIndex>>,
}

impl Sessions {
    pub(super) fn add(&mut self, id: SessionId, session: Session) -> SessionIndex {
        let index = SessionIndex(self.all.len());
        self.all.push(Arc::new(session));
        self.by_id.entry(id).or_default().push(index);
        index
    }

    pub(super) fn at(&self, index: SessionIndex) -> &Session {
        &self.all[index.0]
    }

    /// The latest session with this id: of this server if it has one, since servers choose ids independently, else of
    /// another address, which may be the same server's.
    pub(super) fn find(&self, id: SessionId, server: SocketAddr) -> Option<SessionIndex> {
        let indices = self.by_id.get(&id)?;
        let same_server = indices.iter().rev().find(|index| self.at(**index).server == server);
        same_server.or(indices.last()).copied()
    }
}
