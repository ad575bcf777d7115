//! The transform header, and opening a frame that was not sealed with the key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::transform::{HEADER_BYTES, TransformHeader};
use smbsign_engine::protocol::{Cipher, CipherKey};
use smbsign_engine::sealing::{self, OpeningKey};

fuzz_target!(|bytes: &[u8]| {
    if let Ok((header, ciphertext)) = TransformHeader::parse(bytes) {
        assert_eq!([&header.encode()[..], ciphertext].concat(), bytes);
    }
    for cipher in Cipher::ALL {
        let key = CipherKey::new(cipher, &[7; 32][..cipher.key_bytes()]).expect("the cipher's own length");
        let mut plaintext = vec![0; bytes.len().saturating_sub(HEADER_BYTES)];
        assert!(sealing::open(&OpeningKey::new(&key, Backend::detect()), bytes, &mut plaintext).is_err());
    }
});
