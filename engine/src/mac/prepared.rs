//! A signing key with all that can be computed before the first message.

use std::fmt;

use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{AesCmacKey, AesGmacKey, HmacSha256Key, Md5Key, Tag};
use crate::kernels::{Backend, md5};
use crate::protocol::{Nonce, SigningAlgorithm, SigningKey};

/// A session's key schedule, subkeys, hash states or powers of H: made once, used for every message.
///
/// Who knows the algorithm (SMB1 has but one) matches, and then needs no nonce unless it is AES-GMAC's.
#[derive(Clone)]
// A key of many thousands is far away: it should not lie in more cache lines than it fills, which without `C` it would.
#[repr(C, align(64))]
pub enum PreparedKey {
    /// MD5(key‖message).
    Md5(Md5Key),
    /// HMAC-SHA256.
    HmacSha256(HmacSha256Key),
    /// AES-128-CMAC.
    AesCmac(AesCmacKey),
    /// AES-128-GMAC.
    AesGmac(AesGmacKey),
}

impl PreparedKey {
    /// Prepares a key for the kernels of a backend.
    #[must_use]
    pub fn new(key: &SigningKey, backend: Backend) -> Self {
        match key.algorithm() {
            SigningAlgorithm::Md5 => Self::Md5(Md5Key::new(key.as_bytes())),
            SigningAlgorithm::HmacSha256 => Self::HmacSha256(HmacSha256Key::new(&sixteen_bytes(key))),
            SigningAlgorithm::AesCmac => Self::AesCmac(AesCmacKey::new(&sixteen_bytes(key), backend)),
            SigningAlgorithm::AesGmac => Self::AesGmac(AesGmacKey::new(&sixteen_bytes(key), backend)),
        }
    }

    /// The tag of the concatenation of `segments`, which are read where they lie; only AES-GMAC looks at the nonce.
    #[inline]
    #[must_use]
    pub fn tag(&self, nonce: &Nonce, segments: &[&[u8]]) -> Tag {
        match self {
            Self::Md5(key) => key.tag(segments),
            Self::HmacSha256(key) => key.tag(segments),
            Self::AesCmac(key) => key.tag(segments),
            Self::AesGmac(key) => key.tag(nonce, segments),
        }
    }

    /// What the key signs with.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::Md5(_) => SigningAlgorithm::Md5,
            Self::HmacSha256(_) => SigningAlgorithm::HmacSha256,
            Self::AesCmac(_) => SigningAlgorithm::AesCmac,
            Self::AesGmac(_) => SigningAlgorithm::AesGmac,
        }
    }

    /// The code that runs, for records: a kernel of this crate and its instructions, or a crate and its version.
    #[must_use]
    pub fn implementation(&self) -> &'static str {
        match self {
            Self::Md5(_) => md5::IMPLEMENTATION,
            Self::HmacSha256(_) => HmacSha256Key::implementation(),
            Self::AesCmac(key) => key.implementation(),
            Self::AesGmac(key) => key.implementation(),
        }
    }
}

impl ZeroizeOnDrop for PreparedKey {}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedKey({}, {})", self.algorithm(), self.implementation())
    }
}

/// The key of an algorithm whose keys [`SigningKey`] has checked to be 16 bytes long.
fn sixteen_bytes(key: &SigningKey) -> Zeroizing<[u8; 16]> {
    let mut bytes = Zeroizing::new([0; 16]);
    for (to, from) in bytes.iter_mut().zip(key.as_bytes()) {
        *to = *from;
    }
    bytes
}
