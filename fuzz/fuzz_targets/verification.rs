//! Any bytes as a capture file whose every message is judged, with a password at hand.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign::capture::keys::{Credentials, Keys, Secret};
use smbsign::capture::verification::Verification;
use smbsign::report::messages;

fuzz_target!(|bytes: &[u8]| {
    let password = Secret::new("Dev-Passw0rd".to_owned());
    let keys = Keys::from_credentials(vec![Credentials::new("alice".into(), "TRUTH".into(), password)]);
    let _ = Verification::of(bytes, keys, |message| {
        let _ = messages::row(message);
    });
});
