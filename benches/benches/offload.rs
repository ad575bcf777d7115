//! `cargo bench -p smbsign-benches --bench offload`

use criterion::{criterion_group, criterion_main};

criterion_group!(offload, smbsign_benches::offload::one_worker, smbsign_benches::offload::alone);
criterion_main!(offload);
