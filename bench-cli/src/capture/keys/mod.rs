//! Where the keys of a capture's sessions come from: a key file, or credentials and the NTLM logons in the capture.

mod file;
pub mod ntlm;
mod secret;

use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::{CipherKey, Sender, SessionKey, SigningKey};

use super::Connection;
pub(super) use file::Role;
pub use file::{KeyFile, KeyFileError};
use ntlm::{Logon, NoSessionKey};
pub use secret::Secret;

/// A user who may have logged on.
#[derive(Debug, Clone)]
pub struct Credentials {
    user: String,
    domain: String,
    password: Secret<String>,
}

impl Credentials {
    /// A user's name, domain (empty: any) and password.
    #[must_use]
    pub fn new(user: String, domain: String, password: Secret<String>) -> Self {
        Self { user, domain, password }
    }

    /// Whether these could be the logon's. A client may send another name for the domain (a server's, or none), which
    /// then enters the key as sent (rule 14): the domain decides between users, it does not exclude the only one.
    fn fit(&self, logon: &Logon) -> bool {
        same_name(&self.user, &logon.user)
    }
}

fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Why a session's key is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoKey {
    /// Neither a key file nor the capture tells anything about it.
    #[error("its session setup is not in the capture and no key file has its key")]
    NoSessionSetup,
    /// The session setup is there, but not all of it.
    #[error("its session setup is damaged in the capture and no key file has its key")]
    DamagedSessionSetup,
    /// Kerberos, or whatever else is no NTLM.
    #[error("it was not set up by NTLM: its session key must come from a key file")]
    NotNtlm,
    /// An NTLM logon by someone whose password is not known.
    #[error("no password is given for {domain}\\{user}")]
    NoPassword {
        /// The user, as sent.
        user: String,
        /// The domain, as sent.
        domain: String,
    },
    /// An encrypted message, though no cipher was agreed on.
    #[error("no cipher was negotiated")]
    NoCipher,
    /// A key file gives a key of an algorithm that cannot sign such messages.
    #[error("the key file names an algorithm that does not sign such messages")]
    WrongAlgorithm,
    /// The password is known, and still there is no key.
    #[error("{0}")]
    Logon(#[from] NoSessionKey),
}

/// The keys to verify a capture with. Credentials given on their own are never mixed with a key file's keys.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    credentials: Vec<Credentials>,
    file: KeyFile,
}

impl Keys {
    /// Everything from users' passwords.
    #[must_use]
    pub fn from_credentials(credentials: Vec<Credentials>) -> Self {
        Self { credentials, file: KeyFile::default() }
    }

    /// What a key file holds: keys where it has them, its credentials where it does not.
    #[must_use]
    pub fn from_file(mut file: KeyFile) -> Self {
        Self { credentials: file.take_credentials(), file }
    }

    /// The key that authentication of this session on this connection yielded: the file's, else what its password
    /// makes of the logon.
    pub(super) fn session_key(
        &self,
        connection: &Connection,
        session: SessionId,
        logon: Option<&Logon>,
    ) -> Result<SessionKey, NoKey> {
        match self.file.session_key(connection, session) {
            Some(key) => Ok(key),
            None => self.logon_key(logon.ok_or(NoKey::NotNtlm)?),
        }
    }

    fn logon_key(&self, logon: &Logon) -> Result<SessionKey, NoKey> {
        if logon.is_anonymous() {
            return Ok(logon.session_key("")?);
        }
        let mut fitting: Vec<_> = self.credentials.iter().filter(|known| known.fit(logon)).collect();
        fitting.sort_by_key(|known| !same_name(&known.domain, &logon.domain));
        let mut result = Err(NoKey::NoPassword { user: logon.user.clone(), domain: logon.domain.clone() });
        for known in fitting {
            result = logon.session_key(&known.password).map_err(NoKey::from);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// The session's signing key that the file gives ready made, for when its derivation cannot be followed.
    pub(super) fn signing_key(&self, connection: &Connection, session: SessionId) -> Option<SigningKey> {
        self.file.signing_key(connection, session)
    }

    /// What the file says this connection is to a session.
    pub(super) fn role(&self, connection: &Connection, session: SessionId) -> Option<Role> {
        self.file.role(connection, session)
    }

    /// The cipher key that the file gives ready made.
    pub(super) fn cipher_key(
        &self,
        connection: &Connection,
        session: SessionId,
        sender: Sender,
    ) -> Option<CipherKey> {
        self.file.cipher_key(connection, session, sender)
    }

    /// The MAC key that the file gives for an SMB1 connection.
    pub(super) fn smb1_key(&self, connection: &Connection) -> Option<SigningKey> {
        self.file.smb1_key(connection)
    }
}
