//! Every MAC in one call of the RustCrypto crates: the oracle for everything faster.

use aes::Aes128;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::AeadInOut;
use cmac::Cmac;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

use super::Tag;
use crate::protocol::{Nonce, SigningAlgorithm, SigningKey};

/// The tag of a message; only AES-GMAC looks at the nonce.
///
/// # Errors
/// [`ReferenceError`] if RustCrypto takes no key or message of this length; it takes all that SMB can send.
pub fn tag(key: &SigningKey, nonce: &Nonce, message: &[u8]) -> Result<Tag, ReferenceError> {
    let bytes = key.as_bytes();
    let tag = match key.algorithm() {
        SigningAlgorithm::Md5 => Md5::new().chain_update(bytes).chain_update(message).finalize().into(),
        SigningAlgorithm::HmacSha256 => {
            let hmac = Hmac::<Sha256>::new_from_slice(bytes).map_err(|_| ReferenceError)?;
            let full: [u8; 32] = hmac.chain_update(message).finalize().into_bytes().into();
            *full.first_chunk().ok_or(ReferenceError)?
        }
        SigningAlgorithm::AesCmac => {
            let cmac = Cmac::<Aes128>::new_from_slice(bytes).map_err(|_| ReferenceError)?;
            cmac.chain_update(message).finalize().into_bytes().into()
        }
        SigningAlgorithm::AesGmac => {
            let gcm = Aes128Gcm::new_from_slice(bytes).map_err(|_| ReferenceError)?;
            let nothing = &mut [][..];
            gcm.encrypt_inout_detached(nonce.as_bytes().into(), message, nothing.into())
                .map_err(|_| ReferenceError)?
                .into()
        }
    };
    Ok(Tag::from_bytes(tag))
}

/// RustCrypto refused a key or a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reference implementation takes no key or message of this length")]
pub struct ReferenceError;
