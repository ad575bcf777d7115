//! AES-128-CMAC (RFC 4493, MS-SMB2 3.1.4.1).

use ::cmac::{Cmac, KeyInit, Mac};
use aes::Aes128;
use zeroize::ZeroizeOnDrop;

use super::Tag;
use crate::kernels::{Backend, cmac_ni};

/// An AES key schedule and CMAC's two subkeys.
#[derive(Clone)]
pub struct AesCmacKey(Schedule);

#[derive(Clone)]
enum Schedule {
    AesNi(cmac_ni::CmacKey),
    // Boxed for its size, which the keys of many sessions in cache should not have.
    Portable(Box<Cmac<Aes128>>),
}

impl AesCmacKey {
    pub(super) fn new(key: &[u8; 16], backend: Backend) -> Self {
        Self(match backend {
            Backend::Portable => Schedule::Portable(Box::new(Cmac::new(key.into()))),
            Backend::Avx2(proof) => Schedule::AesNi(cmac_ni::CmacKey::new(proof, key)),
            Backend::Avx512(proof) => Schedule::AesNi(cmac_ni::CmacKey::new(proof.avx2(), key)),
        })
    }

    /// The tag of the concatenation of `segments`.
    #[must_use]
    pub fn tag(&self, segments: &[&[u8]]) -> Tag {
        Tag::from_bytes(match &self.0 {
            Schedule::AesNi(key) => key.tag(segments),
            Schedule::Portable(keyed) => {
                let mut mac = Cmac::clone(keyed);
                segments.iter().for_each(|segment| mac.update(segment));
                mac.finalize().into_bytes().into()
            }
        })
    }

    pub(super) const fn implementation(&self) -> &'static str {
        match self.0 {
            Schedule::AesNi(_) => "smbsign (aes-ni)",
            Schedule::Portable(_) => "cmac 0.8, aes 0.9",
        }
    }
}

// Both schedules wipe themselves.
impl ZeroizeOnDrop for AesCmacKey {}
