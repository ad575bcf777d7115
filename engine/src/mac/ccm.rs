//! AES-CCM as SMB 3 encrypts with it: nonces of 11 bytes, tags of 16 (SP 800-38C, MS-SMB2 2.2.41 and 3.1.4.3).

use ::ccm::aead::AeadInOut;
use ::ccm::aead::inout::InOutBuf;
use ::ccm::consts::{U11, U16};
use ::ccm::{Ccm, KeyInit};
use aes::{Aes128, Aes256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Tag;
use crate::kernels::{Backend, ccm_ni};

/// An AES-128 or AES-256 key schedule.
#[derive(Clone)]
pub struct CcmKey(Schedule);

#[derive(Clone)]
enum Schedule {
    AesNi128(ccm_ni::CcmKey<11>),
    AesNi256(ccm_ni::CcmKey<15>),
    // Boxed for their size, which software schedules make large.
    Portable128(Box<Ccm<Aes128, U16, U11>>),
    Portable256(Box<Ccm<Aes256, U16, U11>>),
}

/// Why nothing was sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CcmError {
    /// Source and destination differ in length.
    #[error("the destination has {destination} bytes for a source of {source_bytes}")]
    Destination {
        /// Bytes to seal or open.
        source_bytes: usize,
        /// Bytes to write them to.
        destination: usize,
    },
    /// The message's length does not fit its 4-byte field, or the additional data's its 2 bytes (below 65,280).
    #[error("the message or its additional data is too long for CCM with nonces of 11 bytes")]
    TooLong,
    /// Message, additional data, nonce or tag are not what was sealed under this key. The destination is zeroed.
    #[error("the message was not sealed under this key, or was changed since")]
    NotAuthentic,
}

impl CcmKey {
    /// Prepares an AES-128 key.
    #[must_use]
    pub fn aes128(key: &[u8; 16], backend: Backend) -> Self {
        Self(match backend {
            Backend::Portable => Schedule::Portable128(Box::new(Ccm::new(key.into()))),
            Backend::Avx2(proof) => Schedule::AesNi128(ccm_ni::CcmKey::aes128(proof, key)),
            Backend::Avx512(proof) => Schedule::AesNi128(ccm_ni::CcmKey::aes128(proof.avx2(), key)),
        })
    }

    /// Prepares an AES-256 key.
    #[must_use]
    pub fn aes256(key: &[u8; 32], backend: Backend) -> Self {
        Self(match backend {
            Backend::Portable => Schedule::Portable256(Box::new(Ccm::new(key.into()))),
            Backend::Avx2(proof) => Schedule::AesNi256(ccm_ni::CcmKey::aes256(proof, key)),
            Backend::Avx512(proof) => Schedule::AesNi256(ccm_ni::CcmKey::aes256(proof.avx2(), key)),
        })
    }

    /// Encrypts `plaintext` into `ciphertext`, which is as long, and authenticates it with `additional` data.
    ///
    /// A nonce must never be used twice with one key.
    ///
    /// # Errors
    /// [`CcmError::Destination`] and [`CcmError::TooLong`]; nothing is written then.
    pub fn seal(
        &self,
        nonce: &[u8; 11],
        additional: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Result<Tag, CcmError> {
        let formatted = Formatted::new(nonce, additional, plaintext, ciphertext)?;
        let context = ccm_ni::Context { nonce, formatted: formatted.as_slice(), additional };
        let tag = match &self.0 {
            Schedule::AesNi128(key) => key.seal(context, plaintext, ciphertext),
            Schedule::AesNi256(key) => key.seal(context, plaintext, ciphertext),
            Schedule::Portable128(key) => portable_seal(&**key, context, plaintext, ciphertext)?,
            Schedule::Portable256(key) => portable_seal(&**key, context, plaintext, ciphertext)?,
        };
        Ok(Tag::from_bytes(tag))
    }

    /// Decrypts `ciphertext` into `plaintext`, which is as long, if the tag is right.
    ///
    /// # Errors
    /// [`CcmError::NotAuthentic`] if the tag is wrong; [`CcmError::Destination`] and [`CcmError::TooLong`].
    pub fn open(
        &self,
        nonce: &[u8; 11],
        additional: &[u8],
        ciphertext: &[u8],
        plaintext: &mut [u8],
        tag: &Tag,
    ) -> Result<(), CcmError> {
        let formatted = Formatted::new(nonce, additional, ciphertext, plaintext)?;
        let context = ccm_ni::Context { nonce, formatted: formatted.as_slice(), additional };
        let found = match &self.0 {
            Schedule::AesNi128(key) => key.open(context, ciphertext, plaintext),
            Schedule::AesNi256(key) => key.open(context, ciphertext, plaintext),
            Schedule::Portable128(key) => return portable_open(&**key, context, ciphertext, plaintext, tag),
            Schedule::Portable256(key) => return portable_open(&**key, context, ciphertext, plaintext, tag),
        };
        if Tag::from_bytes(found) == *tag {
            return Ok(());
        }
        plaintext.zeroize();
        Err(CcmError::NotAuthentic)
    }

    /// The code that runs, for records: a kernel of this crate and its instructions, or crates and their versions.
    #[must_use]
    pub const fn implementation(&self) -> &'static str {
        match self.0 {
            Schedule::AesNi128(_) | Schedule::AesNi256(_) => "smbsign (aes-ni)",
            Schedule::Portable128(_) | Schedule::Portable256(_) => "ccm 0.6, aes 0.9",
        }
    }
}

