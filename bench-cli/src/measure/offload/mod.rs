//! The engine with threads of its own: generator → pacer → offload → transmit → completion.
//!
//! ```text
//! crew    which core is whose               letter  a message of the set, owned
//! stock   what is at home and what is away  feeder  the thread that sends, takes back and transmits
//! ```
//!
//! One thread stands for a server's connections: on the last core it generates and paces the whole link, and transmits what
//! comes back. The engine's workers have the other cores. What no session signs, and all of the unsigned baseline, takes the
//! same way with a key that is not registered: it is queued, gathered and given back as it was.

mod crew;
mod feeder;
mod letter;
mod stock;

use std::thread;
use std::time::Duration;

use core_affinity::CoreId;
use smbsign_engine::offload::{Burst, Config, OffloadEngine, Waiting};
use smbsign_engine::traffic::Clock as _;

use super::memory::{self, MemoryRates};
use super::plan::{Cell, Plan};
use super::system::{Account, Spent};
use super::trial::{Part, Prepared, TrialError, Work, first_session, share};
use super::worker::{Done, Share, Worker};
use super::workplace::Workplace;
pub(super) use crew::Crew;
use feeder::{BURSTS, Feeder, Manners};
use letter::Letter;
use stock::Stock;

/// Runs the threads of one trial.
pub(super) fn run(plan: &Plan, cell: Cell, seed: u64, prepared: Prepared) -> Result<Work, TrialError> {
    let settings = &plan.settings;
    let Some((Worker { place, watch }, keys)) = prepared.into_iter().next() else {
        return Err(TrialError::NoEngine("no thread feeds it".into()));
    };
    let clock = &watch.clock.clone();
    let Workplace { generator, duty, transmit, backend, spare, .. } = place;
    let share = share(plan, cell, (0, 1), seed, &generator);
    let (set_bytes, first_session) = (generator.set_bytes(), first_session(cell.dialect, &generator));
    let crew = Crew::of_machine();
    let before = crew.pace(clock);
    let engine = OffloadEngine::<Letter>::start(Config {
        backend,
        workers: settings.workers,
        cores: crew.workers.clone(),
        queue_depth: BURSTS,
        max_keys: generator.sessions() + 1,
        waiting: match crew.manners() {
            Manners::Spins => Waiting::Spin,
            Manners::Yields => Waiting::Park,
        },
        max_wait: cell.max_wait.unwrap_or_default(),
        ..Config::default()
    })
    .map_err(|error| TrialError::NoEngine(error.to_string()))?;
    let stock = Stock::new(generator, duty, spare, &engine)
        .map_err(|error| TrialError::NoEngine(error.to_string()))?;
    let feeder = Feeder {
        engine: &engine,
        pair: engine.queue_pair(),
        spare: (0..BURSTS).map(|_| Burst::new()).collect(),
        stock,
        transmit,
        manners: crew.manners(),
        clock: clock.clone(),
        samples: watch.samples,
        opening: watch.opening,
    };
    let window = settings.duration_at(cell.link);
    let fed = thread::scope(|scope| scope.spawn(|| feed(plan, feeder, &crew, window, share)).join());
    let (done, spent, memory) = fed.map_err(|_| TrialError::Panicked)??;
    engine.shutdown();
    let after = crew.pace(clock);
    let part = Part {
        done,
        spent,
        clock_ghz: f64::midpoint(before.clock_ghz, after.clock_ghz),
        probe_before_ns: before.probe_ns,
        probe_after_ns: after.probe_ns,
        memory,
    };
    Ok(Work { parts: vec![part], keys: vec![keys], set_bytes, first_session })
}

