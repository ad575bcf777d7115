//! Every signing algorithm over many messages at once, by message size: each backend's lanes.

use criterion::{BenchmarkId, Criterion, Throughput};
use smbsign_engine::batch::{LaneScheduler, Message, Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{Sender, SequenceNumber, SigningAlgorithm, SigningKey};
use smbsign_engine::signing::{self, Verdict};

const SIZES: [usize; 5] = [128, 512, 1 << 10, 4 << 10, 64 << 10];
/// What a hot set holds at least; it never holds fewer messages than two groups of the widest kernel.
const SET_BYTES: usize = 512 << 10;
const MIN_MESSAGES: usize = 128;

/// One criterion group per algorithm, hot: every message has its own key and its own bytes.
pub fn many_messages_at_once(criterion: &mut Criterion) {
    for algorithm in SigningAlgorithm::ALL {
        let mut group = criterion.benchmark_group(format!("{algorithm}/lanes"));
        for size in SIZES {
            let count = (SET_BYTES / size).max(MIN_MESSAGES);
            group.throughput(Throughput::Bytes((count * size) as u64));
            for backend in Backend::available() {
                let keys: Vec<_> = (0..count).map(|index| key(algorithm, backend, index)).collect();
                let mut memory: Vec<_> = (0..count).map(|index| unsigned(algorithm, size, index)).collect();
                let sequence = (algorithm == SigningAlgorithm::Md5).then_some(SequenceNumber(2));
                let mut messages: Vec<_> = keys
                    .iter()
                    .zip(&mut memory)
                    .map(|(key, bytes)| Message { sequence, ..Message::whole(key, bytes, Operation::Sign) })
                    .collect();
                let mut scheduler = LaneScheduler::new(backend);
                scheduler.run(&mut messages.iter_mut());
                assert!(messages.iter().all(|message| message.outcome == Outcome::Signed), "{algorithm}");
                group.bench_function(BenchmarkId::new(backend.name(), size), |bencher| {
                    bencher.iter(|| scheduler.run(&mut messages.iter_mut()));
                });
                drop(messages);
                for (key, bytes) in keys.iter().zip(&memory) {
                    let verdict = signing::verify(key, Sender::Client, bytes, sequence);
                    assert_eq!(verdict, Ok(Verdict::Verified), "{algorithm}, {backend}, {size} bytes");
                }
            }
        }
        group.finish();
    }
}

pub(crate) fn key(algorithm: SigningAlgorithm, backend: Backend, index: usize) -> PreparedKey {
    let bytes = (index as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_le_bytes();
    let key = SigningKey::new(algorithm, &bytes).expect("every algorithm takes 16 bytes");
    PreparedKey::new(&key, backend)
}

/// A header without flags, and painted bytes.
pub(crate) fn unsigned(algorithm: SigningAlgorithm, size: usize, index: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0u8..251).cycle().skip(index % 251).take(size).collect();
    let (header, protocol_id): (usize, &[u8]) = match algorithm {
        SigningAlgorithm::Md5 => (32, b"\xffSMB"),
        _ => (64, b"\xfeSMB\x40"),
    };
    bytes[..header].fill(0);
    bytes[..protocol_id.len()].copy_from_slice(protocol_id);
    bytes
}
