//! A scheduler that has once run allocates nothing when it runs again.

mod many;

use many::{Deed, Plan};
use smbsign_engine::batch::{LaneScheduler, Message, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{SigningAlgorithm, SigningKey};

#[test]
fn a_run_allocates_nothing() {
    for backend in Backend::available() {
        // The portable backend leaves CMAC and GMAC to crates, which are not held to this.
        let algorithms = match backend {
            Backend::Portable => &[SigningAlgorithm::Md5, SigningAlgorithm::HmacSha256][..],
            _ => &SigningAlgorithm::ALL[..],
        };
        let mut made: Vec<_> = (0..600)
            .map(|session: usize| {
                let algorithm = algorithms[session % algorithms.len()];
                let bytes = 64 + session * session % 70_000;
                let cuts = vec![100 + session, 1000];
                Plan { algorithm, session: (session % 256) as u8, bytes, cuts, deed: Deed::Verify }
                    .make(backend, 0)
            })
            .collect();
        let mut parts: Vec<_> = made
            .iter_mut()
            .map(|made| {
                let operation = made.operation();
                let (head, body) = made.pieces.split_first_mut().unwrap();
                (&made.key, head, many::Made::body(body, 0), made.sequence, operation)
            })
            .collect();
        let mut messages: Vec<_> = parts
            .iter_mut()
            .map(|(key, head, body, sequence, operation)| {
                let mut message = Message::scattered(key, head, body, *operation);
                message.sequence = *sequence;
                message
            })
            .collect();
        let mut scheduler = LaneScheduler::new(backend);
        scheduler.run(&mut messages.iter_mut());
        let allocations = allocation_counter::measure(|| scheduler.run(&mut messages.iter_mut()));
        assert_eq!(allocations.count_total, 0, "{backend}");
        assert!(messages.iter().all(|message| message.outcome == Outcome::Verified), "{backend}");
    }
}

#[test]
fn the_counter_counts() {
    let key = SigningKey::new(SigningAlgorithm::AesGmac, &[1; 16]).unwrap();
    let allocations = allocation_counter::measure(|| drop(PreparedKey::new(&key, Backend::detect())));
    assert!(allocations.count_total > 0);
}
