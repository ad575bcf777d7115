//! OpenSSL: a context per key, begun anew for each message without setting the key again.

use smbsign_engine::protocol::SigningAlgorithm;

use super::contender::{Contender, Missing, OneByOne, Peer};
use super::ffi::{Digest, Gcm, Mac, OpenSsl};

pub(super) fn open() -> Result<Box<dyn Peer>, Missing> {
    Ok(Box::new(OpenSsl::load()?))
}

impl Peer for OpenSsl {
    fn version(&self) -> String {
        Self::version(*self)
    }

    fn contenders(&self, algorithm: SigningAlgorithm, keys: &[[u8; 16]]) -> Vec<Box<dyn Contender>> {
        let found = match algorithm {
            SigningAlgorithm::Md5 => vec![md5(*self, keys)],
            SigningAlgorithm::HmacSha256 => {
                vec![macs(keys, |key| Mac::new(*self, c"HMAC", (c"digest", c"SHA256"), key))]
            }
            SigningAlgorithm::AesCmac => {
                vec![macs(keys, |key| Mac::new(*self, c"CMAC", (c"cipher", c"AES-128-CBC"), key))]
            }
            SigningAlgorithm::AesGmac => vec![gmac(*self, keys), gcm(*self, keys)],
        };
        found.into_iter().flatten().collect()
    }
}

fn md5(library: OpenSsl, keys: &[[u8; 16]]) -> Option<Box<dyn Contender>> {
    let (mut digest, keys) = (Digest::md5(library)?, keys.to_vec());
    Some(OneByOne::boxed("EVP_MD", move |job| digest.tag(keys.get(job.key)?, job.message)))
}

fn macs(keys: &[[u8; 16]], make: impl Fn(&[u8; 16]) -> Option<Mac>) -> Option<Box<dyn Contender>> {
    let mut macs: Vec<_> = keys.iter().map(make).collect::<Option<_>>()?;
    Some(OneByOne::boxed("EVP_MAC", move |job| macs.get_mut(job.key)?.tag(None, job.message)))
}

fn gmac(library: OpenSsl, keys: &[[u8; 16]]) -> Option<Box<dyn Contender>> {
    let make = |key| Mac::new(library, c"GMAC", (c"cipher", c"AES-128-GCM"), key);
    let mut macs: Vec<_> = keys.iter().map(make).collect::<Option<_>>()?;
    Some(OneByOne::boxed("EVP_MAC", move |job| macs.get_mut(job.key)?.tag(Some(job.nonce), job.message)))
}

fn gcm(library: OpenSsl, keys: &[[u8; 16]]) -> Option<Box<dyn Contender>> {
    let mut ciphers: Vec<_> = keys.iter().map(|key| Gcm::new(library, key)).collect::<Option<_>>()?;
    Some(OneByOne::boxed("EVP_CIPHER", move |job| ciphers.get_mut(job.key)?.tag(job.nonce, job.message)))
}
