//! The four ciphers behind one pair of calls, source into destination.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::SealingError;
use crate::kernels::Backend;
use crate::mac::{CcmError, CcmKey, Tag};
use crate::protocol::{Cipher, CipherKey};

/// A prepared cipher key.
pub(super) struct Aead {
    cipher: Cipher,
    schedule: Schedule,
}

enum Schedule {
    Gcm(Box<LessSafeKey>),
    Ccm(Box<CcmKey>),
}

impl Aead {
    pub(super) fn new(key: &CipherKey, backend: Backend) -> Self {
        const CHECKED: &str = "CipherKey has checked its length";
        let bytes = key.as_bytes();
        let gcm = |algorithm| {
            Schedule::Gcm(Box::new(LessSafeKey::new(UnboundKey::new(algorithm, bytes).expect(CHECKED))))
        };
        let schedule = match key.cipher() {
            Cipher::Aes128Gcm => gcm(&AES_128_GCM),
            Cipher::Aes256Gcm => gcm(&AES_256_GCM),
            Cipher::Aes128Ccm => {
                Schedule::Ccm(Box::new(CcmKey::aes128(bytes.try_into().expect(CHECKED), backend)))
            }
            Cipher::Aes256Ccm => {
                Schedule::Ccm(Box::new(CcmKey::aes256(bytes.try_into().expect(CHECKED), backend)))
            }
        };
        Self { cipher: key.cipher(), schedule }
    }

    pub(super) const fn cipher(&self) -> Cipher {
        self.cipher
    }

    pub(super) const fn implementation(&self) -> &'static str {
        match &self.schedule {
            Schedule::Gcm(_) => "aws-lc-rs 1.19",
            Schedule::Ccm(key) => key.implementation(),
        }
    }

    /// Encrypts `plaintext` into `ciphertext`, which is as long, and gives the tag. `nonce` is the header's field.
    pub(super) fn seal(
        &self,
        nonce: &[u8; 16],
        aad: &[u8],
        plaintext: &[u8],
        ciphertext: &mut [u8],
    ) -> Result<[u8; 16], SealingError> {
        let too_long = SealingError::TooLong(plaintext.len());
        match &self.schedule {
            Schedule::Gcm(key) => {
                let (nonce, aad) = (Nonce::assume_unique_for_key(first_bytes(nonce)), Aad::from(aad));
                let mut tag = [0; 16];
                key.seal_out_of_place_scatter(nonce, aad, plaintext, ciphertext, &[], &mut tag)
                    .map_err(|_| too_long)?;
                Ok(tag)
            }
            Schedule::Ccm(key) => {
                let tag = key.seal(&first_bytes(nonce), aad, plaintext, ciphertext).map_err(|_| too_long)?;
                Ok(*tag.as_bytes())
            }
        }
    }

    /// Decrypts `ciphertext` into `plaintext`, which is as long.
    pub(super) fn open(
        &self,
        nonce: &[u8; 16],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8; 16],
        plaintext: &mut [u8],
    ) -> Result<(), SealingError> {
        match &self.schedule {
            Schedule::Gcm(key) => {
                let (nonce, aad) = (Nonce::assume_unique_for_key(first_bytes(nonce)), Aad::from(aad));
                key.open_separate_gather(nonce, aad, ciphertext, tag, plaintext)
                    .map_err(|_| SealingError::NotAuthentic)
            }
            Schedule::Ccm(key) => {
                let tag = Tag::from_bytes(*tag);
                key.open(&first_bytes(nonce), aad, ciphertext, plaintext, &tag).map_err(|error| match error {
                    CcmError::TooLong => SealingError::TooLong(ciphertext.len()),
                    _ => SealingError::NotAuthentic,
                })
            }
        }
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aead({}, …)", self.cipher)
    }
}

/// As many bytes of the nonce field as a cipher uses (rule 26).
fn first_bytes<const N: usize>(field: &[u8; 16]) -> [u8; N] {
    std::array::from_fn(|at| field[at])
}
