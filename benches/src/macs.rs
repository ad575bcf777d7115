//! Every signing algorithm by message size: each backend, and the crates a Rust server would take otherwise.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::{PreparedKey, Tag, reference};
use smbsign_engine::protocol::{Nonce, SigningAlgorithm, SigningKey};

use crate::rivals;

const SIZES: [usize; 6] = [128, 512, 1 << 10, 4 << 10, 64 << 10, 1 << 20];
const KEY: [u8; 16] = [0x5a; 16];
const NONCE: Nonce = Nonce::from_bytes([7; 12]);

type TagOfMessage = dyn Fn(&[u8]) -> Tag;

/// One way to compute a message's tag under [`KEY`] and [`NONCE`].
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) tag: Box<TagOfMessage>,
}

/// One criterion group per algorithm, hot: key prepared, message in cache.
pub fn one_message_at_a_time(criterion: &mut Criterion) {
    for algorithm in SigningAlgorithm::ALL {
        // SigningKey takes 16 bytes for every algorithm.
        let Ok(key) = SigningKey::new(algorithm, &KEY) else { continue };
        let contenders: Vec<_> = Backend::available()
            .map(|backend| ours(&key, backend))
            .chain(rivals::of(algorithm, KEY, NONCE))
            .collect();
        let mut group = criterion.benchmark_group(algorithm.name());
        for size in SIZES {
            let message: Vec<u8> = (0u8..251).cycle().take(size).collect();
            group.throughput(Throughput::Bytes(size as u64));
            for Contender { name, tag } in &contenders {
                assert_eq!(Ok(tag(&message)), reference::tag(&key, &NONCE, &message), "{name}, {algorithm}");
                group.bench_with_input(BenchmarkId::new(name, size), &message, |bencher, message| {
                    bencher.iter(|| tag(black_box(message)));
                });
            }
        }
        group.finish();
    }
}

fn ours(key: &SigningKey, backend: Backend) -> Contender {
    let prepared = PreparedKey::new(key, backend);
    Contender {
        name: format!("smbsign-{backend}"),
        tag: Box::new(move |message| prepared.tag(&NONCE, &[message])),
    }
}
