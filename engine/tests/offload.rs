//! The offload engine: what its callers may count on, with any number of workers and in any way of waiting.

mod many;

use std::sync::mpsc;
use std::time::Duration;

use many::{Deed, Made, Plan, painted, signing_key};
use smbsign_engine::batch::{Operation, Outcome, Refusal};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{
    Burst, Completion, Config, Failure, Job, KeyId, OffloadEngine, Parcel, QueuePair, StartError,
    SubmitError, TooManyKeys, UnknownKey, Waiting,
};
use smbsign_engine::protocol::SigningAlgorithm;

const WAYS: [Waiting; 3] = [Waiting::Spin, Waiting::SpinThenPark(Duration::from_micros(20)), Waiting::Park];

/// A message in pieces, and which it is.
#[derive(Debug)]
struct Numbered {
    number: usize,
    pieces: Vec<Vec<u8>>,
}

impl Parcel for Numbered {
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        let (head, body) = self.pieces.split_first_mut().expect("a head");
        (head, body.iter().map(|piece| &piece[..]))
    }
}

fn start(config: Config) -> OffloadEngine<Vec<u8>> {
    start_for(config)
}

fn start_for<P: Parcel>(config: Config) -> OffloadEngine<P> {
    OffloadEngine::start(config).expect("a configuration that holds")
}

fn key(algorithm: SigningAlgorithm, session: u8, backend: Backend) -> PreparedKey {
    PreparedKey::new(&signing_key(algorithm, session), backend)
}

/// A message that the engine signs, which is none but for its header.
fn unsigned(bytes: usize) -> Vec<u8> {
    let mut message = painted(bytes, 0);
    message[..6].copy_from_slice(b"\xfeSMB\x40\x00");
    message[16] = 0;
    message
}

fn sign(key: KeyId, message: Vec<u8>) -> Job<Vec<u8>> {
    Job { key, operation: Operation::Sign, sequence: None, parcel: message }
}

fn burst<P: Parcel>(jobs: impl IntoIterator<Item = Job<P>>) -> Burst<P> {
    let mut burst = Burst::new();
    jobs.into_iter().for_each(|job| assert!(burst.push(job).is_ok(), "a full burst"));
    burst
}

fn outcomes<P: Parcel>(mut burst: Burst<P>) -> Vec<Result<Outcome, Failure>> {
    burst.drain().map(|done| done.outcome).collect()
}

