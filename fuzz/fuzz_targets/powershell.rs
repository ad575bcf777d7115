//! Any bytes as PowerShell's JSON: what is stated can be taken over by a machine, and every warning names its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smbsign::inventory::{Machine, powershell};

fuzz_target!(|bytes: &[u8]| {
    let source = powershell("file", bytes);
    Machine::unknown().take(&source.statements);
    assert!(source.warnings.iter().all(|warning| warning.to_string().starts_with("file")));
});
