//! `cargo bench -p smbsign-benches --bench lanes`

use criterion::{criterion_group, criterion_main};

criterion_group!(lanes, smbsign_benches::lanes::many_messages_at_once);
criterion_main!(lanes);
