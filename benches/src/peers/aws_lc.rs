//! aws-lc-rs: a key object per key.

use aws_lc_rs::{aead, cmac, hmac};
use smbsign_engine::protocol::SigningAlgorithm;

use super::contender::{Contender, OneByOne, Peer};

pub(super) struct AwsLc;

impl Peer for AwsLc {
    fn version(&self) -> String {
        super::versions::of_crate("aws-lc-rs")
    }

    fn contenders(&self, algorithm: SigningAlgorithm, keys: &[[u8; 16]]) -> Vec<Box<dyn Contender>> {
        let contender = match algorithm {
            SigningAlgorithm::Md5 => None,
            SigningAlgorithm::HmacSha256 => Some(hmac_sha256(keys)),
            SigningAlgorithm::AesCmac => aes_cmac(keys),
            SigningAlgorithm::AesGmac => aes_gmac(keys),
        };
        contender.into_iter().collect()
    }
}

fn hmac_sha256(keys: &[[u8; 16]]) -> Box<dyn Contender> {
    let keys: Vec<_> = keys.iter().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key)).collect();
    OneByOne::boxed("hmac::sign", move |job| {
        hmac::sign(keys.get(job.key)?, job.message).as_ref().first_chunk().copied()
    })
}

fn aes_cmac(keys: &[[u8; 16]]) -> Option<Box<dyn Contender>> {
    let keys: Vec<_> =
        keys.iter().map(|key| cmac::Key::new(cmac::AES_128, key).ok()).collect::<Option<_>>()?;
    Some(OneByOne::boxed("cmac::sign", move |job| {
        cmac::sign(keys.get(job.key)?, job.message).ok()?.as_ref().first_chunk().copied()
    }))
}

fn aes_gmac(keys: &[[u8; 16]]) -> Option<Box<dyn Contender>> {
    let prepare = |key| aead::UnboundKey::new(&aead::AES_128_GCM, key).ok().map(aead::LessSafeKey::new);
    let keys: Vec<_> = keys.iter().map(|key| prepare(key)).collect::<Option<_>>()?;
    Some(OneByOne::boxed("aead", move |job| {
        let nonce = aead::Nonce::assume_unique_for_key(*job.nonce);
        let tag = keys.get(job.key)?.seal_in_place_separate_tag(nonce, aead::Aad::from(job.message), &mut []);
        tag.ok()?.as_ref().first_chunk().copied()
    }))
}
