//! The direct-TCP header and the protocol identifier behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign_engine::protocol::framing::{self, Announced};

fuzz_target!(|bytes: &[u8]| {
    let _ = framing::Protocol::of(bytes);
    if let Some((header, _)) = bytes.split_first_chunk()
        && let Ok(Announced::Message(length)) = framing::parse_header(*header)
    {
        assert_eq!(framing::header(length).as_ref(), Ok(header));
    }
});
