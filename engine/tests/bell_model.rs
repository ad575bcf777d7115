//! The bell of `offload`, as it stands there, under every interleaving and every read that the memory model allows.
//! A wake-up that is lost is a thread that sleeps for ever, and loom reports it as a deadlock.

#[path = "../src/offload/bell.rs"]
mod bell;
#[path = "modelled/parking.rs"]
mod parking;

use bell::{Sleeper, ring_all, ring_first};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// What the bell synchronises with.
mod sync {
    pub(super) use loom::sync::atomic::{AtomicBool, Ordering, fence};

    pub(super) use super::parking::{Parker, Unparker};
}

/// Bursts in a queue, as far as a sleeper cares.
struct Work(AtomicUsize);

impl Work {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn take(&self) -> bool {
        let taken = |count: usize| count.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }
}

/// As a worker does: looks, and sleeps if there is nothing.
fn take_one(sleeper: &Sleeper, work: &Work) {
    while !work.take() {
        sleeper.sleep(None, || work.is_there());
    }
}

fn model(preemptions: usize, program: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(program);
}

#[test]
fn a_sleeper_misses_no_ring() {
    model(3, || {
        let (sleeper, work) = (Sleeper::new(), Arc::new(Work(AtomicUsize::new(0))));
        let ringers: Vec<_> = (0..2)
            .map(|_| {
                let (bell, work) = (sleeper.bell(), Arc::clone(&work));
                thread::spawn(move || {
                    work.add();
                    ring_first([&bell]);
                })
            })
            .collect();
        take_one(&sleeper, &work);
        take_one(&sleeper, &work);
        ringers.into_iter().for_each(|ringer| ringer.join().unwrap());
    });
}

#[test]
fn no_burst_waits_while_all_workers_sleep() {
    model(2, || {
        let (sleepers, work) = ([Sleeper::new(), Sleeper::new()], Arc::new(Work(AtomicUsize::new(0))));
        let bells = [sleepers[0].bell(), sleepers[1].bell()];
        let (done, closing) = (Arc::new(AtomicUsize::new(0)), Arc::new(Work(AtomicUsize::new(0))));
        let workers: Vec<_> = sleepers
            .into_iter()
            .map(|sleeper| {
                let (work, closing, done) = (Arc::clone(&work), Arc::clone(&closing), Arc::clone(&done));
                let bells = bells.clone();
                thread::spawn(move || {
                    while !closing.is_there() {
                        if !work.take() {
                            sleeper.sleep(None, || work.is_there() || closing.is_there());
                        } else if done.fetch_add(1, Ordering::Relaxed) == 1 {
                            // Only when both are done: a burst that nobody takes leaves all asleep.
                            closing.add();
                            ring_all(&bells);
                        }
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            work.add();
            ring_first(&bells);
        }
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

#[test]
fn closing_wakes_all() {
    model(3, || {
        let (sleepers, closing) = ([Sleeper::new(), Sleeper::new()], Arc::new(Work(AtomicUsize::new(0))));
        let bells = [sleepers[0].bell(), sleepers[1].bell()];
        let workers: Vec<_> = sleepers
            .into_iter()
            .map(|sleeper| {
                let closing = Arc::clone(&closing);
                thread::spawn(move || {
                    while !closing.is_there() {
                        sleeper.sleep(None, || closing.is_there());
                    }
                })
            })
            .collect();
        closing.add();
        ring_all(&bells);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

#[test]
fn a_ring_after_a_deadline_is_not_lost_for_the_next_sleep() {
    model(5, || {
        let (sleeper, work) = (Sleeper::new(), Arc::new(Work(AtomicUsize::new(0))));
        let (bell, added) = (sleeper.bell(), Arc::clone(&work));
        let ringer = thread::spawn(move || {
            added.add();
            ring_first([&bell]);
        });
        sleeper.sleep(Some(std::time::Instant::now()), || work.is_there());
        take_one(&sleeper, &work);
        ringer.join().unwrap();
    });
}
