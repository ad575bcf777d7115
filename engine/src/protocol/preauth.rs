//! The pre-authentication integrity hash of SMB 3.1.1.

use sha2::{Digest, Sha512};

/// PreauthIntegrityHashValue: the KDF context of 3.1.1 (rule 16; MS-SMB2 3.2.5.2 and 3.2.5.3).
///
/// A connection starts with 64 zero bytes and takes in the SMB2 NEGOTIATE request and its 3.1.1 response; an SMB1
/// NEGOTIATE before them and its 0x02FF response are not part of it. Each session or binding starts from a copy of
/// the connection's value and takes in every SESSION_SETUP request and every response with
/// STATUS_MORE_PROCESSING_REQUIRED. The final response is not part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PreauthHash([u8; Self::BYTES]);

impl PreauthHash {
    /// Length in bytes.
    pub const BYTES: usize = 64;

    /// The value before any message.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; Self::BYTES])
    }

    /// Takes in a whole message, from its protocol id to its end, with the signature field as it was sent.
    pub fn update(&mut self, message: &[u8]) {
        let digest = Sha512::new().chain_update(self.0).chain_update(message).finalize();
        self.0.copy_from_slice(&digest);
    }

    /// A hash with exactly this value, from a key log for instance.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The value, as it enters the KDF.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl Default for PreauthHash {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for PreauthHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreauthHash({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}
