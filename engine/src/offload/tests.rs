//! A worker that panics, wherever it is, loses no message and goes on.

use std::iter;
use std::panic::panic_any;
use std::time::Duration;

use super::fault::Place;
use super::{Burst, Config, Failure, Job, OffloadEngine, Parcel, QueuePair, Waiting};
use crate::batch::{Operation, Outcome};
use crate::kernels::Backend;
use crate::mac::PreparedKey;
use crate::protocol::{SigningAlgorithm, SigningKey};

const WAYS: [Waiting; 3] = [Waiting::Spin, Waiting::SpinThenPark(Duration::from_micros(20)), Waiting::Park];
const SIZES: [usize; 4] = [64, 300, 5000, 200_000];

fn unsigned(bytes: usize) -> Vec<u8> {
    let mut message = vec![7; bytes];
    message[..6].copy_from_slice(b"\xfeSMB\x40\x00");
    message[16] = 0;
    message
}

fn key() -> PreparedKey {
    let key = SigningKey::new(SigningAlgorithm::AesCmac, &[1; 16]).unwrap();
    PreparedKey::new(&key, Backend::detect())
}

/// Bursts of ten messages of each size, those of one size together.
fn submit_all(engine: &OffloadEngine<Vec<u8>>, pair: &mut QueuePair<Vec<u8>>) {
    let key = engine.register(key()).unwrap();
    for bytes in SIZES {
        let mut burst = Burst::new();
        for _ in 0..10 {
            let job = Job { key, operation: Operation::Sign, sequence: None, parcel: unsigned(bytes) };
            burst.push(job).unwrap();
        }
        pair.submit(burst).unwrap();
    }
}

/// Takes everything back, and tells how many messages were signed and how many failed.
fn take_all(pair: &mut QueuePair<Vec<u8>>) -> (usize, usize) {
    let done: Vec<_> =
        iter::from_fn(|| pair.wait()).flat_map(|mut burst| burst.drain().collect::<Vec<_>>()).collect();
    let mut sizes: Vec<_> = done.iter().map(|done| done.job.parcel.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, SIZES.iter().flat_map(|bytes| [*bytes; 10]).collect::<Vec<_>>());
    let count = |outcome| done.iter().filter(|done| done.outcome == outcome).count();
    (count(Ok(Outcome::Signed)), count(Err(Failure::Panicked)))
}

#[test]
fn a_panic_anywhere_loses_no_message_and_the_worker_goes_on() {
    let places = [(Place::Idle, 0), (Place::MidGroup, 0), (Place::MidGroup, 7), (Place::MidGroup, 35)];
    for waiting in WAYS {
        for (place, passes) in places.into_iter().chain((0..3).map(|passes| (Place::MidPublish, passes))) {
            let engine = OffloadEngine::start(Config { waiting, ..Config::default() }).unwrap();
            let mut pair = engine.queue_pair();
            engine.faults().order(place, passes);
            let (mut signed, mut failed, mut turns) = (0, 0, 0);
            // Where the panic comes depends on how many bursts a round gets.
            while turns == 0 || engine.faults().pending() {
                submit_all(&engine, &mut pair);
                let (more_signed, more_failed) = take_all(&mut pair);
                (signed, failed, turns) = (signed + more_signed, failed + more_failed, turns + 1);
            }
            assert_eq!(signed + failed, 40 * turns, "{place:?} after {passes}, {waiting:?}");
            match place {
                Place::MidGroup => assert!(failed > 0, "{place:?}: whose group broke off was not signed"),
                _ => assert_eq!(failed, 0, "{place:?}: all were signed, or none was taken"),
            }
            submit_all(&engine, &mut pair);
            assert_eq!(take_all(&mut pair), (40, 0), "{place:?}: the worker goes on as before");
            let stats = engine.shutdown();
            assert_eq!(stats.submitted, stats.signed + stats.failed, "{place:?}: {stats:?}");
            assert_eq!((stats.failed, stats.panics), (failed as u64, 1), "{place:?}");
        }
    }
}

/// Panics when a worker looks at it.
struct Broken(usize);

impl Parcel for Broken {
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        self.0 += 1;
        assert!(self.0 < 2, "a parcel of the caller's that panics");
        (&mut [], iter::empty())
    }
}

#[test]
fn a_parcel_that_panics_comes_back_failed() {
    let engine = OffloadEngine::start(Config::default()).unwrap();
    let mut pair = engine.queue_pair();
    let key = engine.register(key()).unwrap();
    for _ in 0..3 {
        let mut burst = Burst::new();
        let job = Job { key, operation: Operation::Sign, sequence: None, parcel: Broken(0) };
        assert!(burst.push(job).is_ok());
        pair.submit(burst).unwrap();
        let outcome = pair.wait().unwrap().drain().next().unwrap().outcome;
        assert_eq!(outcome, Err(Failure::Panicked));
    }
    assert_eq!(engine.shutdown().panics, 3);
}

/// Panics with something that panics again as it is dropped.
struct Spiteful(usize);

struct Sting;

impl Drop for Sting {
    fn drop(&mut self) {
        panic!("as the first panic's payload is dropped");
    }
}

impl Parcel for Spiteful {
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        self.0 += 1;
        if self.0 == 2 {
            panic_any(Sting);
        }
        (&mut [], iter::empty())
    }
}

#[test]
fn what_a_panic_carries_does_not_end_the_worker() {
    let engine = OffloadEngine::start(Config::default()).unwrap();
    let mut pair = engine.queue_pair();
    let key = engine.register(key()).unwrap();
    for _ in 0..2 {
        let mut burst = Burst::new();
        let job = Job { key, operation: Operation::Sign, sequence: None, parcel: Spiteful(0) };
        assert!(burst.push(job).is_ok());
        pair.submit(burst).unwrap();
        assert_eq!(pair.wait().unwrap().drain().next().unwrap().outcome, Err(Failure::Panicked));
    }
    assert_eq!(engine.shutdown().panics, 2);
}

#[test]
fn more_keys_may_be_allowed_than_there_is_memory_for() {
    let engine = OffloadEngine::start(Config { max_keys: usize::MAX, ..Config::default() }).unwrap();
    let mut pair = engine.queue_pair();
    submit_all(&engine, &mut pair);
    assert_eq!(take_all(&mut pair), (40, 0));
}
