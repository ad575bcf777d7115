//! The four ciphers behind one pair of calls, source into destination.

use std::fmt;

use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ccm::Ccm;
use ccm::aead::inout::InOutBuf;
use ccm::aead::{AeadInOut, KeyInit};
use ccm::consts::{U11, U16};

use super::SealingError;
use crate::protocol::{Cipher, CipherKey};

/// CCM with the lengths of MS-SMB2 2.2.41: 16 bytes of tag, 11 of nonce.
type SmbCcm<C> = Ccm<C, U16, U11>;

/// A prepared cipher key.
pub(super) enum Aead {
    Aes128Gcm(LessSafeKey),
    Aes256Gcm(LessSafeKey),
    Aes128Ccm(Box<SmbCcm<Aes128>>),
    Aes256Ccm(Box<SmbCcm<Aes256>>),
}

impl Aead {
    pub(super) fn new(key: &CipherKey) -> Self {
        const CHECKED: &str = "CipherKey has checked its length";
        let bytes = key.as_bytes();
        let gcm = |algorithm| LessSafeKey::new(UnboundKey::new(algorithm, bytes).expect(CHECKED));
        match key.cipher() {
            Cipher::Aes128Gcm => Self::Aes128Gcm(gcm(&AES_128_GCM)),
            Cipher::Aes256Gcm => Self::Aes256Gcm(gcm(&AES_256_GCM)),
            Cipher::Aes128Ccm => Self::Aes128Ccm(Box::new(Ccm::new_from_slice(bytes).expect(CHECKED))),
            Cipher::Aes256Ccm => Self::Aes256Ccm(Box::new(Ccm::new_from_slice(bytes).expect(CHECKED))),
        }
    }

    pub(super) const fn cipher(&self) -> Cipher {
        match self {
            Self::Aes128Gcm(_) => Cipher::Aes128Gcm,
            Self::Aes256Gcm(_) => Cipher::Aes256Gcm,
            Self::Aes128Ccm(_) => Cipher::Aes128Ccm,
            Self::Aes256Ccm(_) => Cipher::Aes256Ccm,
        }
    }

    pub(super) const fn implementation(&self) -> &'static str {
        match self {
            Self::Aes128Gcm(_) | Self::Aes256Gcm(_) => "aws-lc-rs 1.19",
            Self::Aes128Ccm(_) | Self::Aes256Ccm(_) => "ccm 0.6, aes 0.9",
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
        match self {
            Self::Aes128Gcm(key) | Self::Aes256Gcm(key) => {
                let mut tag = [0; 16];
                key.seal_out_of_place_scatter(
                    gcm_nonce(nonce),
                    Aad::from(aad),
                    plaintext,
                    ciphertext,
                    &[],
                    &mut tag,
                )
                .map_err(|_| SealingError::TooLong(plaintext.len()))?;
                Ok(tag)
            }
            Self::Aes128Ccm(key) => ccm_seal(&**key, nonce, aad, plaintext, ciphertext),
            Self::Aes256Ccm(key) => ccm_seal(&**key, nonce, aad, plaintext, ciphertext),
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
        match self {
            Self::Aes128Gcm(key) | Self::Aes256Gcm(key) => key
                .open_separate_gather(gcm_nonce(nonce), Aad::from(aad), ciphertext, tag, plaintext)
                .map_err(|_| SealingError::NotAuthentic),
            Self::Aes128Ccm(key) => ccm_open(&**key, nonce, aad, ciphertext, tag, plaintext),
            Self::Aes256Ccm(key) => ccm_open(&**key, nonce, aad, ciphertext, tag, plaintext),
        }
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aead({}, …)", self.cipher())
    }
}

fn gcm_nonce(field: &[u8; 16]) -> Nonce {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&field[..12]);
    Nonce::assume_unique_for_key(nonce)
}

fn ccm_nonce(field: &[u8; 16]) -> ccm::Nonce<U11> {
    let mut nonce = ccm::Nonce::<U11>::default();
    nonce.copy_from_slice(&field[..11]);
    nonce
}

fn ccm_seal<A>(
    key: &A,
    nonce: &[u8; 16],
    aad: &[u8],
    plaintext: &[u8],
    ciphertext: &mut [u8],
) -> Result<[u8; 16], SealingError>
where
    A: AeadInOut<NonceSize = U11, TagSize = U16>,
{
    let too_long = SealingError::TooLong(plaintext.len());
    let buffer = InOutBuf::new(plaintext, ciphertext).map_err(|_| too_long)?;
    let tag = key.encrypt_inout_detached(&ccm_nonce(nonce), aad, buffer).map_err(|_| too_long)?;
    Ok(tag.into())
}

fn ccm_open<A>(
    key: &A,
    nonce: &[u8; 16],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8; 16],
    plaintext: &mut [u8],
) -> Result<(), SealingError>
where
    A: AeadInOut<NonceSize = U11, TagSize = U16>,
{
    let buffer = InOutBuf::new(ciphertext, plaintext).map_err(|_| SealingError::NotAuthentic)?;
    key.decrypt_inout_detached(&ccm_nonce(nonce), aad, buffer, &(*tag).into())
        .map_err(|_| SealingError::NotAuthentic)
}
