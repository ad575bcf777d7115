//! `cargo bench -p smbsign-benches --bench traffic`

use criterion::{criterion_group, criterion_main};
use smbsign_benches::traffic;

criterion_group!(measurement, traffic::generator, traffic::pacer, traffic::harness);
criterion_main!(measurement);
