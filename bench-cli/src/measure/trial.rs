//! One trial: a cell's workers over one window, and what the machine did meanwhile.

use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use core_affinity::CoreId;
use smbsign_engine::batch::Occupancy;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{Dialect, KeyError, SigningAlgorithm, SigningKey};
use smbsign_engine::traffic::{Clock as _, Envelope, Generator, GeneratorConfig, Profile};

use super::clock::{Clock, core_clock_ghz, machine_probe_ns};
use super::duty::{Duty, DutyError};
use super::keys::Keys;
use super::latency::Latencies;
use super::memory::{self, MemoryRates};
use super::offload;
use super::plan::{Cell, Plan, envelope};
use super::sample::{Sample, SampleError, Samples};
use super::settings::Keep;
use super::system::{Account, Spent};
use super::transmit::TransmitBuffer;
use super::worker::{Done, Share, Watch, Worker};
use super::workplace::Workplace;
use crate::record::{Engine, Protection, Transmit};

/// Why a trial gave no figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TrialError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Duty(#[from] DutyError),
    #[error("after {checked} messages that were right: {error}")]
    Sample { checked: u64, error: SampleError },
    #[error("a worker thread panicked")]
    Panicked,
    #[error("the offload engine did not start: {0}")]
    NoEngine(String),
}

/// What one trial found, over all its workers.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) messages: u64,
    pub(super) signed_bytes: u64,
    pub(super) payload_bytes: u64,
    pub(super) wire_bytes: f64,
    pub(super) wall_ns: f64,
    pub(super) busy_ns: f64,
    pub(super) waited_ns: u64,
    pub(super) backlog_ns: u64,
    /// What the link takes for what departed ÷ the window: 1 where every worker kept up; 0 at max.
    pub(super) kept_share: f64,
    pub(super) latencies: Option<Latencies>,
    pub(super) occupancy: Occupancy,
    pub(super) spent: Spent,
    pub(super) clock_ghz: f64,
    pub(super) probe_before_ns: u64,
    pub(super) probe_after_ns: u64,
    pub(super) set_bytes: usize,
    /// Of one thread.
    pub(super) memory: Option<MemoryRates>,
    /// Messages that the reference implementation checked.
    pub(super) verified: u64,
    /// The first messages of one session and its key, if they were to be kept.
    pub(super) opening: Option<Opening>,
}

/// The first messages that session 0 of a trial sent.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) key: SigningKey,
    /// SMB1's UID, or the SessionId.
    pub(super) session_id: u64,
    pub(super) messages: Vec<Sample>,
}

/// One thread's part, with what was read beside it.
pub(super) struct Part {
    pub(super) done: Done,
    pub(super) spent: Spent,
    pub(super) clock_ghz: f64,
    pub(super) probe_before_ns: u64,
    pub(super) probe_after_ns: u64,
    pub(super) memory: Option<MemoryRates>,
}

/// What the threads of a trial did, and what it takes to check that.
pub(super) struct Work {
    pub(super) parts: Vec<Part>,
    /// The keys of each part's sessions.
    pub(super) keys: Vec<Keys>,
    pub(super) set_bytes: usize,
    /// The SessionId or UID of the first part's first session.
    pub(super) first_session: u64,
}

/// Where the threads of a trial meet.
struct Start {
    ready: Barrier,
    at: AtomicU64,
}

impl Start {
    /// Waits for all threads; then all of them know one moment, a little ahead.
    fn agree(&self, clock: &Clock) -> u64 {
        const AHEAD: Duration = Duration::from_micros(200);
        if self.ready.wait().is_leader() {
            self.at.store(clock.now() + AHEAD.as_nanos() as u64, Ordering::Release);
        }
        self.ready.wait();
        self.at.load(Ordering::Acquire)
    }
}

/// A trial's workers, each with the keys that the second implementation checks its samples with.
pub(super) type Prepared = Vec<(Worker, Keys)>;

/// Prepares one trial of a cell; `seed` gives its keys and file data, so that no two trials share a key.
pub(super) fn prepare(
    plan: &Plan,
    cell: Cell,
    seed: u64,
    keep: Keep,
    clock: &Clock,
) -> Result<Prepared, TrialError> {
    let settings = &plan.settings;
    // One thread feeds all workers of the offload engine.
    let feeders = if cell.engine == Engine::Offload { 1 } else { settings.workers };
    (0..feeders)
        .map(|worker| {
            // One connection is enough for a dump.
            let keep = if worker == 0 { keep } else { Keep::Nothing };
            let sessions = match cell.engine {
                Engine::Offload => settings.sessions,
                Engine::Serial | Engine::Lanes => settings.sessions_of(worker),
            };
            let place = Place { sessions, seed: seed.wrapping_add(worker as u64), keep };
            prepare_worker(plan, cell, place, clock, clock.cost())
        })
        .collect()
}

