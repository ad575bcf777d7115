//! SMB1: header, NEGOTIATE, SESSION_SETUP, signing and verifying whatever the bytes are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::negotiate::Smb1NegotiateResponse;
use smbsign_engine::protocol::session_setup::{Smb1Request, Smb1Response};
use smbsign_engine::protocol::{Sender, SequenceNumber, SigningAlgorithm, SigningKey, smb1};
use smbsign_engine::signing::{self, Verdict};

fuzz_target!(|bytes: &[u8]| {
    let _ = smb1::Header::parse(bytes).map(|header| (header.sender(), header.signature()));
    let _ = Smb1NegotiateResponse::parse(bytes);
    let _ = Smb1Request::parse(bytes);
    let _ = Smb1Response::parse(bytes);

    let key = SigningKey::new(SigningAlgorithm::Md5, &[7; 40]).expect("MD5 takes 40 bytes");
    let key = PreparedKey::new(&key, Backend::detect());
    let sequence = Some(SequenceNumber(2));
    let mut message = bytes.to_vec();
    if smb1::Header::parse(bytes).is_ok() && signing::sign(&key, &mut message, sequence).is_ok() {
        let verdict = signing::verify(&key, Sender::Client, &message, sequence);
        assert_eq!(verdict, Ok(Verdict::Verified));
    }
});
