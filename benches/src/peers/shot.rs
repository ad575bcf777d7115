//! One measurement of one side: messages built, time taken, every tag compared.

use smbsign::measure::clock::{Clock, core_clock_ghz};
use smbsign_engine::batch::{LaneScheduler, Message, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{SigningAlgorithm, SigningKey};
use smbsign_engine::traffic::Clock as _;

use super::contender::{Contender, Tag};
use super::work_set::Place;

/// How long so many messages took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    /// The time, in nanoseconds, less what reading the clock takes.
    pub ns: f64,
    /// Bytes that were MACed.
    pub bytes: f64,
    /// Messages that they were in.
    pub messages: f64,
    /// The core's clock just before, in GHz; 0 where nobody asks.
    pub ghz: f64,
}

impl Shot {
    /// What these messages took, `passes` times over.
    #[must_use]
    pub fn new(ns: f64, places: &[Place<'_>], passes: usize, ghz: f64) -> Self {
        let bytes = places.iter().map(Place::len).sum::<usize>() * passes;
        Self { ns, bytes: bytes as f64, messages: (places.len() * passes) as f64, ghz }
    }

    /// GB/s.
    #[must_use]
    pub fn gbps(self) -> f64 {
        self.bytes / self.ns
    }
}

/// A tag that is not what RustCrypto says, or a message that was refused: no figure can stand beside it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{who}, {algorithm}, {bytes} bytes: {detail}")]
pub struct WrongTag {
    who: String,
    algorithm: SigningAlgorithm,
    bytes: usize,
    detail: String,
    cause: Cause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Tag,
    Refusal,
}

impl WrongTag {
    /// A wrong signature of ours.
    pub(super) fn of_ours(algorithm: SigningAlgorithm, bytes: usize) -> Self {
        Self {
            who: "smbsign".to_owned(),
            algorithm,
            bytes,
            detail: "a wrong tag".to_owned(),
            cause: Cause::Tag,
        }
    }

    fn because(self, reason: Option<String>) -> Self {
        Self { detail: reason.unwrap_or(self.detail), ..self }
    }

    /// Whether a library said itself that it cannot, instead of giving a wrong tag.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.cause == Cause::Refusal
    }
}

/// Our engine with its prepared keys.
pub struct Ours {
    scheduler: LaneScheduler,
    keys: Vec<PreparedKey>,
    algorithm: SigningAlgorithm,
}

impl Ours {
    /// As many messages as fill two groups of the widest kernel.
    pub const IN_FLIGHT: usize = 128;

    /// Prepares the keys.
    #[must_use]
    pub fn new(algorithm: SigningAlgorithm, backend: Backend, keys: &[[u8; 16]]) -> Self {
        Self { scheduler: LaneScheduler::new(backend), keys: prepared(algorithm, backend, keys), algorithm }
    }

    /// Signs the messages where they lie, `passes` times over, one run after another.
    ///
    /// # Errors
    /// A signature is wrong.
    pub fn shoot(
        &mut self,
        places: &mut [Place<'_>],
        passes: usize,
        clock: &Clock,
    ) -> Result<Shot, WrongTag> {
        let ghz = core_clock_ghz(clock);
        let Self { scheduler, keys, algorithm } = self;
        let mut messages: Vec<Message<'_>> = places.iter_mut().map(|place| place.message(keys)).collect();
        let start = clock.now();
        for _ in 0..passes {
            scheduler.run(&mut messages.iter_mut());
        }
        let ns = elapsed(start, clock);
        let refused = messages.iter().find(|message| message.outcome != Outcome::Signed);
        let refused = refused.map(|message| format!("{:?}", message.outcome));
        drop(messages);
        check_and_cover(places, *algorithm, refused)?;
        Ok(Shot::new(ns, places, passes, ghz))
    }
}

/// Compares every signature with the reference, then makes the messages what the peers see.
///
/// # Errors
/// A signature is wrong, or a message was refused.
pub fn check_and_cover(
    places: &mut [Place<'_>],
    algorithm: SigningAlgorithm,
    refused: Option<String>,
) -> Result<(), WrongTag> {
    let wrong = places.iter().find(|place| !place.is_signed(algorithm));
    if wrong.is_some() || refused.is_some() {
        let bytes = wrong.map_or(0, Place::len);
        return Err(WrongTag::of_ours(algorithm, bytes).because(refused));
    }
    places.iter_mut().for_each(|place| place.cover(algorithm));
    Ok(())
}

/// Keys as our engine wants them.
#[must_use]
pub fn prepared(algorithm: SigningAlgorithm, backend: Backend, keys: &[[u8; 16]]) -> Vec<PreparedKey> {
    let prepare = |key: &[u8; 16]| {
        let key = SigningKey::new(algorithm, key).expect("every algorithm takes 16 bytes");
        PreparedKey::new(&key, backend)
    };
    keys.iter().map(prepare).collect()
}

/// Has a peer MAC the messages, `passes` times over. `tags` is where its tags go; kept, so that its pages are there.
///
/// # Errors
/// A tag is wrong, or a message was refused.
pub fn shoot(
    contender: &mut dyn Contender,
    algorithm: SigningAlgorithm,
    places: &[Place<'_>],
    passes: usize,
    tags: &mut Vec<Tag>,
    clock: &Clock,
) -> Result<Shot, WrongTag> {
    let jobs: Vec<_> = places.iter().map(Place::job).collect();
    tags.clear();
    tags.resize(jobs.len(), [0; 16]);
    let start = clock.now();
    let outcome = contender.run(&jobs, passes, tags);
    let ns = elapsed(start, clock);
    let function = contender.function();
    let wrong = |place: Option<&Place<'_>>, detail, cause| WrongTag {
        who: contender.call().to_owned(),
        algorithm,
        bytes: place.or(places.first()).map_or(0, Place::len),
        detail,
        cause,
    };
    outcome.map_err(|refused| wrong(None, refused.to_string(), Cause::Refusal))?;
    match places.iter().zip(&*tags).find(|(place, tag)| place.expected(function) != *tag) {
        Some((place, _)) => Err(wrong(Some(place), "a wrong tag".to_owned(), Cause::Tag)),
        None => Ok(Shot::new(ns, places, passes, 0.0)),
    }
}

/// Since `start`, in nanoseconds, less one reading of the clock.
pub fn elapsed(start: u64, clock: &Clock) -> f64 {
    ((clock.now() - start) as f64 - clock.cost()).max(1.0)
}
