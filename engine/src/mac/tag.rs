//! What a MAC yields.

use std::fmt;

use subtle::ConstantTimeEq;

/// The 16 bytes that a MAC yields: all of an MD5, CMAC or GMAC, the first half of an HMAC-SHA256.
///
/// Comparison takes the same time wherever two tags differ. SMB1 signs with the first 8 bytes.
#[derive(Clone, Copy, Eq)]
pub struct Tag([u8; Self::BYTES]);

impl Tag {
    /// Bytes in a tag.
    pub const BYTES: usize = 16;

    /// A tag received from elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, in the order in which a signature field holds them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
