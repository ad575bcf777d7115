//! Sealed messages open again, agree with a second implementation, and do not open once anything changed.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use proptest::prelude::*;
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::transform::{HEADER_BYTES, TransformHeader};
use smbsign_engine::protocol::{Cipher, CipherKey};
use smbsign_engine::sealing::{self, OpeningKey, SealingError, SealingKey};

const SESSION: SessionId = SessionId(0x1122_3344_5566_7788);

fn cipher_key(cipher: Cipher) -> CipherKey {
    let bytes: Vec<u8> = (1..=cipher.key_bytes() as u8).collect();
    CipherKey::new(cipher, &bytes).unwrap()
}

fn sealed(key: &SealingKey, plaintext: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xee; HEADER_BYTES + plaintext.len()];
    sealing::seal(key, plaintext, &mut frame).unwrap();
    frame
}

fn opened(cipher: Cipher, frame: &[u8]) -> Result<Vec<u8>, SealingError> {
    let mut plaintext = vec![0xee; frame.len().saturating_sub(HEADER_BYTES)];
    sealing::open(&OpeningKey::new(&cipher_key(cipher), Backend::detect()), frame, &mut plaintext)
        .map(|()| plaintext)
}

proptest! {
    #[test]
    fn the_reference_opens_what_was_sealed_and_nothing_else(
        message in proptest::collection::vec(any::<u8>(), 0..2000),
        flipped in any::<proptest::sample::Index>(),
    ) {
        for cipher in Cipher::ALL {
            let key = cipher_key(cipher);
            let mut frame = sealed(&SealingKey::new(&key, SESSION, Backend::detect()), &message);
            prop_assert_eq!(sealing::reference::open(&key, &frame), Ok(message.clone()), "{}", cipher);
            let at = flipped.index(frame.len());
            frame[at] ^= 4;
            prop_assert!(sealing::reference::open(&key, &frame).is_err(), "{} byte {}", cipher, at);
        }
    }

    #[test]
    fn what_was_sealed_opens(message in proptest::collection::vec(any::<u8>(), 0..5000)) {
        for cipher in Cipher::ALL {
            let frame = sealed(&SealingKey::new(&cipher_key(cipher), SESSION, Backend::detect()), &message);
            prop_assert_eq!(opened(cipher, &frame).unwrap(), message.clone(), "{}", cipher);
        }
    }

    #[test]
    fn gcm_frames_open_with_a_second_implementation(message in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for cipher in [Cipher::Aes128Gcm, Cipher::Aes256Gcm] {
            let key = cipher_key(cipher);
            let frame = sealed(&SealingKey::new(&key, SESSION, Backend::detect()), &message);
            let with_tag = [&frame[HEADER_BYTES..], &frame[4..20]].concat();
            let nonce = frame[20..32].try_into().unwrap();
            let payload = Payload { msg: &with_tag, aad: &frame[20..HEADER_BYTES] };
            let plaintext = match cipher {
                Cipher::Aes128Gcm => Aes128Gcm::new_from_slice(key.as_bytes()).unwrap().decrypt(&nonce, payload),
                _ => Aes256Gcm::new_from_slice(key.as_bytes()).unwrap().decrypt(&nonce, payload),
            };
            prop_assert_eq!(plaintext.unwrap(), message.clone());
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_keeps_a_frame_from_opening() {
    for cipher in Cipher::ALL {
        let frame = sealed(
            &SealingKey::new(&cipher_key(cipher), SESSION, Backend::detect()),
            b"a compound chain, say",
        );
        // Of the nonce field the cipher uses the first bytes, but all of it is authenticated.
        for bit in 0..frame.len() * 8 {
            let mut changed = frame.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(cipher, &changed).is_err(), "{cipher}, bit {bit}");
        }
    }
}

#[test]
fn frames_carry_their_session_and_never_the_same_nonce() {
    for cipher in Cipher::ALL {
        let key = SealingKey::new(&cipher_key(cipher), SESSION, Backend::detect());
        let mut nonces = std::collections::HashSet::new();
        for _ in 0..1000 {
            let frame = sealed(&key, b"message");
            let (header, _) = TransformHeader::parse(&frame).unwrap();
            assert_eq!(header.session_id, SESSION);
            let (used, rest) = header.nonce.split_at(cipher.nonce_bytes());
            assert!(rest.iter().all(|byte| *byte == 0), "{cipher} leaves the rest of the field zero");
            assert!(nonces.insert(used.to_vec()), "{cipher} used a nonce twice");
        }
    }
}

#[test]
fn a_destination_of_the_wrong_length_is_refused() {
    let key = SealingKey::new(&cipher_key(Cipher::Aes128Gcm), SESSION, Backend::detect());
    for length in [0, HEADER_BYTES, HEADER_BYTES + 4, HEADER_BYTES + 6] {
        let refused = sealing::seal(&key, b"12345", &mut vec![0; length]);
        let needed = HEADER_BYTES + 5;
        assert_eq!(refused, Err(SealingError::DestinationLength { needed, found: length }));
    }
    let frame = sealed(&key, b"12345");
    let refused = sealing::open(
        &OpeningKey::new(&cipher_key(Cipher::Aes128Gcm), Backend::detect()),
        &frame,
        &mut [0; 4],
    );
    assert_eq!(refused, Err(SealingError::DestinationLength { needed: 5, found: 4 }));
}

#[test]
fn keys_do_not_print() {
    let key = cipher_key(Cipher::Aes256Gcm);
    let printed = format!(
        "{key:?} {:?} {:?}",
        SealingKey::new(&key, SESSION, Backend::detect()),
        OpeningKey::new(&key, Backend::detect())
    );
    assert!(!printed.contains("01") && !printed.contains("[1"), "{printed}");
}
