//! GnuTLS, over its own assembly and Nettle's: a handle per key.

use smbsign_engine::protocol::SigningAlgorithm;

use super::contender::{Contender, Missing, OneByOne, Peer};
use super::ffi::{Aead, GnuTls, Hash, Hmac};

pub(super) fn open() -> Result<Box<dyn Peer>, Missing> {
    Ok(Box::new(GnuTls::load()?))
}

impl Peer for GnuTls {
    fn version(&self) -> String {
        Self::version(*self)
    }

    fn contenders(&self, algorithm: SigningAlgorithm, keys: &[[u8; 16]]) -> Vec<Box<dyn Contender>> {
        let hmacs = |kind| keys.iter().map(|key| Hmac::new(*self, kind, key)).collect::<Option<Vec<_>>>();
        let without_nonce = |kind| {
            let mut hmacs = hmacs(kind)?;
            Some(OneByOne::boxed("hmac", move |job| hmacs.get_mut(job.key)?.tag(None, job.message)))
        };
        let found = match algorithm {
            SigningAlgorithm::Md5 => vec![md5(*self, keys)],
            SigningAlgorithm::HmacSha256 => vec![without_nonce(Hmac::SHA256)],
            SigningAlgorithm::AesCmac => vec![without_nonce(Hmac::AES_CMAC_128)],
            SigningAlgorithm::AesGmac => vec![hmacs(Hmac::AES_GMAC_128).map(gmac), aead(*self, keys)],
        };
        found.into_iter().flatten().collect()
    }
}

fn md5(library: GnuTls, keys: &[[u8; 16]]) -> Option<Box<dyn Contender>> {
    let (mut hash, keys) = (Hash::md5(library)?, keys.to_vec());
    Some(OneByOne::boxed("hash", move |job| hash.tag(keys.get(job.key)?, job.message)))
}

fn gmac(mut hmacs: Vec<Hmac>) -> Box<dyn Contender> {
    OneByOne::boxed("hmac", move |job| hmacs.get_mut(job.key)?.tag(Some(job.nonce), job.message))
}

fn aead(library: GnuTls, keys: &[[u8; 16]]) -> Option<Box<dyn Contender>> {
    let mut ciphers: Vec<_> = keys.iter().map(|key| Aead::new(library, key)).collect::<Option<_>>()?;
    Some(OneByOne::boxed("aead", move |job| ciphers.get_mut(job.key)?.tag(job.nonce, job.message)))
}