/// The feeding thread, on its core.
fn feed(
    plan: &Plan,
    mut feeder: Feeder<'_>,
    crew: &Crew,
    window: Duration,
    share: Option<Share>,
) -> Result<(Done, Spent, Option<MemoryRates>), TrialError> {
    const SOON: Duration = Duration::from_micros(200);
    let pinned = crew.feeder.filter(|id| core_affinity::set_for_current(CoreId { id: *id }));
    let memory = memory::rates(plan, &feeder.clock, &feeder.stock.messages());
    feeder.warm_up(window)?;
    let accounts = || (Account::read(pinned), Account::of_threads("smbsign-", &crew.workers));
    let (own, workers) = accounts();
    let start = feeder.clock.now() + SOON.as_nanos() as u64;
    let done = feeder.run(start, window, share)?;
    let (own_after, workers_after) = accounts();
    Ok((done, own_after.since(own).and(workers_after.since(workers)), memory))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroUsize;

    use smbsign_engine::batch::Outcome;
    use smbsign_engine::kernels::Backend;
    use smbsign_engine::mac::PreparedKey;
    use smbsign_engine::protocol::{Dialect, Nonce, SigningAlgorithm, SigningKey, smb2};
    use smbsign_engine::traffic::{BulkMessage, Envelope, Generator, GeneratorConfig, Profile};

    use super::super::chunk::ChunkBound;
    use super::super::duty::Duty;
    use super::super::sample::Samples;
    use super::*;

    const LENGTH: usize = 300;
    const BOUND: ChunkBound = ChunkBound { messages: 7, bytes: usize::MAX };

    fn stock(dialect: Dialect, key: &SigningKey, engine: &OffloadEngine<Letter>) -> Stock {
        let profile = Profile::bulk(BulkMessage::ReadResponse, dialect, LENGTH).unwrap();
        let config = GeneratorConfig {
            sessions: Some(3),
            outstanding: NonZeroUsize::new(10),
            set_bytes: 30_000,
            ..GeneratorConfig::default()
        };
        let prepared = || PreparedKey::new(key, Backend::detect());
        let duty = Duty::Sign((0..3).map(|_| prepared()).collect());
        Stock::new(Generator::new(&profile, config), duty, prepared(), engine).unwrap()
    }

    #[test]
    fn a_session_never_has_more_under_way_than_it_may_in_whatever_order_they_come_back() {
        let engine = OffloadEngine::start(Config::default()).unwrap();
        let key = SigningKey::new(SigningAlgorithm::AesCmac, &[9; 16]).unwrap();
        let mut stock = stock(Dialect::Smb311, &key, &engine);
        let mut random = fastrand::Rng::with_seed(5);
        let (mut away, mut by_session) = (Vec::new(), [0_usize; 3]);
        for _ in 0..2_000 {
            if stock.may_send() {
                let mut burst = Burst::new();
                stock.fill(&mut burst, BOUND, None);
                for mut letter in burst.drain().map(|back| back.job.parcel) {
                    by_session[stock.message(&mut letter).session] += 1;
                    away.push(letter);
                }
            }
            assert!(by_session.iter().all(|under_way| *under_way <= 10), "{by_session:?}");
            assert_eq!((stock.under_way(), stock.most_under_way()), (away.len(), 30));
            for _ in 0..random.usize(..12).min(away.len()) {
                let mut letter = away.swap_remove(random.usize(..away.len()));
                by_session[stock.message(&mut letter).session] -= 1;
                stock.put_back(letter);
            }
        }
    }

    #[test]
    fn every_message_is_signed_right_under_a_nonce_of_its_own() {
        for dialect in Dialect::ALL {
            for &algorithm in dialect.signing_algorithms() {
                let key = SigningKey::new(algorithm, &[9; 16]).unwrap();
                let engine = OffloadEngine::start(Config::default()).unwrap();
                let (mut stock, mut pair) = (stock(dialect, &key, &engine), engine.queue_pair());
                let (mut burst, mut numbers) = (Burst::new(), HashSet::new());
                for _ in 0..100 {
                    stock.fill(&mut burst, BOUND, None);
                    pair.submit(burst).unwrap();
                    burst = pair.wait().unwrap();
                    for done in burst.drain() {
                        assert_eq!(done.outcome, Ok(Outcome::Signed));
                        let mut letter = done.job.parcel;
                        let message = stock.message(&mut letter);
                        let number = match smb2::Header::parse(message.bytes) {
                            Ok(header) => Nonce::of(&header).as_bytes().to_vec(),
                            Err(_) => message.sequence.unwrap().0.to_le_bytes().to_vec(),
                        };
                        assert!(numbers.insert((message.session, number)), "{dialect}");
                        let mut samples = Samples::with_room([LENGTH], Envelope::Clear);
                        samples.keep(&message);
                        assert!(samples.into_kept().remove(0).check(&key).is_ok(), "{dialect} {algorithm}");
                        stock.put_back(letter);
                    }
                }
                assert_eq!((numbers.len(), stock.under_way()), (700, 0));
            }
        }
    }
}
