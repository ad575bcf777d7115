//! `cargo bench -p smbsign-benches --bench macs`

use criterion::{criterion_group, criterion_main};

criterion_group!(macs, smbsign_benches::macs::one_message_at_a_time);
criterion_main!(macs);
