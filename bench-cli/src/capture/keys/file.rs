//! The JSON that holds a capture's keys.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::{Cipher, CipherKey, Sender, SessionKey, SigningAlgorithm, SigningKey};

use super::{Connection, Credentials, Secret};

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("cannot read the key file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no JSON, or not of the schema.
    #[error("{} is no key file: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
}

/// What a capture's JSON says about its sessions; whatever else it holds is passed over. Every field is optional:
/// credentials alone suffice for NTLM, a session key for a session whose setup is in the capture, and a signing key
/// for any session.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct KeyFile {
    #[serde(default)]
    credentials: Vec<CredentialsEntry>,
    #[serde(default)]
    connections: Vec<ConnectionEntry>,
    #[serde(default)]
    sessions: Vec<SessionEntry>,
}

#[derive(Debug, Clone, Deserialize)]
struct CredentialsEntry {
    user: String,
    #[serde(default)]
    domain: Option<String>,
    password: Secret<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct ConnectionEntry {
    index: usize,
    client_port: Option<u16>,
    server_port: Option<u16>,
}

#[derive(Debug, Clone, Deserialize)]
struct SessionEntry {
    #[serde(default)]
    connection: usize,
    #[serde(deserialize_with = "session_id")]
    session_id: u64,
    #[serde(default, deserialize_with = "signing_algorithm")]
    signing_algorithm: Option<SigningAlgorithm>,
    #[serde(default, deserialize_with = "cipher")]
    cipher: Option<Cipher>,
    session_key: Option<Secret<Vec<u8>>>,
    signing_key: Option<Secret<Vec<u8>>>,
    mac_key: Option<Secret<Vec<u8>>>,
    client_to_server_cipher_key: Option<Secret<Vec<u8>>>,
    server_to_client_cipher_key: Option<Secret<Vec<u8>>>,
    #[serde(default)]
    bound_channels: Vec<ChannelEntry>,
}

/// A connection bound to the session of another one (rule 19).
#[derive(Debug, Clone, Deserialize)]
struct ChannelEntry {
    connection: usize,
    #[serde(default, deserialize_with = "signing_algorithm")]
    signing_algorithm: Option<SigningAlgorithm>,
    session_key: Option<Secret<Vec<u8>>>,
    signing_key: Option<Secret<Vec<u8>>>,
}

/// What a connection is to a session (rule 19).
#[derive(Debug)]
pub(in crate::capture) enum Role {
    /// The session was set up on it.
    Home,
    /// It was bound to the session, with this key.
    Channel(SigningKey),
}

impl KeyFile {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyFileError`] when it cannot be read or is not of the schema.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let text = fs::read(path)
            .map(Secret::new)
            .map_err(|source| KeyFileError::Unreadable { path: path.to_owned(), source })?;
        serde_json::from_slice(&text)
            .map_err(|source| KeyFileError::Malformed { path: path.to_owned(), source })
    }

    pub(super) fn take_credentials(&mut self) -> Vec<Credentials> {
        std::mem::take(&mut self.credentials)
            .into_iter()
            .map(|entry| Credentials {
                user: entry.user,
                domain: entry.domain.unwrap_or_default(),
                password: entry.password,
            })
            .collect()
    }

    pub(super) fn session_key(&self, connection: &Connection, id: SessionId) -> Option<SessionKey> {
        let (session, channel) = self.find(connection, id)?;
        let bytes = match channel {
            Some(channel) => channel.session_key.as_ref()?,
            None => session.session_key.as_ref()?,
        };
        SessionKey::new(bytes).ok()
    }

    pub(super) fn signing_key(&self, connection: &Connection, id: SessionId) -> Option<SigningKey> {
        let (session, _) = self.find(connection, id)?;
        SigningKey::new(session.signing_algorithm?, session.signing_key.as_ref()?).ok()
    }

    pub(super) fn role(&self, connection: &Connection, id: SessionId) -> Option<Role> {
        let (session, channel) = self.find(connection, id)?;
        let Some(channel) = channel else { return Some(Role::Home) };
        let algorithm = channel.signing_algorithm.or(session.signing_algorithm)?;
        SigningKey::new(algorithm, channel.signing_key.as_ref()?).ok().map(Role::Channel)
    }

    pub(super) fn cipher_key(
        &self,
        connection: &Connection,
        id: SessionId,
        sender: Sender,
    ) -> Option<CipherKey> {
        let (session, _) = self.find(connection, id)?;
        let bytes = match sender {
            Sender::Client => &session.client_to_server_cipher_key,
            Sender::Server => &session.server_to_client_cipher_key,
        };
        CipherKey::new(session.cipher?, bytes.as_ref()?).ok()
    }

    /// The first session of the connection that has a key gives it to all that follow (rule 36).
    pub(super) fn smb1_key(&self, connection: &Connection) -> Option<SigningKey> {
        let index = self.index_of(connection);
        self.sessions
            .iter()
            .filter(|session| session.connection == index)
            .find_map(|session| SigningKey::new(SigningAlgorithm::Md5, session.mac_key.as_ref()?).ok())
    }

    /// The entry of a session on a connection: its own, or that of a channel bound to it.
    fn find(&self, connection: &Connection, id: SessionId) -> Option<(&SessionEntry, Option<&ChannelEntry>)> {
        let index = self.index_of(connection);
        self.sessions.iter().filter(|session| session.session_id == id.0).find_map(|session| {
            let channel = session.bound_channels.iter().find(|channel| channel.connection == index);
            (session.connection == index || channel.is_some()).then_some((session, channel))
        })
    }

    /// The file's own index of a connection: by ports where it lists them, since a capture that was cut or filtered
    /// counts otherwise.
    fn index_of(&self, connection: &Connection) -> usize {
        let ports = (Some(connection.client.port()), Some(connection.server.port()));
        self.connections
            .iter()
            .filter(|entry| (entry.client_port, entry.server_port) == ports)
            .min_by_key(|entry| entry.index != connection.index)
            .map_or(connection.index, |entry| entry.index)
    }
}

fn session_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(u64),
        Hexadecimal(String),
    }
    match Id::deserialize(deserializer)? {
        Id::Number(number) => Ok(number),
        Id::Hexadecimal(digits) => {
            u64::from_str_radix(digits.trim_start_matches("0x"), 16).map_err(de::Error::custom)
        }
    }
}

fn signing_algorithm<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SigningAlgorithm>, D::Error> {
    named(deserializer, &SigningAlgorithm::ALL, SigningAlgorithm::name)
}

fn cipher<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cipher>, D::Error> {
    named(deserializer, &Cipher::ALL, Cipher::name)
}

/// One of `all` by its name, in upper or lower case.
fn named<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<Option<T>, D::Error> {
    let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let found = all.iter().copied().find(|one| name_of(*one).eq_ignore_ascii_case(&name));
    found.map(Some).ok_or_else(|| de::Error::custom(format!("unknown algorithm {name:?}")))
}