/// Submits, and makes room by polling where there is none.
fn submit<P: Parcel>(pair: &mut QueuePair<P>, mut burst: Burst<P>, polled: &mut Vec<Burst<P>>) {
    loop {
        match pair.submit(burst) {
            Ok(()) => return,
            Err(SubmitError::Full(back)) => {
                burst = back;
                polled.extend(pair.wait());
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Messages of all algorithms, dialects, deeds and cuts.
fn mixed(count: usize, backend: Backend) -> Vec<Made> {
    let deeds = [Deed::Sign, Deed::Verify, Deed::VerifyChanged(77), Deed::VerifyUnsigned, Deed::Refuse];
    (0..count)
        .map(|index| {
            let algorithm = SigningAlgorithm::ALL[index % 4];
            let bytes = if index % 97 == 0 { 150_000 } else { 64 + index * index % 9000 };
            let cuts = (0..index % 5).map(|cut| 70 + cut * 311).collect();
            Plan { algorithm, session: (index % 256) as u8, bytes, cuts, deed: deeds[index / 4 % 5] }
                .make(backend, 0)
        })
        .collect()
}

fn check_every_message_comes_back_as_it_would_alone(config: &Config) {
    let engine = start_for::<Numbered>(config.clone());
    let made = mixed(700, config.backend);
    let jobs: Vec<_> = made
        .iter()
        .enumerate()
        .map(|(number, made)| Job {
            key: engine.register(made.key.clone()).unwrap(),
            operation: made.operation(),
            sequence: made.sequence,
            parcel: Numbered { number, pieces: made.pieces.clone() },
        })
        .collect();
    let mut pairs: Vec<_> = (0..3).map(|_| engine.queue_pair()).collect();
    let mut polled: Vec<Vec<_>> = pairs.iter().map(|_| Vec::new()).collect();
    let mut jobs = jobs.into_iter();
    let sizes = [1, 64, 0, 7, 30].into_iter().cycle();
    for (index, size) in (0..).zip(sizes) {
        let burst = burst(jobs.by_ref().take(size));
        let last = burst.is_empty() && size > 0;
        submit(&mut pairs[index % 3], burst, &mut polled[index % 3]);
        if last {
            break;
        }
    }
    let mut seen = vec![false; made.len()];
    for (pair, mut polled) in pairs.iter_mut().zip(polled) {
        polled.extend(std::iter::from_fn(|| pair.wait()));
        assert_eq!(pair.outstanding(), 0);
        for mut burst in polled {
            let times = burst.times().expect("it ran");
            assert!(times.queued <= times.started && times.started <= times.ended);
            for Completion { job, outcome } in burst.drain() {
                let Numbered { number, pieces } = job.parcel;
                let made = &made[number];
                assert_eq!(outcome, Ok(made.expected.into()), "{:?}", made.plan);
                assert!(pieces.concat() == made.expected_bytes, "other bytes than alone: {:?}", made.plan);
                assert!(!std::mem::replace(&mut seen[number], true), "twice: {number}");
            }
        }
    }
    assert!(seen.iter().all(|seen| *seen), "a message did not come back");
    let stats = engine.shutdown();
    let judged = stats.signed + stats.verified + stats.bad_signatures + stats.not_signed + stats.refused;
    assert_eq!((stats.submitted, judged), (700, 700), "{stats:?}");
    assert_eq!((stats.failed, stats.abandoned, stats.panics), (0, 0, 0));
}

#[test]
fn every_message_comes_back_once_and_as_it_would_alone() {
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    for backend in Backend::available() {
        println!("{backend}");
        for waiting in WAYS {
            for workers in [1, 3 * cores] {
                let config = Config { backend, waiting, workers, max_keys: 1000, ..Config::default() };
                check_every_message_comes_back_as_it_would_alone(&config);
            }
        }
    }
}

#[test]
fn a_queue_of_depth_one_works() {
    let config = Config { queue_depth: 1, max_keys: 1000, ..Config::default() };
    check_every_message_comes_back_as_it_would_alone(&config);
}

#[test]
fn waiting_for_more_ends_with_the_deadline_or_with_enough() {
    for waiting in WAYS {
        let config = Config { waiting, max_wait: Config::MAX_WAIT, min_fill: 3, ..Config::default() };
        let engine = start(config);
        let mut pair = engine.queue_pair();
        let key = engine.register(key(SigningAlgorithm::AesCmac, 1, engine.backend())).unwrap();
        pair.submit(burst([sign(key, unsigned(100))])).unwrap();
        let alone = pair.wait().unwrap().times().unwrap();
        assert!(alone.queueing() >= Config::MAX_WAIT, "{waiting:?} ran before more could come");
        for _ in 0..3 {
            pair.submit(burst([sign(key, unsigned(100))])).unwrap();
        }
        let all: Vec<_> = std::iter::from_fn(|| pair.wait()).map(outcomes).collect();
        assert_eq!(all, vec![vec![Ok(Outcome::Signed)]; 3]);
    }
}

#[test]
fn a_full_queue_gives_the_burst_back() {
    let engine = start(Config { queue_depth: 2, ..Config::default() });
    let key = engine.register(key(SigningAlgorithm::AesGmac, 3, engine.backend())).unwrap();
    let mut pair = engine.queue_pair();
    pair.submit(burst([sign(key, unsigned(64))])).unwrap();
    pair.submit(burst([sign(key, unsigned(64))])).unwrap();
    // Also if the workers are done: what was not polled takes up room.
    let Err(SubmitError::Full(mut back)) = pair.submit(burst([sign(key, unsigned(4000))])) else {
        panic!("accepted beyond the queue's depth")
    };
    assert_eq!(back.drain().map(|done| done.job.parcel).collect::<Vec<_>>(), [unsigned(4000)]);
    assert_eq!((engine.stats().submitted, engine.stats().given_back), (2, 1));
    assert!(pair.wait().is_some() && pair.submit(back).is_ok());
}

#[test]
fn a_burst_takes_64_messages() {
    let engine = start(Config::default());
    let key = engine.register(key(SigningAlgorithm::AesCmac, 3, engine.backend())).unwrap();
    let mut burst = burst((0..64).map(|_| sign(key, unsigned(64))));
    assert!(burst.is_full());
    assert_eq!(burst.push(sign(key, unsigned(99))).map_err(|job| job.parcel), Err(unsigned(99)));
    assert_eq!(burst.drain().len(), 64);
    assert!(burst.is_empty());
}

#[test]
fn a_key_is_known_from_its_registration_to_its_removal() {
    let engine = start(Config { max_keys: 2, workers: 2, ..Config::default() });
    let other = start(Config::default());
    let mut pair = engine.queue_pair();
    let mut outcome = |key| {
        pair.submit(burst([sign(key, unsigned(70))])).unwrap();
        outcomes(pair.wait().unwrap())[0]
    };
    let new_key = |session| key(SigningAlgorithm::HmacSha256, session, engine.backend());
    for session in 0..50 {
        let key = engine.register(new_key(session)).unwrap();
        let _second = engine.register(new_key(session)).unwrap();
        assert_eq!(
            engine.register(new_key(session)).map(|_| ()).unwrap_err().to_string(),
            "2 keys are registered, as many as are allowed"
        );
        assert_eq!(outcome(key), Ok(Outcome::Signed));
        assert_eq!(engine.remove(key), Ok(()));
        assert_eq!(outcome(key), Err(Failure::UnknownKey));
        assert_eq!(engine.remove(key), Err(UnknownKey));
        // The slot's next key is not reached by the old number.
        let next = engine.register(new_key(session)).unwrap();
        assert_eq!((outcome(key), outcome(next)), (Err(Failure::UnknownKey), Ok(Outcome::Signed)));
        engine.remove(next).unwrap();
        engine.remove(_second).unwrap();
    }
    let stranger = other.register(new_key(1)).unwrap();
    assert_eq!(outcome(stranger), Err(Failure::UnknownKey));
    let _: Result<KeyId, TooManyKeys> = other.register(new_key(1));
}

#[test]
fn what_cannot_be_signed_harms_no_other_message() {
    let engine = start_for::<Numbered>(Config::default());
    let mut pair = engine.queue_pair();
    let key = engine.register(key(SigningAlgorithm::AesCmac, 3, engine.backend())).unwrap();
    let job = |pieces: usize, bytes: usize| Job {
        key,
        operation: Operation::Sign,
        sequence: None,
        parcel: Numbered {
            number: 0,
            pieces: [unsigned(64)].into_iter().chain((1..=pieces).map(|_| vec![1; bytes])).collect(),
        },
    };
    let mut cut_off = job(1, 100);
    cut_off.parcel.pieces[0].truncate(63);
    pair.submit(burst([job(17, 9), job(16, 9), cut_off, job(0, 0)])).unwrap();
    let outcomes = outcomes(pair.wait().unwrap());
    assert_eq!(outcomes[0], Ok(Outcome::Refused(Refusal::Scattered)));
    assert_eq!(outcomes[2], Ok(Outcome::Refused(Refusal::Malformed)));
    assert_eq!((outcomes[1], outcomes[3]), (Ok(Outcome::Signed), Ok(Outcome::Signed)));
}

/// Stops the worker at its first look at the message until the test lets it go on.
struct Gate {
    bytes: Vec<u8>,
    /// The first call is by the thread that fills the burst.
    calls: usize,
    reached: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

impl Parcel for Gate {
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        self.calls += 1;
        if self.calls == 2 {
            // Also when nobody waits there: what was accepted is completed.
            let _ = self.reached.send(());
            let _ = self.go_on.recv();
        }
        (&mut self.bytes, std::iter::empty())
    }
}

fn gate(key: KeyId, bytes: usize) -> (Job<Gate>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let ((reached, arrival), (release, go_on)) = (mpsc::channel(), mpsc::channel());
    let parcel = Gate { bytes: unsigned(bytes), calls: 0, reached, go_on };
    (Job { key, operation: Operation::Sign, sequence: None, parcel }, arrival, release)
}

#[test]
fn a_long_message_holds_no_short_one_back() {
    let engine = start_for::<Gate>(Config::default());
    let mut pair = engine.queue_pair();
    let old_key = engine.register(key(SigningAlgorithm::AesCmac, 3, engine.backend())).unwrap();
    let (long, arrival, release) = gate(old_key, 16 << 20);
    pair.submit(burst([long])).unwrap();
    arrival.recv().unwrap();
    // The only worker has the long message in its hands, and learns of this key and of its own key's removal on its way.
    let key = engine.register(key(SigningAlgorithm::AesGmac, 4, engine.backend())).unwrap();
    engine.remove(old_key).unwrap();
    let (short, _, release_short) = gate(key, 100);
    release_short.send(()).unwrap();
    pair.submit(burst([short])).unwrap();
    release.send(()).unwrap();
    let done: Vec<_> =
        std::iter::from_fn(|| pair.wait()).map(|mut burst| burst.drain().next().unwrap()).collect();
    assert_eq!(done.iter().map(|done| done.job.parcel.bytes.len()).collect::<Vec<_>>(), [100, 16 << 20]);
    assert!(done.iter().all(|done| done.outcome == Ok(Outcome::Signed)));
}

#[test]
fn shutting_down_completes_what_was_accepted() {
    for workers in [1, 4] {
        let engine = start(Config { workers, ..Config::default() });
        let mut pair = engine.queue_pair();
        let key = engine.register(key(SigningAlgorithm::Md5, 3, engine.backend())).unwrap();
        for bytes in [100, 300_000, 70] {
            pair.submit(burst((0..20).map(|_| sign(key, unsigned(bytes))))).unwrap();
        }
        let stats = engine.shutdown();
        assert_eq!((stats.submitted, stats.refused, stats.failed), (60, 60, 0), "SMB2 under an SMB1 key");
        let Err(SubmitError::ShutDown(back)) = pair.submit(burst([sign(key, unsigned(99))])) else {
            panic!("accepted after the shutdown")
        };
        assert_eq!((back.len(), pair.outstanding()), (1, 3));
        assert_eq!(std::iter::from_fn(|| pair.wait()).count(), 3);
        assert!(pair.poll().is_none() && pair.wait().is_none());
    }
}

#[test]
fn whoever_submits_while_the_engine_is_dropped_gets_everything_back() {
    for round in 0..200 {
        let engine = start(Config { workers: 1 + round % 3, waiting: WAYS[round % 3], ..Config::default() });
        let key = engine.register(key(SigningAlgorithm::AesCmac, 3, engine.backend())).unwrap();
        let mut pair = engine.queue_pair();
        let (submitted, dropped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let (mut accepted, mut returned) = (0, 0);
            loop {
                match pair.submit(burst([sign(key, unsigned(70))])) {
                    Ok(()) => accepted += 1,
                    Err(SubmitError::Full(_)) => returned += usize::from(pair.wait().is_some()),
                    Err(_) => break,
                }
                let _ = submitted.send(());
            }
            returned += std::iter::from_fn(|| pair.wait()).count();
            assert_eq!((returned, pair.outstanding()), (accepted, 0));
        });
        dropped.recv().unwrap();
        drop(engine);
        thread.join().unwrap();
    }
}

#[test]
fn a_dropped_queue_pair_is_counted() {
    let engine = start_for::<Gate>(Config::default());
    let key = engine.register(key(SigningAlgorithm::AesCmac, 3, engine.backend())).unwrap();
    let mut pair = engine.queue_pair();
    let (first, arrival, release) = gate(key, 100);
    pair.submit(burst([first])).unwrap();
    arrival.recv().unwrap();
    let (second, _, _) = gate(key, 100);
    pair.submit(burst([second])).unwrap();
    drop(pair);
    release.send(()).unwrap();
    let stats = engine.shutdown();
    assert_eq!((stats.submitted, stats.signed, stats.failed, stats.abandoned), (2, 1, 1, 2));
}

#[test]
fn nonsense_does_not_start() {
    let started = |config| OffloadEngine::<Vec<u8>>::start(config).map(|_| ());
    assert!(matches!(started(Config { workers: 0, ..Config::default() }), Err(StartError::NoWorker)));
    assert!(matches!(started(Config { queue_depth: 0, ..Config::default() }), Err(StartError::NoQueue)));
    let long = Duration::from_millis(2);
    assert!(matches!(
        started(Config { max_wait: long, ..Config::default() }),
        Err(StartError::WaitTooLong(wait)) if wait == long
    ));
    let cores = vec![0, 99_999];
    assert!(matches!(started(Config { cores, ..Config::default() }), Err(StartError::NoSuchCore(99_999))));
}

#[test]
fn workers_run_where_they_are_pinned() {
    let engine = start(Config { workers: 2, cores: vec![0], ..Config::default() });
    let key = engine.register(key(SigningAlgorithm::AesCmac, 3, engine.backend())).unwrap();
    let mut pair = engine.queue_pair();
    pair.submit(burst([sign(key, unsigned(70))])).unwrap();
    assert_eq!(outcomes(pair.wait().unwrap()), [Ok(Outcome::Signed)]);
}
