//! AES-128-GMAC: AES-128-GCM of nothing, with the message as additional data (SP 800-38D, MS-SMB2 3.1.4.1).

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::ZeroizeOnDrop;

use super::{PreparedKey, Tag};
use crate::kernels::{Backend, Blocks, gmac, total_bytes};
use crate::protocol::Nonce;

/// An AES key schedule and powers of GHASH's key H. A session has one of these: most of it is boxed, so that the keys of the
/// other algorithms stay small beside it.
#[derive(Clone)]
pub struct AesGmacKey(Schedule);

#[derive(Clone)]
enum Schedule {
    Clmul(gmac::GmacKey, gmac::Width),
    Portable(Box<Portable>),
}

#[derive(Clone)]
struct Portable {
    cipher: Aes128,
    ghash: GHash,
}

impl AesGmacKey {
    pub(super) fn new(key: &[u8; 16], backend: Backend) -> Self {
        Self(match gmac::Width::of(backend) {
            None => Schedule::Portable(Box::new(Portable::new(key))),
            Some(width) => Schedule::Clmul(gmac::GmacKey::new(width, key), width),
        })
    }

    /// The tag of the concatenation of `segments` under a nonce that must not be used twice with this key.
    #[must_use]
    pub fn tag(&self, nonce: &Nonce, segments: &[&[u8]]) -> Tag {
        Tag::from_bytes(match &self.0 {
            Schedule::Clmul(key, width) => key.tag(*width, nonce.as_bytes(), segments),
            Schedule::Portable(key) => key.tag(nonce.as_bytes(), segments),
        })
    }

    pub(super) fn implementation(&self) -> &'static str {
        match &self.0 {
            Schedule::Clmul(_, width) => width.implementation(),
            Schedule::Portable(_) => "ghash 0.6, aes 0.9",
        }
    }
}

impl gmac::GmacKey {
    /// The key, if it is one for the kernels.
    #[inline(always)]
    pub(crate) fn of(key: &PreparedKey) -> Option<&Self> {
        match key {
            PreparedKey::AesGmac(AesGmacKey(Schedule::Clmul(key, _))) => Some(key),
            _ => None,
        }
    }
}

// Both schedules wipe themselves.
impl ZeroizeOnDrop for AesGmacKey {}

impl Portable {
    fn new(key: &[u8; 16]) -> Self {
        let cipher = Aes128::new(key.into());
        let mut h = [0; 16].into();
        cipher.encrypt_block(&mut h);
        Self { cipher, ghash: GHash::new(&h) }
    }

    fn tag(&self, nonce: &[u8; 12], segments: &[&[u8]]) -> [u8; 16] {
        let message_bytes = total_bytes(segments);
        let mut ghash = self.ghash.clone();
        let mut blocks = Blocks::new(&[], segments, message_bytes / 16);
        while let Some(run) = blocks.next_run() {
            ghash.update(ghash::Block::cast_slice_from_core(run));
        }
        let (padded, filled) = blocks.tail();
        if filled > 0 {
            ghash.update(&[padded.into()]);
        }
        // Bits of additional data, then bits of ciphertext: none.
        let bits = (message_bytes as u64).wrapping_mul(8);
        ghash.update(&[(u128::from(bits) << 64).to_be_bytes().into()]);

        let mut counter = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        counter[..12].copy_from_slice(nonce);
        let mut mask = counter.into();
        self.cipher.encrypt_block(&mut mask);
        let hash = u128::from_ne_bytes(ghash.finalize().into());
        (hash ^ u128::from_ne_bytes(mask.into())).to_ne_bytes()
    }
}