/// Runs a trial that was prepared with the same cell and seed.
pub(super) fn run(plan: &Plan, cell: Cell, seed: u64, prepared: Prepared) -> Result<Outcome, TrialError> {
    let Work { parts, keys, set_bytes, first_session } = match cell.engine {
        Engine::Offload => offload::run(plan, cell, seed, prepared),
        Engine::Serial | Engine::Lanes => work(plan, cell, seed, prepared),
    }?;
    let mut outcome = Outcome { set_bytes, ..merge(&parts) };
    for (part, keys) in parts.into_iter().zip(keys) {
        check_samples(&mut outcome, part.done, &keys, first_session)?;
    }
    Ok(outcome)
}

/// Workers that each generate, sign and transmit by themselves.
fn work(plan: &Plan, cell: Cell, seed: u64, prepared: Prepared) -> Result<Work, TrialError> {
    let workers = prepared.len();
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let start = Start { ready: Barrier::new(workers), at: AtomicU64::new(0) };
    let set_bytes = prepared.iter().map(|(worker, _)| worker.place.generator.set_bytes()).sum();
    let first_session =
        prepared.first().map_or(0, |(worker, _)| first_session(cell.dialect, &worker.place.generator));
    let (jobs, keys): (Vec<_>, Vec<_>) = prepared.into_iter().unzip();
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .into_iter()
            .enumerate()
            .map(|(at, job)| {
                let core = if cores.is_empty() { None } else { Some(cores[at % cores.len()]) };
                let share = share(plan, cell, (at, workers), seed, &job.place.generator);
                let window = plan.settings.duration_at(cell.link);
                let start = &start;
                scope.spawn(move || run_worker(plan, job, core, start, window, share))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Err(TrialError::Panicked)))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(Work { parts, keys, set_bytes, first_session })
}

/// What session 0 is called on the wire.
pub(super) fn first_session(dialect: Dialect, generator: &Generator) -> u64 {
    match dialect {
        Dialect::Smb1 => u64::from(Generator::uid(0)),
        _ => generator.session_id(0).0,
    }
}

/// What tells a worker from the others.
pub(super) struct Place {
    pub(super) sessions: Option<usize>,
    pub(super) seed: u64,
    pub(super) keep: Keep,
}

pub(super) fn prepare_worker<C: Clone>(
    plan: &Plan,
    cell: Cell,
    Place { sessions, seed, keep }: Place,
    clock: &C,
    clock_cost: f64,
) -> Result<(Worker<C>, Keys), TrialError> {
    let settings = &plan.settings;
    let profile = plan.profile_of(cell.dialect).unwrap_or_else(|| unreachable!("cells have profiles"));
    let envelope = envelope(cell.protection);
    let (set_bytes, wire) = (plan.set_bytes(cell, profile), settings.wire);
    let outstanding = Some(settings.outstanding);
    let config =
        GeneratorConfig { sessions, outstanding, set_bytes, order: settings.order, wire, envelope, seed };
    let mut generator = Generator::new(profile, config);
    let keys = Keys::new(cell.protection, generator.sessions(), seed)?;
    let duty = Duty::new(&keys, cell.direction, settings.backend, &mut generator)?;
    let spare = SigningKey::new(SigningAlgorithm::AesCmac, &[0; 16])?;
    let longest = profile.longest_frame();
    let window = settings.duration_at(cell.link);
    let (samples, opening) = match (cell.protection, keep) {
        // Nothing is there to check in an unsigned cell.
        (Protection::Unsigned | Protection::Null, _) => (Vec::new(), Vec::new()),
        // A dump's reader has keys for signatures only.
        (Protection::Sealed(_), _) | (_, Keep::Nothing) => (spread_lengths(longest, window), Vec::new()),
        (Protection::Signed(_), Keep::FirstMessages) => {
            (spread_lengths(longest, window), opening_lengths(profile))
        }
    };
    let (samples, opening) =
        (Samples::with_room(samples, envelope), Samples::with_room(opening, Envelope::Clear));
    let transmit = match (settings.transmit, cell.protection) {
        // What is encrypted is written somewhere else, whatever comes after.
        (Transmit::Copy, _) | (_, Protection::Sealed(_)) => TransmitBuffer::new(longest + envelope.bytes()),
        (Transmit::None, _) => TransmitBuffer::none(),
    };
    Ok((
        Worker {
            place: Workplace {
                generator,
                duty,
                transmit,
                engine: cell.engine,
                backend: settings.backend,
                spare: PreparedKey::new(&spare, settings.backend),
            },
            watch: Watch {
                clock: clock.clone(),
                clock_cost,
                samples,
                opening,
                #[cfg(feature = "handicap")]
                delay: settings.handicap.and_then(|handicap| handicap.delay(cell.protection)),
            },
        },
        keys,
    ))
}

/// Room for samples of any message: one for every 2.5 ms up to 32, fewer of very long ones.
fn spread_lengths(longest: usize, window: Duration) -> Vec<usize> {
    const BYTES: usize = 32 << 20;
    const EVERY: Duration = Duration::from_micros(2500);
    let most = (window.as_nanos() / EVERY.as_nanos()).clamp(2, 32) as usize;
    vec![longest; (BYTES / longest.max(1)).clamp(2, most)]
}

