//! SP 800-108 key derivation as SMB 3 uses it (MS-SMB2 3.1.4.2).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// One HMAC-SHA256 block of the KDF in counter mode, 32-bit counter and length (SP 800-108 §5.1; rule 15).
///
/// `label` and `context` include their terminating NUL where the specification gives them as strings, so that two
/// zero bytes follow a label. `length` is 16 or 32 bytes at most: one block.
pub(super) fn derive(key: &[u8], label: &[u8], context: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    const COUNTER: [u8; 4] = 1_u32.to_be_bytes();
    const SEPARATOR: [u8; 1] = [0];
    debug_assert!(length <= 32, "one block of HMAC-SHA256 yields 32 bytes");
    let bits = (length as u32 * 8).to_be_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in [&COUNTER[..], label, &SEPARATOR, context, &bits] {
        mac.update(part);
    }
    let block = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
    Zeroizing::new(block[..length].to_vec())
}
