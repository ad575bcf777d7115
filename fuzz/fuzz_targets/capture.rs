//! Any bytes as a capture file: packets, TCP streams, SMB frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign::capture::Events;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(events) = Events::new(bytes) {
        for event in events {
            let _ = format!("{event:?}");
        }
    }
});
