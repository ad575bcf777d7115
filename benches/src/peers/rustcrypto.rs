//! The RustCrypto crates: a keyed state per key, cloned for each message.

use aes::Aes128;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::AeadInOut;
use cmac::{Cmac, KeyInit, Mac};
use hmac::Hmac;
use md5::{Digest, Md5};
use sha2::Sha256;
use smbsign_engine::protocol::SigningAlgorithm;

use super::contender::{Contender, OneByOne, Peer, Tag};

pub(super) struct RustCrypto;

impl Peer for RustCrypto {
    fn version(&self) -> String {
        let crates = ["aes", "aes-gcm", "cmac", "hmac", "md-5", "sha2"];
        crates.map(|name| format!("{name} {}", super::versions::of_crate(name))).join(", ")
    }

    fn contenders(&self, algorithm: SigningAlgorithm, keys: &[[u8; 16]]) -> Vec<Box<dyn Contender>> {
        vec![match algorithm {
            SigningAlgorithm::Md5 => keyed(
                keys,
                |key| Md5::new_with_prefix(key),
                |md5, message| Some(md5.clone().chain_update(message).finalize().into()),
            ),
            SigningAlgorithm::HmacSha256 => keyed(
                keys,
                |key| Hmac::<Sha256>::new_from_slice(key).ok(),
                |hmac, message| {
                    let full = hmac.clone()?.chain_update(message).finalize().into_bytes();
                    full.first_chunk().copied()
                },
            ),
            SigningAlgorithm::AesCmac => keyed(
                keys,
                |key| Cmac::<Aes128>::new(key.into()),
                |cmac, message| Some(cmac.clone().chain_update(message).finalize().into_bytes().into()),
            ),
            SigningAlgorithm::AesGmac => gmac(keys),
        }]
    }
}

/// A MAC whose keyed state `prepare` makes.
fn keyed<S: 'static>(
    keys: &[[u8; 16]],
    prepare: impl Fn(&[u8; 16]) -> S,
    tag: impl Fn(&S, &[u8]) -> Option<Tag> + 'static,
) -> Box<dyn Contender> {
    let states: Vec<_> = keys.iter().map(prepare).collect();
    OneByOne::boxed("update", move |job| tag(states.get(job.key)?, job.message))
}

fn gmac(keys: &[[u8; 16]]) -> Box<dyn Contender> {
    let ciphers: Vec<_> = keys.iter().map(|key| Aes128Gcm::new(key.into())).collect();
    OneByOne::boxed("aead", move |job| {
        let nothing = &mut [][..];
        let cipher = ciphers.get(job.key)?;
        cipher.encrypt_inout_detached(job.nonce.into(), job.message, nothing.into()).ok().map(Into::into)
    })
}
