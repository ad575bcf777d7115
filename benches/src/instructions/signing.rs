//! Messages of 128 bytes signed and verified, each algorithm on the portable backend: its MAC included.

use std::hint::black_box;

use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{Dialect, SigningAlgorithm, SigningKey};
use smbsign_engine::signing::{self, Verdict};
use smbsign_engine::traffic::{BulkMessage, Generator, GeneratorConfig, Profile};

use super::{Portable, Row, TIMES};

pub(super) const BENCHMARKS: &[Row] = &[
    ("signing/md5/sign", |portable| sign(Dialect::Smb1, SigningAlgorithm::Md5, portable)),
    ("signing/md5/verify", |portable| verify(Dialect::Smb1, SigningAlgorithm::Md5, portable)),
    ("signing/hmac-sha256/sign", |portable| sign(Dialect::Smb210, SigningAlgorithm::HmacSha256, portable)),
    ("signing/hmac-sha256/verify", |portable| {
        verify(Dialect::Smb210, SigningAlgorithm::HmacSha256, portable)
    }),
    ("signing/aes-128-cmac/sign", |portable| sign(Dialect::Smb302, SigningAlgorithm::AesCmac, portable)),
    ("signing/aes-128-cmac/verify", |portable| verify(Dialect::Smb302, SigningAlgorithm::AesCmac, portable)),
    ("signing/aes-128-gmac/sign", |portable| sign(Dialect::Smb311, SigningAlgorithm::AesGmac, portable)),
    ("signing/aes-128-gmac/verify", |portable| verify(Dialect::Smb311, SigningAlgorithm::AesGmac, portable)),
];

/// A MAC takes some thousand instructions.
const MESSAGES: usize = TIMES / 10;

fn sign(dialect: Dialect, algorithm: SigningAlgorithm, portable: Portable) -> Box<dyn FnOnce()> {
    let (key, mut generator) = (key(algorithm, portable), generator(dialect));
    Box::new(move || {
        for _ in 0..MESSAGES {
            let message = generator.next_message();
            signing::sign(&key, black_box(message.bytes), message.sequence).expect("the dialect's algorithm");
        }
    })
}

fn verify(dialect: Dialect, algorithm: SigningAlgorithm, portable: Portable) -> Box<dyn FnOnce()> {
    let (key, mut generator) = (key(algorithm, portable), generator(dialect));
    for _ in 0..generator.buffers() {
        let message = generator.next_message();
        signing::sign(&key, message.bytes, message.sequence).expect("the dialect's algorithm");
    }
    Box::new(move || {
        for _ in 0..MESSAGES {
            let message = generator.next_received();
            let verdict = signing::verify(&key, message.sender, black_box(message.bytes), message.sequence);
            assert_eq!(verdict, Ok(Verdict::Verified));
        }
    })
}

fn key(algorithm: SigningAlgorithm, portable: Portable) -> PreparedKey {
    let key = SigningKey::new(algorithm, &[0x5a; 16]).expect("keys of 16 bytes");
    PreparedKey::new(&key, portable.backend())
}

fn generator(dialect: Dialect) -> Generator {
    let profile = Profile::bulk(BulkMessage::ReadResponse, dialect, 128).expect("a length all dialects have");
    let config =
        GeneratorConfig { sessions: Some(1), set_bytes: 64 << 10, seed: 1, ..GeneratorConfig::default() };
    Generator::new(&profile, config)
}
