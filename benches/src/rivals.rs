//! The same MACs from other crates, each with its key prepared as far as the crate allows.

use aes::Aes128;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::AeadInOut;
use aws_lc_rs::{aead, cmac as aws_cmac, hmac as aws_hmac};
use cmac::{Cmac, KeyInit, Mac};
use hmac::Hmac;
use md5::{Digest, Md5};
use sha2::Sha256;
use smbsign_engine::mac::Tag;
use smbsign_engine::protocol::{Nonce, SigningAlgorithm};

use crate::macs::Contender;

pub(crate) fn of(algorithm: SigningAlgorithm, key: [u8; 16], nonce: Nonce) -> Vec<Contender> {
    match algorithm {
        SigningAlgorithm::Md5 => vec![rustcrypto_md5(key)],
        SigningAlgorithm::HmacSha256 => vec![rustcrypto_hmac(key), aws_lc_hmac(key)],
        SigningAlgorithm::AesCmac => vec![rustcrypto_cmac(key), aws_lc_cmac(key)],
        SigningAlgorithm::AesGmac => vec![rustcrypto_gmac(key, nonce), aws_lc_gmac(key, nonce)],
    }
}

fn contender(name: &str, tag: impl Fn(&[u8]) -> [u8; 16] + 'static) -> Contender {
    Contender { name: name.to_owned(), tag: Box::new(move |message| Tag::from_bytes(tag(message))) }
}

fn first_16(bytes: &[u8]) -> [u8; 16] {
    *bytes.first_chunk().expect("a tag of at least 16 bytes")
}

fn rustcrypto_md5(key: [u8; 16]) -> Contender {
    let keyed = Md5::new_with_prefix(key);
    contender("rustcrypto", move |message| keyed.clone().chain_update(message).finalize().into())
}

fn rustcrypto_hmac(key: [u8; 16]) -> Contender {
    let keyed = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes any key");
    contender("rustcrypto", move |message| {
        first_16(&keyed.clone().chain_update(message).finalize().into_bytes())
    })
}

fn rustcrypto_cmac(key: [u8; 16]) -> Contender {
    let keyed = Cmac::<Aes128>::new(&key.into());
    contender("rustcrypto", move |message| keyed.clone().chain_update(message).finalize().into_bytes().into())
}

fn rustcrypto_gmac(key: [u8; 16], nonce: Nonce) -> Contender {
    let cipher = Aes128Gcm::new(&key.into());
    contender("rustcrypto", move |message| {
        let nothing = &mut [][..];
        let tag = cipher.encrypt_inout_detached(nonce.as_bytes().into(), message, nothing.into());
        tag.expect("GCM takes 64 GiB").into()
    })
}

fn aws_lc_hmac(key: [u8; 16]) -> Contender {
    let key = aws_hmac::Key::new(aws_hmac::HMAC_SHA256, &key);
    contender("aws-lc-rs", move |message| first_16(aws_hmac::sign(&key, message).as_ref()))
}

fn aws_lc_cmac(key: [u8; 16]) -> Contender {
    let key = aws_cmac::Key::new(aws_cmac::AES_128, &key).expect("a key of 16 bytes");
    contender("aws-lc-rs", move |message| {
        first_16(aws_cmac::sign(&key, message).expect("CMAC takes any message").as_ref())
    })
}

fn aws_lc_gmac(key: [u8; 16], nonce: Nonce) -> Contender {
    let key =
        aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, &key).expect("a key of 16 bytes"));
    contender("aws-lc-rs", move |message| {
        let nonce = aead::Nonce::assume_unique_for_key(*nonce.as_bytes());
        let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from(message), &mut []);
        first_16(tag.expect("GCM takes 64 GiB").as_ref())
    })
}
