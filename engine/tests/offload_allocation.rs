//! An engine that has once run allocates nothing when it runs again, in none of its threads.

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use smbsign_engine::batch::{Operation, Outcome};
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{Burst, Completion, Config, Job, OffloadEngine, QueuePair, Waiting};
use smbsign_engine::protocol::{SequenceNumber, SigningAlgorithm, SigningKey};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Message = (Vec<u8>, Arc<[u8]>);

fn job(engine: &OffloadEngine<Message>, index: usize, body: &Arc<[u8]>) -> Job<Message> {
    let algorithm = SigningAlgorithm::ALL[index % 4];
    let key = SigningKey::new(algorithm, &[index as u8; 16]).unwrap();
    let mut head = vec![7; 100 + index * 13 % 400];
    let smb1 = algorithm == SigningAlgorithm::Md5;
    head[..6].copy_from_slice(if smb1 { b"\xffSMB\x40\x00" } else { b"\xfeSMB\x40\x00" });
    head[16] = 0;
    Job {
        key: engine.register(PreparedKey::new(&key, engine.backend())).unwrap(),
        operation: Operation::Sign,
        sequence: Some(SequenceNumber(index as u32)),
        parcel: (head, Arc::clone(body)),
    }
}

/// Submits all bursts, takes them back, and fills each anew.
fn cycle(
    pair: &mut QueuePair<Message>,
    bursts: &mut Vec<Burst<Message>>,
    done: &mut Vec<Completion<Message>>,
) {
    for burst in bursts.drain(..) {
        pair.submit(burst).expect("room");
    }
    while let Some(mut burst) = pair.wait() {
        done.extend(burst.drain());
        for Completion { job, outcome } in done.drain(..) {
            assert_eq!(outcome, Ok(Outcome::Signed));
            burst.push(job).expect("room");
        }
        bursts.push(burst);
    }
}

#[test]
fn an_engine_that_has_run_allocates_nothing() {
    for waiting in [Waiting::SpinThenPark(Duration::from_micros(20)), Waiting::Park] {
        let config = Config { waiting, workers: 2, queue_depth: 16, max_keys: 2000, ..Config::default() };
        let engine = OffloadEngine::start(config).unwrap();
        let mut pair = engine.queue_pair();
        // The last ones are long ones.
        let bodies: [Arc<[u8]>; 2] = [Arc::from(vec![1; 3000]), Arc::from(vec![2; 200_000])];
        let mut bursts: Vec<_> = (0..16).map(|_| Burst::new()).collect();
        for (index, burst) in bursts.iter_mut().enumerate() {
            let body = &bodies[usize::from(index > 12)];
            (0..64).for_each(|message| burst.push(job(&engine, index * 64 + message, body)).unwrap());
        }
        let mut done = Vec::with_capacity(64);
        cycle(&mut pair, &mut bursts, &mut done);
        let region = Region::new(ALLOCATOR);
        (0..20).for_each(|_| cycle(&mut pair, &mut bursts, &mut done));
        assert_eq!(region.change().allocations, 0, "{waiting:?}");
        // The counter counts, whichever thread allocates.
        std::thread::spawn(|| drop(std::hint::black_box(vec![1]))).join().unwrap();
        assert!(region.change().allocations > 0);
    }
}