// Every schedule wipes itself.
impl ZeroizeOnDrop for CcmKey {}

impl std::fmt::Debug for CcmKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CcmKey({})", self.implementation())
    }
}

/// The first block of the MAC's input and the encoded length of the additional data (SP 800-38C appendix A.2).
struct Formatted([u8; 18]);

impl Formatted {
    const FLAGS_TAG_16_LENGTH_4: u8 = 8 * ((16 - 2) / 2) + (4 - 1);
    const FLAG_ADDITIONAL_DATA: u8 = 0x40;

    fn new(nonce: &[u8; 11], additional: &[u8], source: &[u8], destination: &[u8]) -> Result<Self, CcmError> {
        if source.len() != destination.len() {
            return Err(CcmError::Destination { source_bytes: source.len(), destination: destination.len() });
        }
        let message_bytes = u32::try_from(source.len()).map_err(|_| CcmError::TooLong)?;
        let additional_bytes = u16::try_from(additional.len()).unwrap_or(u16::MAX);
        if additional_bytes >= 0xff00 {
            return Err(CcmError::TooLong);
        }
        let mut bytes = [0; 18];
        bytes[0] = Self::FLAGS_TAG_16_LENGTH_4;
        if additional_bytes > 0 {
            bytes[0] |= Self::FLAG_ADDITIONAL_DATA;
        }
        bytes[1..12].copy_from_slice(nonce);
        bytes[12..16].copy_from_slice(&message_bytes.to_be_bytes());
        bytes[16..].copy_from_slice(&additional_bytes.to_be_bytes());
        Ok(Self(bytes))
    }

    /// Without additional data its length is not encoded either.
    fn as_slice(&self) -> &[u8] {
        let has_additional = self.0[0] & Self::FLAG_ADDITIONAL_DATA != 0;
        self.0.split_at(if has_additional { 18 } else { 16 }).0
    }
}

fn portable_seal(
    key: &impl AeadInOut<NonceSize = U11, TagSize = U16>,
    context: ccm_ni::Context<'_>,
    plaintext: &[u8],
    ciphertext: &mut [u8],
) -> Result<[u8; 16], CcmError> {
    let both = InOutBuf::new(plaintext, ciphertext).map_err(|_| CcmError::TooLong)?;
    let tag = key.encrypt_inout_detached(context.nonce.into(), context.additional, both);
    Ok(tag.map_err(|_| CcmError::TooLong)?.into())
}

fn portable_open(
    key: &impl AeadInOut<NonceSize = U11, TagSize = U16>,
    context: ccm_ni::Context<'_>,
    ciphertext: &[u8],
    plaintext: &mut [u8],
    tag: &Tag,
) -> Result<(), CcmError> {
    let both = InOutBuf::new(ciphertext, plaintext).map_err(|_| CcmError::TooLong)?;
    key.decrypt_inout_detached(context.nonce.into(), context.additional, both, tag.as_bytes().into())
        .map_err(|_| CcmError::NotAuthentic)
}
