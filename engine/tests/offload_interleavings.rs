//! The room `offload` itself, all but the signing, as its engine ends and as its keys change: under every read that the
//! memory model allows, and all interleavings with as many preemptions as each model names (a thread that sleeps or ends is
//! no preemption). Who waits for ever is a deadlock, which loom reports.
#![allow(dead_code, unreachable_pub, reason = "the models use a part of the room")]

#[path = "../src/offload/bell.rs"]
mod bell;
#[path = "../src/offload/burst.rs"]
mod burst;
#[path = "../src/offload/closing.rs"]
mod closing;
#[path = "../src/offload/config.rs"]
mod config;
#[path = "../src/offload/engine.rs"]
mod engine;
#[path = "../src/offload/fault.rs"]
mod fault;
#[path = "../src/offload/front.rs"]
mod front;
#[path = "../src/offload/keys.rs"]
mod keys;
#[path = "../src/offload/pair.rs"]
mod pair;
#[path = "../src/offload/parcel.rs"]
mod parcel;
#[path = "../src/offload/patience.rs"]
mod patience;
#[path = "../src/offload/shared.rs"]
mod shared;
#[path = "../src/offload/stats.rs"]
mod stats;
#[path = "../src/offload/worker.rs"]
mod worker;

#[path = "modelled/parking.rs"]
mod parking;
#[path = "modelled/queue.rs"]
mod queue;

/// What threads meet by.
mod sync {
    pub(super) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
    pub(super) use loom::thread;

    pub(super) use super::parking::{Parker, Unparker};
    pub(super) use super::queue::{ArrayQueue, SegQueue};
}

/// Where nothing is asked for before it is needed.
mod kernels {
    pub(super) use smbsign_engine::kernels::Backend;

    pub(super) const fn prefetch<T>(_: &T) {}
    pub(super) const fn prefetch_to_write<T>(_: &T) {}
}

/// A round in which every message whose key is known is signed at once.
mod round {
    use super::batch::{Occupancy, Outcome};
    use super::burst::{Burst, Failure};
    use super::fault::{Faults, Place};
    use super::kernels::Backend;
    use super::keys::KeyId;
    use super::mac::PreparedKey;
    use super::parcel::Parcel;
    use super::stats::{Count, Tally};

    pub(super) struct Round;

    impl Round {
        pub(super) const fn new(_: Backend, _: usize) -> Self {
            Self
        }

        pub(super) fn run<'k, 'b, P: Parcel>(
            &mut self,
            bursts: impl Iterator<Item = &'b mut Burst<P>>,
            mut key: impl FnMut(KeyId) -> Option<&'k PreparedKey>,
            faults: &Faults,
            mut between: impl FnMut(),
        ) -> Tally {
            let mut tally = Tally::default();
            for burst in bursts {
                for entry in burst.entries_mut() {
                    faults.pass(Place::MidGroup);
                    let known = key(entry.job.key).is_some();
                    entry.outcome = if known { Ok(Outcome::Signed) } else { Err(Failure::UnknownKey) };
                    tally.add(if known { Count::Signed } else { Count::Refused }, 1);
                }
            }
            between();
            tally
        }

        pub(super) fn occupancy(&self) -> Occupancy {
            Occupancy::default()
        }
    }
}

use std::io::{self, Write};
use std::sync::Arc;
use std::thread::current;
use std::{iter, panic, process};

use batch::{Operation, Outcome};
use burst::{Burst, Failure, Job};
use closing::Closing;
use config::Config;
use engine::OffloadEngine;
use fault::Place;
use kernels::Backend;
use keys::{KeyId, Registry};
use loom::thread;
use mac::PreparedKey;
use pair::{QueuePair, SubmitError};
use patience::Waiting;
use protocol::{SigningAlgorithm, SigningKey};
use smbsign_engine::{batch, mac, protocol};
use sync::SegQueue;

type Engine = OffloadEngine<Vec<u8>>;
type Pair = QueuePair<Vec<u8>>;
/// What became of a burst's one message.
type Fate = Result<Outcome, Failure>;

/// A worker had it: models of the end register no key.
const RAN: Fate = Err(Failure::UnknownKey);
const LEFT_BEHIND: Fate = Err(Failure::ShutDown);

fn model(preemptions: usize, program: impl Fn() + Sync + Send + 'static) {
    // A worker would catch loom's panic as one of its own, and go on for ever: a model that fails ends the process. Loom's
    // threads end by panics without a text.
    panic::set_hook(Box::new(|panic| {
        let text = panic.payload().downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.payload().downcast_ref::<&str>().copied());
        if text.is_some_and(|text| !text.starts_with("ordered by a test")) {
            let _ = writeln!(io::stderr(), "{}: {panic}", current().name().unwrap_or_default());
            process::exit(101);
        }
    }));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(program);
}

/// An engine whose threads sleep whenever they find nothing, and where no reading of the clock decides anything.
fn engine(workers: usize) -> Engine {
    let config = Config {
        backend: Backend::Portable,
        workers,
        queue_depth: 2,
        max_keys: 1,
        waiting: Waiting::Park,
        min_fill: 0,
        ..Config::default()
    };
    OffloadEngine::start(config).unwrap()
}

fn key() -> PreparedKey {
    let key = SigningKey::new(SigningAlgorithm::AesCmac, &[1; 16]).unwrap();
    PreparedKey::new(&key, Backend::Portable)
}

fn unknown_key() -> KeyId {
    Registry::new(1).issue().unwrap()
}

/// A burst of one message, of so many bytes.
fn burst(key: KeyId, bytes: usize) -> Burst<Vec<u8>> {
    let mut burst = Burst::new();
    burst.push(Job { key, operation: Operation::Sign, sequence: None, parcel: vec![0; bytes] }).unwrap();
    burst
}

