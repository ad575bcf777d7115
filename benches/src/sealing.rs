//! SMB 3 encryption by message size: each cipher, source into destination, with its transform header.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::{Cipher, CipherKey, transform};
use smbsign_engine::sealing::{self, OpeningKey, SealingKey};

const SIZES: [usize; 4] = [128, 4 << 10, 64 << 10, 1 << 20];

/// One criterion group; each frame is opened once before it is timed.
pub fn one_message_at_a_time(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sealing");
    for cipher in Cipher::ALL {
        let key = CipherKey::new(cipher, &[0x5a; 32][..cipher.key_bytes()]).expect("the cipher's own length");
        let sealing_key = SealingKey::new(&key, SessionId(1), Backend::detect());
        for size in SIZES {
            let message: Vec<u8> = (0_u8..251).cycle().take(size).collect();
            let mut frame = vec![0; transform::HEADER_BYTES + size];
            let mut opened = vec![0; size];
            sealing::seal(&sealing_key, &message, &mut frame).expect("a frame of the right length");
            sealing::open(&OpeningKey::new(&key, Backend::detect()), &frame, &mut opened)
                .expect("it opens again");
            assert_eq!(opened, message, "{cipher}");
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(BenchmarkId::new(cipher.name(), size), |bencher| {
                bencher.iter(|| sealing::seal(&sealing_key, black_box(&message), &mut frame));
            });
        }
    }
    group.finish();
}
