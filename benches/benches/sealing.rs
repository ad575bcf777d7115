//! `cargo bench -p smbsign-benches --bench sealing`

use criterion::{criterion_group, criterion_main};

criterion_group!(sealing, smbsign_benches::sealing::one_message_at_a_time);
criterion_main!(sealing);