/// The length of a burst's message, and what became of it.
fn open(mut burst: Burst<Vec<u8>>) -> (usize, Fate) {
    let done = burst.drain().next().unwrap();
    (done.job.parcel.len(), done.outcome)
}

/// Waits for all that is out, and puts the short before the long.
fn wait_for_all(pair: &mut Pair) -> Vec<(usize, Fate)> {
    let mut back: Vec<_> = iter::from_fn(|| pair.wait()).map(open).collect();
    back.sort_unstable_by_key(|(bytes, _)| *bytes);
    back
}

#[test]
fn what_was_accepted_runs_and_what_comes_as_the_end_begins_comes_back_once() {
    model(2, || {
        let (engine, key) = (engine(1), unknown_key());
        let mut pair = engine.queue_pair();
        pair.submit(burst(key, 1)).unwrap();
        let closer = thread::spawn(move || engine.shutdown());
        let late = pair.submit(burst(key, 2));
        let back = wait_for_all(&mut pair);
        match late {
            Ok(()) => {
                assert!(back == [(1, RAN), (2, RAN)] || back == [(1, RAN), (2, LEFT_BEHIND)], "{back:?}");
            }
            Err(SubmitError::ShutDown(late)) => assert_eq!((open(late).0, back), (2, vec![(1, RAN)])),
            Err(error) => panic!("{error}"),
        }
        closer.join().unwrap();
    });
}

#[test]
fn a_long_message_that_was_accepted_runs() {
    model(2, || {
        let (engine, key) = (engine(1), unknown_key());
        let mut pair = engine.queue_pair();
        pair.submit(burst(key, 200_000)).unwrap();
        let closer = thread::spawn(move || engine.shutdown());
        assert_eq!(wait_for_all(&mut pair), [(200_000, RAN)]);
        closer.join().unwrap();
    });
}

#[test]
fn after_the_end_one_poll_gives_back_what_is_out() {
    model(3, || {
        let (engine, key) = (engine(1), unknown_key());
        let mut pair = engine.queue_pair();
        let closer = thread::spawn(move || engine.shutdown());
        let accepted = pair.submit(burst(key, 1)).is_ok();
        closer.join().unwrap();
        let back = pair.poll().map(open);
        assert!(if accepted {
            back == Some((1, RAN)) || back == Some((1, LEFT_BEHIND))
        } else {
            back.is_none()
        });
        assert!(pair.poll().is_none());
    });
}

#[test]
fn once_the_end_is_over_all_that_workers_gave_back_is_seen() {
    model(4, || {
        let (closing, done) = (Arc::new(Closing::new(2)), Arc::new(SegQueue::default()));
        for _ in 0..2 {
            let (closing, done) = (Arc::clone(&closing), Arc::clone(&done));
            thread::spawn(move || {
                done.push(());
                closing.leave([]);
            });
        }
        if closing.is_over() {
            assert!(done.pop().is_some() && done.pop().is_some());
        }
    });
}

#[test]
fn two_workers_leave_nobody_waiting() {
    model(1, || {
        let (engine, key) = (engine(2), unknown_key());
        let mut pair = engine.queue_pair();
        let closer = thread::spawn(move || engine.shutdown());
        let accepted = pair.submit(burst(key, 1)).is_ok();
        let back = wait_for_all(&mut pair);
        assert!(if accepted { back == [(1, RAN)] || back == [(1, LEFT_BEHIND)] } else { back.is_empty() });
        closer.join().unwrap();
    });
}

#[test]
fn one_of_two_workers_runs_what_was_accepted() {
    model(1, || {
        let (engine, key) = (engine(2), unknown_key());
        let mut pair = engine.queue_pair();
        pair.submit(burst(key, 1)).unwrap();
        let closer = thread::spawn(move || engine.shutdown());
        assert_eq!(wait_for_all(&mut pair), [(1, RAN)]);
        closer.join().unwrap();
    });
}

#[test]
fn a_worker_that_panics_as_the_end_begins_gives_back_what_it_had_and_leaves() {
    for (place, fate) in
        [(Place::Idle, RAN), (Place::MidGroup, Err(Failure::Panicked)), (Place::MidPublish, RAN)]
    {
        model(2, move || {
            let (engine, key) = (engine(1), unknown_key());
            let mut pair = engine.queue_pair();
            engine.faults().order(place, 0);
            pair.submit(burst(key, 1)).unwrap();
            let closer = thread::spawn(move || engine.shutdown());
            assert_eq!(wait_for_all(&mut pair), [(1, fate)], "{place:?}");
            closer.join().unwrap();
        });
    }
}

#[test]
fn who_runs_a_burst_knows_its_key() {
    model(2, || {
        let engine = engine(1);
        let mut pair = engine.queue_pair();
        let key = engine.register(key()).unwrap();
        pair.submit(burst(key, 1)).unwrap();
        assert_eq!(wait_for_all(&mut pair), [(1, Ok(Outcome::Signed))]);
    });
}

#[test]
fn a_removed_key_is_not_mistaken_for_the_next_of_its_slot() {
    model(1, || {
        let engine = engine(1);
        let mut pair = engine.queue_pair();
        let removed = engine.register(key()).unwrap();
        engine.remove(removed).unwrap();
        let next = engine.register(key()).unwrap();
        pair.submit(burst(removed, 1)).unwrap();
        pair.submit(burst(next, 2)).unwrap();
        assert_eq!(wait_for_all(&mut pair), [(1, Err(Failure::UnknownKey)), (2, Ok(Outcome::Signed))]);
    });
}
