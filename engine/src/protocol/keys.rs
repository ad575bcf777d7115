//! Session keys, and the keys derived from them.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Cipher, Dialect, PreauthHash, Sender, SigningAlgorithm, kdf};

/// A key that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key has a length that its algorithm does not take.
    #[error("{algorithm} takes a key of {expected} bytes, not {found}")]
    Length {
        /// The algorithm's name.
        algorithm: &'static str,
        /// Bytes it takes; for MD5, at least so many.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The dialect knows no such algorithm or cipher.
    #[error("SMB {dialect} does not know {algorithm}")]
    NotInDialect {
        /// The dialect.
        dialect: Dialect,
        /// The algorithm's or cipher's name.
        algorithm: &'static str,
    },
    /// 3.1.1 derives its keys from the pre-authentication hash, and none was given.
    #[error("SMB 3.1.1 derives keys from the pre-authentication hash")]
    PreauthHashMissing,
}

/// The key that authentication yielded: 16 bytes from NTLM, 16 or 32 from Kerberos.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey(Vec<u8>);

impl SessionKey {
    /// Takes the key as authentication yielded it; at least one byte.
    ///
    /// # Errors
    /// [`KeyError::Length`] for an empty key.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.is_empty() {
            return Err(KeyError::Length { algorithm: "a session", expected: 16, found: 0 });
        }
        Ok(Self(bytes.to_vec()))
    }

    /// Session.SessionKey of MS-SMB2 3.2.1.3: the first 16 bytes, padded with zeros where there are fewer (rule 15).
    fn first_16(&self) -> Zeroizing<[u8; 16]> {
        let mut key = Zeroizing::new([0; 16]);
        for (to, from) in key.iter_mut().zip(&self.0) {
            *to = *from;
        }
        key
    }

    /// The input of the key derivation: Session.FullSessionKey for keys of 256 bits, else the first 16 bytes.
    fn derive(&self, label: &[u8], context: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
        if length > 16 && self.0.len() > 16 {
            kdf::derive(&self.0, label, context, length)
        } else {
            kdf::derive(&*self.first_16(), label, context, length)
        }
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// A key that signs: what the KDF yields under SMB 3, the session key itself below (rules 9, 10).
#[derive(Clone, ZeroizeOnDrop)]
pub struct SigningKey {
    #[zeroize(skip)]
    algorithm: SigningAlgorithm,
    bytes: Vec<u8>,
}

impl SigningKey {
    /// A key with exactly these bytes: 16, but for MD5 16 and more (session key, then the challenge response).
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub fn new(algorithm: SigningAlgorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let fits = match algorithm {
            SigningAlgorithm::Md5 => bytes.len() >= 16,
            _ => bytes.len() == 16,
        };
        if !fits {
            return Err(KeyError::Length { algorithm: algorithm.name(), expected: 16, found: bytes.len() });
        }
        Ok(Self { algorithm, bytes: bytes.to_vec() })
    }

    /// The signing key of a session, or with a new authentication's key and hash, of a channel bound to it (rule 19).
    ///
    /// `preauth` is the value after the last SESSION_SETUP request; only 3.1.1 uses it (rules 15, 16). For SMB1 this
    /// is the key of an extended-security logon, to which nothing is appended (rule 29).
    ///
    /// # Errors
    /// [`KeyError`] when the dialect does not know the algorithm, or 3.1.1 lacks its hash.
    pub fn derive(
        session: &SessionKey,
        dialect: Dialect,
        algorithm: SigningAlgorithm,
        preauth: Option<&PreauthHash>,
    ) -> Result<Self, KeyError> {
        if !dialect.signing_algorithms().contains(&algorithm) {
            return Err(KeyError::NotInDialect { dialect, algorithm: algorithm.name() });
        }
        let bytes = match dialect {
            Dialect::Smb1 => return Self::smb1(session, &[]),
            Dialect::Smb202 | Dialect::Smb210 => session.first_16().to_vec(),
            Dialect::Smb300 | Dialect::Smb302 => session.derive(b"SMB2AESCMAC\0", b"SmbSign\0", 16).to_vec(),
            Dialect::Smb311 => session.derive(b"SMBSigningKey\0", context(preauth)?, 16).to_vec(),
        };
        Ok(Self { algorithm, bytes })
    }

    /// SMB1's MAC key: the whole session key, then the NT challenge response exactly as sent when the logon went
    /// without extended security, else nothing (rule 29; MS-CIFS 3.1.4.1).
    ///
    /// # Errors
    /// [`KeyError::Length`] when both together have fewer than 16 bytes.
    pub fn smb1(session: &SessionKey, challenge_response: &[u8]) -> Result<Self, KeyError> {
        let key = Zeroizing::new([&session.0, challenge_response].concat());
        Self::new(SigningAlgorithm::Md5, &key)
    }

    /// The algorithm the key is for.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The key's bytes: 16, for MD5 possibly more.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.algorithm)
    }
}

