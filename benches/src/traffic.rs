//! What the measurement itself costs: a message's numbers, its departure, and a whole trial without a MAC.

use std::hint::black_box;
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use smbsign::measure::{Cell, Observer, Plan, Settings, measure};
use smbsign::record::{Engine, Measurement, Protection, Transmit};
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{
    Arrival, BulkMessage, Generator, GeneratorConfig, LinkRate, Profile, Schedule,
};

const SIZES: [usize; 3] = [128, 4 << 10, 64 << 10];
const SET_BYTES: usize = 512 << 10;

/// The next message, numbered: the same work whatever its size.
pub fn generator(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generator");
    for dialect in [Dialect::Smb1, Dialect::Smb311] {
        for size in SIZES {
            let profile =
                Profile::bulk(BulkMessage::ReadResponse, dialect, size).expect("a size both dialects have");
            let config = GeneratorConfig { set_bytes: SET_BYTES, seed: 1, ..GeneratorConfig::default() };
            let mut generator = Generator::new(&profile, config);
            assert_eq!(generator.next_message().bytes.len(), size);
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new(dialect.name(), size), |bencher| {
                bencher.iter(|| black_box(generator.next_message().wire_bytes));
            });
        }
    }
    group.finish();
}

/// The next intended departure.
pub fn pacer(criterion: &mut Criterion) {
    let rate = NonZeroU64::new(10_000_000_000).expect("10 Gbit/s is not 0");
    let mut schedule = Schedule::new(rate, 0, Arrival::Paced, 1);
    let first = (schedule.depart(222.0), schedule.depart(222.0));
    assert_eq!(first, (0, 177), "222 bytes take 177.6 ns at 10 Gbit/s");
    for arrival in ["paced", "poisson", "burst:16"] {
        let mut schedule = Schedule::new(rate, 0, arrival.parse().expect("an arrival"), 1);
        criterion.bench_function(&format!("pacer/10GbE {arrival}"), |bencher| {
            bencher.iter(|| schedule.depart(black_box(222.0)));
        });
    }
}

/// Everything that a trial of 128-byte messages spends on one around a MAC that costs nothing.
pub fn harness(criterion: &mut Criterion) {
    let settings = Settings {
        dialects: vec![Dialect::Smb311],
        protections: vec![Protection::Null],
        engines: Some(vec![Engine::Serial]),
        links: vec![LinkRate::Max],
        message_bytes: 128,
        transmit: Transmit::None,
        duration: Some(Duration::from_millis(20)),
        rounds: Some(1),
        ..Settings::default()
    };
    let plan = Plan::new(settings).expect("a plan of two cells");
    criterion.bench_function("harness/128", |bencher| {
        // The trial decides how many messages fit its window; criterion is told what each took.
        bencher.iter_custom(|messages| {
            let measured = measure(&plan, &mut Silent);
            let null = measured.measurements.iter().find(|row| row.protection == Protection::Null);
            let trial = &null.expect("the null MAC was measured").trials[0];
            assert!(trial.messages > 0);
            Duration::from_nanos(trial.busy_ns).mul_f64(messages as f64 / trial.messages as f64)
        });
    });
}

struct Silent;

impl Observer for Silent {
    fn trial_starts(&mut self, _: &Cell, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn round_ends(&mut self, _: &[Measurement]) {}
}
