//! Encrypts and decrypts SMB 3 messages: the transform that replaces signing (MS-SMB2 3.1.4.3; rules 26, 27).

mod aead;
pub mod reference;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::kernels::Backend;
use crate::protocol::smb2::SessionId;
use crate::protocol::transform::{HEADER_BYTES, TransformHeader};
use crate::protocol::{Cipher, CipherKey, MalformedMessage, Signature};
use aead::Aead;

/// Why a message can be neither sealed nor opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealingError {
    /// The frame's bytes are no transform header with its ciphertext.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    /// The destination has the wrong length.
    #[error("the destination takes {found} bytes where {needed} are needed")]
    DestinationLength {
        /// Bytes needed, exactly.
        needed: usize,
        /// Bytes given.
        found: usize,
    },
    /// The key, the ciphertext or the header is not what was sealed.
    #[error("the tag does not fit: wrong key, or the message was changed")]
    NotAuthentic,
    /// The message is longer than OriginalMessageSize or the cipher can say.
    #[error("{0} bytes are too long for one encrypted message")]
    TooLong(usize),
    /// A key has sealed 2⁶⁴ messages.
    #[error("every nonce of this key is used")]
    NoncesExhausted,
}

/// Seals what one end of a session sends.
///
/// The key counts its own nonces, from 0 up, and can be neither copied nor reset: as long as a session makes one
/// `SealingKey` of each of its [`CipherKey`]s, no nonce is used twice. Threads may share it.
#[derive(Debug)]
pub struct SealingKey {
    aead: Aead,
    session_id: SessionId,
    next_nonce: AtomicU64,
}

impl SealingKey {
    /// Prepares the key of the sending direction.
    #[must_use]
    pub fn new(key: &CipherKey, session_id: SessionId, backend: Backend) -> Self {
        Self { aead: Aead::new(key, backend), session_id, next_nonce: AtomicU64::new(0) }
    }

    /// The cipher.
    #[must_use]
    pub const fn cipher(&self) -> Cipher {
        self.aead.cipher()
    }

    /// The code that runs, for records: a crate and its version, or a kernel of this crate.
    #[must_use]
    pub const fn implementation(&self) -> &'static str {
        self.aead.implementation()
    }

    fn nonce(&self) -> Result<[u8; 16], SealingError> {
        let count = self
            .next_nonce
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1))
            .map_err(|_| SealingError::NoncesExhausted)?;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&count.to_le_bytes());
        Ok(nonce)
    }
}

/// Opens what the other end of a session sends.
#[derive(Debug)]
pub struct OpeningKey {
    aead: Aead,
}

impl OpeningKey {
    /// Prepares the key of the receiving direction.
    #[must_use]
    pub fn new(key: &CipherKey, backend: Backend) -> Self {
        Self { aead: Aead::new(key, backend) }
    }

    /// The cipher.
    #[must_use]
    pub const fn cipher(&self) -> Cipher {
        self.aead.cipher()
    }
}

/// Encrypts `plaintext`, a message or a whole compound chain, into `frame`: transform header, then ciphertext.
///
/// `frame` takes [`HEADER_BYTES`] bytes more than the plaintext, exactly.
///
/// # Errors
/// [`SealingError`]; what `frame` holds is then unspecified.
pub fn seal(key: &SealingKey, plaintext: &[u8], frame: &mut [u8]) -> Result<(), SealingError> {
    let original_message_size =
        u32::try_from(plaintext.len()).map_err(|_| SealingError::TooLong(plaintext.len()))?;
    let needed = HEADER_BYTES + plaintext.len();
    if frame.len() != needed {
        return Err(SealingError::DestinationLength { needed, found: frame.len() });
    }
    let mut header = TransformHeader {
        signature: Signature::from_bytes([0; Signature::BYTES]),
        nonce: key.nonce()?,
        original_message_size,
        reserved: 0,
        flags: TransformHeader::ENCRYPTED,
        session_id: key.session_id,
    };
    let (head, ciphertext) = frame.split_at_mut(HEADER_BYTES);
    let tag = key.aead.seal(&header.nonce, &header.aad(), plaintext, ciphertext)?;
    header.signature = Signature::from_bytes(tag);
    head.copy_from_slice(&header.encode());
    Ok(())
}

/// Decrypts `frame`, transform header and ciphertext, into `plaintext`, which takes OriginalMessageSize bytes exactly:
/// [`HEADER_BYTES`] fewer than the frame.
///
/// # Errors
/// [`SealingError`]; `plaintext` must then not be used.
pub fn open(key: &OpeningKey, frame: &[u8], plaintext: &mut [u8]) -> Result<(), SealingError> {
    let (header, ciphertext) = TransformHeader::parse(frame)?;
    if plaintext.len() != ciphertext.len() {
        return Err(SealingError::DestinationLength { needed: ciphertext.len(), found: plaintext.len() });
    }
    key.aead.open(&header.nonce, &header.aad(), ciphertext, header.signature.as_bytes(), plaintext)
}