/// A key that encrypts one direction of a session.
#[derive(Clone, ZeroizeOnDrop)]
pub struct CipherKey {
    #[zeroize(skip)]
    cipher: Cipher,
    bytes: Vec<u8>,
}

impl CipherKey {
    /// A key with exactly these bytes: 16 or 32, by cipher.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub fn new(cipher: Cipher, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != cipher.key_bytes() {
            let (algorithm, expected) = (cipher.name(), cipher.key_bytes());
            return Err(KeyError::Length { algorithm, expected, found: bytes.len() });
        }
        Ok(Self { cipher, bytes: bytes.to_vec() })
    }

    /// The key for what `sender` encrypts (rule 15): Session.EncryptionKey of the client, or of the server.
    ///
    /// # Errors
    /// [`KeyError`] when the dialect does not know the cipher, or 3.1.1 lacks its hash.
    pub fn derive(
        session: &SessionKey,
        dialect: Dialect,
        cipher: Cipher,
        sender: Sender,
        preauth: Option<&PreauthHash>,
    ) -> Result<Self, KeyError> {
        if !dialect.ciphers().contains(&cipher) {
            return Err(KeyError::NotInDialect { dialect, algorithm: cipher.name() });
        }
        let (label, context): (&[u8], &[u8]) = match (dialect, sender) {
            (Dialect::Smb311, Sender::Client) => (b"SMBC2SCipherKey\0", context(preauth)?),
            (Dialect::Smb311, Sender::Server) => (b"SMBS2CCipherKey\0", context(preauth)?),
            (_, Sender::Client) => (b"SMB2AESCCM\0", b"ServerIn \0"),
            (_, Sender::Server) => (b"SMB2AESCCM\0", b"ServerOut\0"),
        };
        Ok(Self { cipher, bytes: session.derive(label, context, cipher.key_bytes()).to_vec() })
    }

    /// The cipher the key is for.
    #[must_use]
    pub const fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The key's bytes: 16 or 32.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CipherKey({}, …)", self.cipher)
    }
}

/// Session.ApplicationKey: what SMB hands to protocols above it (MS-SMB2 3.1.4.2).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ApplicationKey([u8; 16]);

impl ApplicationKey {
    /// The application key of a session: derived under SMB 3, the session key itself below.
    ///
    /// # Errors
    /// [`KeyError::PreauthHashMissing`] when 3.1.1 lacks its hash.
    pub fn derive(
        session: &SessionKey,
        dialect: Dialect,
        preauth: Option<&PreauthHash>,
    ) -> Result<Self, KeyError> {
        let derived = match dialect {
            Dialect::Smb1 | Dialect::Smb202 | Dialect::Smb210 => return Ok(Self(*session.first_16())),
            Dialect::Smb300 | Dialect::Smb302 => session.derive(b"SMB2APP\0", b"SmbRpc\0", 16),
            Dialect::Smb311 => session.derive(b"SMBAppKey\0", context(preauth)?, 16),
        };
        let mut key = Self([0; 16]);
        key.0.copy_from_slice(&derived);
        Ok(key)
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for ApplicationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApplicationKey(…)")
    }
}

fn context(preauth: Option<&PreauthHash>) -> Result<&[u8], KeyError> {
    preauth.map(|hash| &hash.as_bytes()[..]).ok_or(KeyError::PreauthHashMissing)
}
