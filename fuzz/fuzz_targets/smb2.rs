//! SMB2 and 3: compound chains, NEGOTIATE, SESSION_SETUP, signing and verifying whatever the bytes are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::negotiate::NegotiateResponse;
use smbsign_engine::protocol::session_setup::{Request, Response};
use smbsign_engine::protocol::smb2::{Chain, Header};
use smbsign_engine::protocol::{SigningAlgorithm, SigningKey};
use smbsign_engine::signing::{self, Verdict};

fuzz_target!(|bytes: &[u8]| {
    for (header, message) in Chain::new(bytes).map_while(Result::ok) {
        let _ = NegotiateResponse::parse(message).map(|response| (response.signing(), response.encryption()));
        let _ = Request::parse(message);
        let _ = Response::parse(message);
        let _ = header.command().to_string();
    }
    let Ok(header) = Header::parse(bytes) else { return };
    for algorithm in [SigningAlgorithm::HmacSha256, SigningAlgorithm::AesCmac, SigningAlgorithm::AesGmac] {
        let key = SigningKey::new(algorithm, &[7; 16]).expect("16 bytes fit");
        let key = PreparedKey::new(&key, Backend::detect());
        let mut message = bytes.to_vec();
        if signing::sign(&key, &mut message, None).is_ok() {
            let verdict = signing::verify(&key, header.sender(), &message, None);
            assert_eq!(verdict, Ok(Verdict::Verified));
        }
    }
});
