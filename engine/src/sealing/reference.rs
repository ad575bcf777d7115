//! Opening in one call of the RustCrypto crates: the oracle for everything faster.

use ::ccm::Ccm;
use ::ccm::consts::{U11, U16};
use aes::{Aes128, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};

use super::SealingError;
use crate::protocol::transform::TransformHeader;
use crate::protocol::{Cipher, CipherKey};

/// What a frame of transform header and ciphertext holds.
///
/// # Errors
/// [`SealingError::Malformed`] and [`SealingError::NotAuthentic`].
pub fn open(key: &CipherKey, frame: &[u8]) -> Result<Vec<u8>, SealingError> {
    let (header, ciphertext) = TransformHeader::parse(frame)?;
    let nonce = &header.nonce[..key.cipher().nonce_bytes()];
    let (aad, tag) = (header.aad(), header.signature.as_bytes());
    match key.cipher() {
        Cipher::Aes128Gcm => opened::<Aes128Gcm>(key, nonce, &aad, ciphertext, tag),
        Cipher::Aes256Gcm => opened::<Aes256Gcm>(key, nonce, &aad, ciphertext, tag),
        Cipher::Aes128Ccm => opened::<Ccm<Aes128, U16, U11>>(key, nonce, &aad, ciphertext, tag),
        Cipher::Aes256Ccm => opened::<Ccm<Aes256, U16, U11>>(key, nonce, &aad, ciphertext, tag),
    }
}

fn opened<A: KeyInit + AeadInOut>(
    key: &CipherKey,
    nonce: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8; 16],
) -> Result<Vec<u8>, SealingError> {
    let refused = SealingError::NotAuthentic;
    let aead = A::new_from_slice(key.as_bytes()).map_err(|_| refused)?;
    let nonce = nonce.try_into().map_err(|_| refused)?;
    let tag = tag[..].try_into().map_err(|_| refused)?;
    let mut plaintext = ciphertext.to_vec();
    aead.decrypt_inout_detached(nonce, aad, plaintext.as_mut_slice().into(), tag).map_err(|_| refused)?;
    Ok(plaintext)
}
