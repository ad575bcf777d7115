//! What the offload engine leaves of the batch core's rate: the same messages, run by a scheduler and by one worker.

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use smbsign_engine::batch::{LaneScheduler, Message, Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{Burst, Config, Job, OffloadEngine, QueuePair, Waiting};
use smbsign_engine::protocol::{SequenceNumber, SigningAlgorithm};

use crate::lanes::{key, unsigned};

/// Lengths of messages in bytes, and how many there are. Of short ones there are several rounds, so that the worker finds the
/// next when one ends; of long ones no more than stay in a core's own cache.
const SIZES: [(&str, usize, usize, usize); 5] = [
    ("64-512", 64, 512, 2048),
    ("128", 128, 128, 2048),
    ("1024", 1 << 10, 1 << 10, 512),
    ("4096", 4 << 10, 4 << 10, 128),
    ("65536", 64 << 10, 64 << 10, 128),
];

/// One criterion group per algorithm: `lanes` is a thread that runs the messages in bursts' order, `offload` the time that
/// the engine's worker is busy with them, from the first burst that it finds to the last that it gives back.
///
/// The submitting thread sleeps meanwhile, so that one core is enough.
pub fn one_worker(criterion: &mut Criterion) {
    for algorithm in SigningAlgorithm::ALL {
        let mut group = criterion.benchmark_group(format!("{algorithm}/one-worker"));
        for (name, shortest, longest, count) in SIZES {
            let memory = messages(algorithm, shortest, longest, count);
            group.throughput(Throughput::Bytes(memory.iter().map(Vec::len).sum::<usize>() as u64));
            bench_lanes(&mut group, name, algorithm, &memory);
            group.bench_function(BenchmarkId::new("offload", name), |bencher| {
                let config =
                    Config { waiting: Waiting::Park, queue_depth: bursts(count), ..Config::default() };
                let engine = OffloadEngine::start(config).expect("a worker");
                let mut pair = engine.queue_pair();
                let mut bursts = fill(&engine, algorithm, &memory);
                cycle(&mut pair, &mut bursts);
                let outcomes: Vec<_> =
                    bursts.iter_mut().flat_map(Burst::drain).map(|done| done.outcome).collect();
                assert!(outcomes.iter().all(|outcome| *outcome == Ok(Outcome::Signed)), "{algorithm}");
                let mut bursts = fill(&engine, algorithm, &memory);
                bencher.iter_custom(|iterations| {
                    let before = engine.stats().busy;
                    (0..iterations).for_each(|_| cycle(&mut pair, &mut bursts));
                    engine.stats().busy - before
                });
            });
        }
        group.finish();
    }
}

fn bench_lanes(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    algorithm: SigningAlgorithm,
    memory: &[Vec<u8>],
) {
    // Keys and messages lie in memory as they do for the engine.
    let key = |index| Box::new(key(algorithm, Backend::detect(), index));
    let mut sessions: Vec<_> =
        memory.iter().enumerate().map(|(index, bytes)| (key(index), bytes.clone())).collect();
    let mut messages: Vec<_> = sessions
        .iter_mut()
        .map(|(key, bytes)| Message {
            sequence: sequence(algorithm),
            ..Message::whole(key, bytes, Operation::Sign)
        })
        .collect();
    let mut scheduler = LaneScheduler::new(Backend::detect());
    group.bench_function(BenchmarkId::new("lanes", name), |bencher| {
        bencher.iter_custom(|iterations| {
            let started = Instant::now();
            (0..iterations).for_each(|_| scheduler.run(&mut messages.iter_mut()));
            started.elapsed()
        });
    });
}

fn fill(
    engine: &OffloadEngine<Vec<u8>>,
    algorithm: SigningAlgorithm,
    memory: &[Vec<u8>],
) -> Vec<Burst<Vec<u8>>> {
    let keys = (0..memory.len()).map(|index| -> PreparedKey { key(algorithm, engine.backend(), index) });
    let mut jobs = keys.zip(memory).map(|(key, bytes)| Job {
        key: engine.register(key).expect("few keys"),
        operation: Operation::Sign,
        sequence: sequence(algorithm),
        parcel: bytes.clone(),
    });
    let burst = |_| {
        let mut burst = Burst::new();
        while !burst.is_full() {
            burst.push(jobs.next().expect("enough messages")).expect("room");
        }
        burst
    };
    (0..bursts(memory.len())).map(burst).collect()
}

/// Bursts of so many messages, all full.
const fn bursts(messages: usize) -> usize {
    messages / Burst::<Vec<u8>>::MAX_MESSAGES
}

/// Submits all bursts, and waits for them.
fn cycle(pair: &mut QueuePair<Vec<u8>>, bursts: &mut Vec<Burst<Vec<u8>>>) {
    for burst in bursts.drain(..) {
        pair.submit(burst).expect("room for all bursts");
    }
    while let Some(burst) = pair.wait() {
        bursts.push(burst);
    }
}

fn sequence(algorithm: SigningAlgorithm) -> Option<SequenceNumber> {
    (algorithm == SigningAlgorithm::Md5).then_some(SequenceNumber(2))
}

/// Messages of lengths between two, log-uniform.
fn messages(algorithm: SigningAlgorithm, shortest: usize, longest: usize, count: usize) -> Vec<Vec<u8>> {
    let octaves = (longest as f64 / shortest as f64).log2();
    // The golden ratio's multiples are spread evenly, and in no order of length.
    let share = |index: usize| (index as f64 * 0.618_033_988_75).fract();
    let bytes = |index| (shortest as f64 * (share(index) * octaves).exp2()).round() as usize;
    (0..count).map(|index| unsigned(algorithm, bytes(index), index)).collect()
}

/// How long one message takes through an idle engine and back, beside signing it on the spot.
pub fn alone(criterion: &mut Criterion) {
    let algorithm = SigningAlgorithm::AesCmac;
    let memory = unsigned(algorithm, 4 << 10, 0);
    let mut group = criterion.benchmark_group("aes-128-cmac/alone");
    group.bench_function("here/4096", |bencher| {
        let key = key(algorithm, Backend::detect(), 0);
        let mut bytes = memory.clone();
        bencher.iter(|| smbsign_engine::signing::sign(&key, &mut bytes, None));
    });
    for (name, waiting) in [("spin", Waiting::Spin), ("park", Waiting::Park)] {
        // Two threads that spin need two cores.
        if waiting == Waiting::Spin && std::thread::available_parallelism().is_ok_and(|cores| cores.get() < 2)
        {
            println!("aes-128-cmac/alone/spin: not measured, there is one core");
            continue;
        }
        group.bench_function(format!("offload-{name}/4096"), |bencher| {
            let engine = OffloadEngine::start(Config { waiting, ..Config::default() }).expect("a worker");
            let mut pair = engine.queue_pair();
            let key = engine.register(key(algorithm, engine.backend(), 0)).expect("one key");
            let mut burst = Burst::new();
            let job = Job { key, operation: Operation::Sign, sequence: None, parcel: memory.clone() };
            burst.push(job).expect("room");
            let mut spare = Some(burst);
            bencher.iter(|| {
                pair.submit(spare.take().expect("it came back")).expect("room");
                spare = pair.wait();
            });
        });
    }
    group.finish();
}
