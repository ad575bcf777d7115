//! The offload engine against a model: random programs of one thread, with several pairs, over any number of workers.

mod many;

use std::collections::HashMap;

use many::{painted, signing_key};
use proptest::prelude::*;
use smbsign_engine::batch::{Operation as Deed, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{
    Burst, Completion, Config, Failure, Job, KeyId, OffloadEngine, Parcel, QueuePair, SubmitError, Waiting,
};
use smbsign_engine::protocol::SigningAlgorithm;
use smbsign_engine::signing;

#[derive(Debug, Clone)]
enum Operation {
    Register(u8),
    /// Removes one of the keys that were ever registered.
    Remove(usize),
    /// Messages of one burst: a key that was ever registered, and a length.
    Submit {
        pair: usize,
        messages: Vec<(usize, usize)>,
    },
    Poll(usize),
    WaitForAll(usize),
    /// Drops a pair for a new one.
    Replace(usize),
    Shutdown,
}

const PAIRS: usize = 3;

fn operation() -> impl Strategy<Value = Operation> {
    let bytes = prop_oneof![8 => 64usize..600, 2 => 600usize..9000, 1 => 130_000usize..200_000];
    let messages = prop::collection::vec((any::<usize>(), bytes), 0..20);
    prop_oneof![
        3 => any::<u8>().prop_map(Operation::Register),
        2 => any::<usize>().prop_map(Operation::Remove),
        12 => (0..PAIRS, messages).prop_map(|(pair, messages)| Operation::Submit { pair, messages }),
        6 => (0..PAIRS).prop_map(Operation::Poll),
        1 => (0..PAIRS).prop_map(Operation::WaitForAll),
        1 => (0..PAIRS).prop_map(Operation::Replace),
    ]
}

fn program() -> impl Strategy<Value = Vec<Operation>> {
    (prop::collection::vec(operation(), 1..60), any::<bool>()).prop_map(|(mut program, shutdown)| {
        if shutdown {
            program.insert(program.len() * 3 / 4, Operation::Shutdown);
        }
        program
    })
}

fn config() -> impl Strategy<Value = Config> {
    let waiting = prop::sample::select(vec![
        Waiting::SpinThenPark(std::time::Duration::from_micros(20)),
        Waiting::Park,
    ]);
    let max_wait = (0u64..200).prop_map(std::time::Duration::from_micros);
    (1usize..5, 1usize..5, waiting, max_wait, 0usize..40).prop_map(
        |(workers, queue_depth, waiting, max_wait, min_fill)| Config {
            workers,
            queue_depth,
            waiting,
            max_wait,
            min_fill,
            max_keys: 10,
            ..Config::default()
        },
    )
}

/// A message that knows who it is.
struct Letter {
    number: usize,
    bytes: Vec<u8>,
}

impl Parcel for Letter {
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (&mut self.bytes, std::iter::empty())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyState {
    Live,
    /// Since this many messages were submitted.
    Removed(usize),
}

/// What must be true of an engine after any program.
#[derive(Default)]
struct Model {
    keys: Vec<(KeyId, PreparedKey, KeyState)>,
    /// Messages that are out: their pair, key and bytes before.
    out: HashMap<usize, (usize, usize, Vec<u8>)>,
    submitted: usize,
    returned: usize,
    abandoned: usize,
}

impl Model {
    fn take_back(&mut self, pair: usize, burst: &mut Burst<Letter>) {
        for Completion { job, outcome } in burst.drain() {
            let (from, key, before) = self.out.remove(&job.parcel.number).expect("it was out, once");
            self.returned += 1;
            assert_eq!(from, pair, "it came back elsewhere");
            let (id, prepared, state) = &self.keys[key];
            assert_eq!(*id, job.key);
            let allowed = match state {
                KeyState::Live => outcome == Ok(Outcome::Signed),
                KeyState::Removed(since) if job.parcel.number >= *since => {
                    outcome == Err(Failure::UnknownKey)
                }
                KeyState::Removed(_) => {
                    matches!(outcome, Ok(Outcome::Signed) | Err(Failure::UnknownKey))
                }
            };
            assert!(allowed, "{outcome:?} of a key that is {state:?}");
            let mut expected = before;
            if outcome == Ok(Outcome::Signed) {
                signing::sign(prepared, &mut expected, None).expect("it can be signed");
            }
            assert!(job.parcel.bytes == expected, "other bytes than alone");
        }
    }

    fn burst(&mut self, pair: usize, messages: &[(usize, usize)]) -> Burst<Letter> {
        let mut burst = Burst::new();
        for (number, (key, bytes)) in (self.submitted..).zip(messages) {
            if self.keys.is_empty() {
                break;
            }
            let key = key % self.keys.len();
            let mut bytes = painted(*bytes, number as u8);
            bytes[..6].copy_from_slice(b"\xfeSMB\x40\x00");
            bytes[16] = 0;
            self.out.insert(number, (pair, key, bytes.clone()));
            let job = Job {
                key: self.keys[key].0,
                operation: Deed::Sign,
                sequence: None,
                parcel: Letter { number, bytes },
            };
            assert!(burst.push(job).is_ok());
        }
        burst
    }

    /// A burst that was given back was never out.
    fn given_back(&mut self, mut burst: Burst<Letter>) {
        for Completion { job, .. } in burst.drain() {
            assert_eq!(self.out.remove(&job.parcel.number).expect("its own").2, job.parcel.bytes);
        }
    }
}

fn run(program: Vec<Operation>, config: Config) {
    let (depth, max_keys) = (config.queue_depth, config.max_keys);
    let mut engine = Some(OffloadEngine::<Letter>::start(config).unwrap());
    let mut pairs: Vec<QueuePair<Letter>> =
        (0..PAIRS).map(|_| engine.as_ref().unwrap().queue_pair()).collect();
    let mut model = Model::default();
    let mut stats = None;
    for operation in program {
        match (operation, &engine) {
            (Operation::Register(session), Some(engine)) => {
                let algorithms =
                    [SigningAlgorithm::AesCmac, SigningAlgorithm::HmacSha256, SigningAlgorithm::AesGmac];
                let key = signing_key(algorithms[usize::from(session % 3)], session);
                let key = PreparedKey::new(&key, Backend::detect());
                let live = model.keys.iter().filter(|key| key.2 == KeyState::Live).count();
                match engine.register(key.clone()) {
                    Ok(id) => {
                        assert!(live < max_keys && model.keys.iter().all(|key| key.0 != id), "{id:?}");
                        model.keys.push((id, key, KeyState::Live));
                    }
                    Err(_) => assert_eq!(live, max_keys),
                }
            }
            (Operation::Remove(key), Some(engine)) if !model.keys.is_empty() => {
                let key = key % model.keys.len();
                let (id, _, state) = &mut model.keys[key];
                assert_eq!(engine.remove(*id).is_ok(), *state == KeyState::Live);
                if *state == KeyState::Live {
                    *state = KeyState::Removed(model.submitted);
                }
            }
            (Operation::Submit { pair, messages }, _) => {
                let burst = model.burst(pair, &messages);
                let full = pairs[pair].outstanding() == depth;
                let count = burst.len();
                match pairs[pair].submit(burst) {
                    Ok(()) => {
                        assert!(!full && engine.is_some());
                        model.submitted += count;
                    }
                    Err(SubmitError::Full(burst)) => {
                        assert!(full && engine.is_some());
                        model.given_back(burst);
                    }
                    Err(error) => {
                        assert!(engine.is_none());
                        model.given_back(error.into_burst());
                    }
                }
            }
            (Operation::Poll(pair), _) => {
                if let Some(mut burst) = pairs[pair].poll() {
                    model.take_back(pair, &mut burst);
                }
            }
            (Operation::WaitForAll(pair), _) => {
                while let Some(mut burst) = pairs[pair].wait() {
                    model.take_back(pair, &mut burst);
                }
            }
            (Operation::Replace(pair), Some(engine)) => {
                pairs[pair] = engine.queue_pair();
                let before = model.out.len();
                model.out.retain(|_, (from, ..)| *from != pair);
                model.abandoned += before - model.out.len();
            }
            (Operation::Shutdown, Some(_)) => {
                stats = engine.take().map(OffloadEngine::shutdown);
            }
            _ => {}
        }
    }
    for (number, pair) in pairs.iter_mut().enumerate() {
        while let Some(mut burst) = pair.wait() {
            model.take_back(number, &mut burst);
        }
    }
    assert!(model.out.is_empty(), "{} messages did not come back", model.out.len());
    assert_eq!(model.submitted, model.returned + model.abandoned);
    if let Some(stats) = stats.or_else(|| engine.map(OffloadEngine::shutdown)) {
        assert_eq!(stats.submitted, model.submitted as u64);
        assert_eq!(stats.submitted, stats.signed + stats.refused + stats.failed, "{stats:?}");
        assert!(stats.failed <= stats.abandoned && stats.abandoned <= model.abandoned as u64, "{stats:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_program_gets_every_message_back_once_and_as_it_would_alone(
        program in program(),
        config in config(),
    ) {
        run(program, config);
    }
}
