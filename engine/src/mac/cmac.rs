//! AES-128-CMAC (RFC 4493, MS-SMB2 3.1.4.1).

use ::cmac::{Cmac, KeyInit, Mac};
use aes::Aes128;
use zeroize::ZeroizeOnDrop;

use super::chain::{Chain, Cut};
use super::{PreparedKey, Tag};
use crate::kernels::{Backend, cmac_ni};
use crate::protocol::SigningAlgorithm;

/// An AES key schedule and CMAC's two subkeys.
#[derive(Clone)]
pub struct AesCmacKey(Schedule);

#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "the larger one is the one that counts, and should be read where the key lies"
)]
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

impl Chain<16> for cmac_ni::CmacKey {
    const ALGORITHM: SigningAlgorithm = SigningAlgorithm::AesCmac;

    type Key = Self;
    type State = [u8; 16];

    #[inline(always)]
    fn of(key: &PreparedKey) -> Option<&Self> {
        match key {
            PreparedKey::AesCmac(AesCmacKey(Schedule::AesNi(key))) => Some(key),
            _ => None,
        }
    }

    #[inline(always)]
    fn kernel_key(&self) -> &Self {
        self
    }

    #[inline(always)]
    fn start(&self) -> [u8; 16] {
        [0; 16]
    }

    #[inline(always)]
    fn prefix(&self) -> &[u8] {
        &[]
    }

    /// The last block is never cut off whole: a subkey is added to it.
    #[inline(always)]
    fn cut(&self, message_bytes: usize) -> Cut {
        let whole = message_bytes.saturating_sub(1) / 16;
        Cut { whole, tail: message_bytes - 16 * whole, last: 1 }
    }

    #[inline(always)]
    fn pad(&self, _: usize, cut: Cut, last: &mut [[u8; 16]]) {
        if let Some(block) = last.first_mut() {
            *block = self.last_block(*block, cut.tail);
        }
    }

    #[inline(always)]
    fn idle_block(&self) -> Option<[u8; 16]> {
        Some(self.idle_block())
    }

    #[inline(always)]
    fn outer(&self, _: [u8; 16]) -> Option<([u8; 16], [u8; 16])> {
        None
    }

    #[inline(always)]
    fn tag(end: [u8; 16]) -> Tag {
        Tag::from_bytes(end)
    }
}

// Both schedules wipe themselves.
impl ZeroizeOnDrop for AesCmacKey {}
