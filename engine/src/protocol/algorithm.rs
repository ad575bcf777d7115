//! Signing algorithms and ciphers, with the identifiers they have on the wire.

use std::fmt;

/// A MAC that signs SMB messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SigningAlgorithm {
    /// MD5(key‖message), SMB1 only and legacy: a keyed hash without HMAC's construction (MS-CIFS 3.1.4.1).
    Md5,
    /// HMAC-SHA256 cut to 16 bytes (RFC 2104).
    HmacSha256,
    /// AES-128-CMAC (RFC 4493).
    AesCmac,
    /// AES-128-GMAC: AES-128-GCM with the message as additional data (SP 800-38D).
    AesGmac,
}

impl SigningAlgorithm {
    /// Every algorithm, in the order in which the protocol gained them.
    pub const ALL: [Self; 4] = [Self::Md5, Self::HmacSha256, Self::AesCmac, Self::AesGmac];

    /// The name used in records and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::HmacSha256 => "hmac-sha256",
            Self::AesCmac => "aes-128-cmac",
            Self::AesGmac => "aes-128-gmac",
        }
    }

    /// The SigningAlgorithmId of MS-SMB2 2.2.3.1.7; SMB1's MD5 has none.
    #[must_use]
    pub const fn id(self) -> Option<u16> {
        match self {
            Self::Md5 => None,
            Self::HmacSha256 => Some(0),
            Self::AesCmac => Some(1),
            Self::AesGmac => Some(2),
        }
    }

    /// The algorithm of a SigningAlgorithmId (rule 10).
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.id() == Some(id))
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An SMB3 cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// AES-128-CCM, the only cipher of 3.0 and 3.0.2.
    Aes128Ccm,
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-CCM.
    Aes256Ccm,
    /// AES-256-GCM.
    Aes256Gcm,
}

impl Cipher {
    /// Every cipher, in the order of the identifiers.
    pub const ALL: [Self; 4] = [Self::Aes128Ccm, Self::Aes128Gcm, Self::Aes256Ccm, Self::Aes256Gcm];

    /// The name used in records and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Ccm => "aes-128-ccm",
            Self::Aes128Gcm => "aes-128-gcm",
            Self::Aes256Ccm => "aes-256-ccm",
            Self::Aes256Gcm => "aes-256-gcm",
        }
    }

    /// The cipher identifier of MS-SMB2 2.2.3.1.2.
    #[must_use]
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes128Ccm => 1,
            Self::Aes128Gcm => 2,
            Self::Aes256Ccm => 3,
            Self::Aes256Gcm => 4,
        }
    }

    /// The cipher of an identifier; 0 says that nothing was agreed.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.id() == id)
    }

    /// Key length in bytes: 16 or 32 (rule 15).
    #[must_use]
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Ccm | Self::Aes128Gcm => 16,
            Self::Aes256Ccm | Self::Aes256Gcm => 32,
        }
    }

    /// Bytes of the transform header's 16-byte nonce field that the cipher uses (rule 26, MS-SMB2 2.2.41).
    #[must_use]
    pub const fn nonce_bytes(self) -> usize {
        match self {
            Self::Aes128Ccm | Self::Aes256Ccm => 11,
            Self::Aes128Gcm | Self::Aes256Gcm => 12,
        }
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