/// Room for a session's first messages: a pass of the profile or eight, fewer where they are very long.
fn opening_lengths(profile: &Profile) -> Vec<usize> {
    const BYTES: usize = 4 << 20;
    let count = profile.turn_messages().max(8);
    let mut left = BYTES;
    let fits = |length: &usize| {
        left = left.saturating_sub(*length);
        left > 0
    };
    let mut lengths: Vec<_> = profile.message_lengths().cycle().take(count).take_while(fits).collect();
    if lengths.is_empty() {
        lengths.push(profile.longest_message());
    }
    lengths
}

/// The share of the link of the pacer with number `at` of so many: the same rate for all, the first departures spread over one
/// message's time.
pub(super) fn share(
    plan: &Plan,
    cell: Cell,
    (at, pacers): (usize, usize),
    seed: u64,
    generator: &Generator,
) -> Option<Share> {
    let offered = cell.link.bits_per_second()? as f64 * plan.settings.load;
    let message_ns = generator.mean_wire_bytes() * 8e9 / offered;
    Some(Share {
        rate: NonZeroU64::new((offered / pacers as f64).round() as u64).unwrap_or(NonZeroU64::MIN),
        offset: Duration::from_nanos((message_ns * at as f64) as u64),
        arrival: plan.settings.arrival,
        seed: seed.wrapping_add(at as u64),
    })
}

fn run_worker(
    plan: &Plan,
    Worker { mut place, watch }: Worker,
    core: Option<CoreId>,
    start: &Start,
    window: Duration,
    share: Option<Share>,
) -> Result<Part, TrialError> {
    let pinned = core.filter(|core| core_affinity::set_for_current(*core)).map(|core| core.id);
    let clock = watch.clock.clone();
    let memory = memory::rates(plan, &clock, &place.generator.split().1.iter().map(|message| &**message));
    let mut hands = place.hands();
    let warm = catch_unwind(AssertUnwindSafe(|| watch.warm_up(&mut hands, window)));
    let probe_before_ns = machine_probe_ns(&clock);
    let clock_before = core_clock_ghz(&clock);
    // What went wrong is told only after the others, who wait for this thread, were met.
    let at = start.agree(&clock);
    warm.map_err(|_| TrialError::Panicked)??;
    let account = Account::read(pinned);
    let done = watch.run(&mut hands, at, window, share)?;
    let spent = Account::read(pinned).since(account);
    let clock_after = core_clock_ghz(&clock);
    let probe_after_ns = machine_probe_ns(&clock);
    let clock_ghz = f64::midpoint(clock_before, clock_after);
    Ok(Part { done, spent, clock_ghz, probe_before_ns, probe_after_ns, memory })
}

fn merge(parts: &[Part]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut wire_bytes_per_ns = 0.0;
    for (at, part) in parts.iter().enumerate() {
        let done = &part.done;
        outcome.messages += done.messages;
        outcome.signed_bytes += done.signed_bytes;
        outcome.payload_bytes += done.payload_bytes;
        outcome.wire_bytes += done.wire_bytes;
        outcome.occupancy.busy += done.occupancy.busy;
        outcome.occupancy.offered += done.occupancy.offered;
        outcome.busy_ns += done.busy_ns;
        outcome.waited_ns += done.waited_ns;
        outcome.backlog_ns = outcome.backlog_ns.max(done.backlog_ns);
        outcome.kept_share += done.scheduled_ns as f64 / done.wall_ns.max(1) as f64 / parts.len() as f64;
        wire_bytes_per_ns += done.wire_bytes / done.wall_ns.max(1) as f64;
        outcome.spent = if at == 0 { part.spent } else { outcome.spent.and(part.spent) };
        outcome.clock_ghz += part.clock_ghz / parts.len() as f64;
        outcome.probe_before_ns = outcome.probe_before_ns.max(part.probe_before_ns);
        outcome.memory = outcome.memory.or(part.memory);
        outcome.probe_after_ns = outcome.probe_after_ns.max(part.probe_after_ns);
        match (&mut outcome.latencies, &done.latencies) {
            (Some(all), Some(own)) => all.merge(own),
            (all @ None, own) => all.clone_from(own),
            (Some(_), None) => {}
        }
    }
    // Workers end within a message of each other; this is the window in which all of them together reach the sum of
    // their rates.
    outcome.wall_ns = outcome.wire_bytes / wire_bytes_per_ns;
    outcome
}

fn check_samples(outcome: &mut Outcome, done: Done, keys: &Keys, session_id: u64) -> Result<(), TrialError> {
    for sample in done.samples.iter().chain(&done.opening).filter(|sample| sample.is_signed()) {
        let checked = match keys {
            Keys::None | Keys::Null => continue,
            Keys::Signing(keys) => keys.get(sample.session).map(|key| sample.check(key)),
            Keys::Cipher(keys) => keys.get(sample.session).map(|key| sample.check_sealed(key)),
        };
        let Some(checked) = checked else { continue };
        checked.map_err(|error| TrialError::Sample { checked: outcome.verified, error })?;
        outcome.verified += 1;
    }
    if let (Some(key), false) = (keys.first_signing(), done.opening.is_empty()) {
        outcome.opening = Some(Opening { key: key.clone(), session_id, messages: done.opening });
    }
    Ok(())
}
