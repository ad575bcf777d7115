//! The rounds of a cell: each measures both sides, in shuffled order, within a few milliseconds of each other.

use std::time::Duration;

use fastrand::Rng;
use smbsign::measure::clock::{Clock, machine_probe_ns};

use super::contender::{Contender, Tag};
use super::extent::Set;
use super::libraries::Library;
use super::shot::{Ours, Shot, WrongTag, shoot};
use super::work_set::WorkSet;

/// Ways of a library this much slower than its best one are not measured in rounds.
const WORTH_ROUNDS: f64 = 0.85;
/// A measurement that takes so many times what the one before the rounds let expect is made again, once: something else had
/// the core.
const LOST_THE_CORE: f64 = 2.0;
/// A round is disturbed when the machine probe moves by more than this.
const PROBE_MOVES: f64 = 0.03;

/// How a cell is measured.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Rounds of each cell.
    pub rounds: usize,
    /// How long one measurement takes at least.
    pub duration: Duration,
}

/// One way of one library, and what it took.
pub struct Entry {
    /// Whose it is.
    pub library: Library,
    /// What computes.
    pub contender: Box<dyn Contender>,
    /// A measurement for each round; one, the trial's, where it was not worth rounds.
    pub shots: Vec<Shot>,
    dose: Dose,
}

impl Entry {
    /// A contender that has not been measured.
    #[must_use]
    pub fn new(library: Library, contender: Box<dyn Contender>) -> Self {
        Self { library, contender, shots: Vec::new(), dose: Dose::default() }
    }

    fn is(&self, library: Library, call: &str) -> bool {
        self.library == library && self.contender.call() == call
    }
}

/// What a cell's rounds found.
pub struct Rounds {
    /// Our measurement of each round.
    pub ours: Vec<Shot>,
    /// The peers'.
    pub peers: Vec<Entry>,
    /// Rounds in which the machine probe moved.
    pub disturbed: usize,
    /// Measurements that were made again.
    pub repeated: usize,
    /// Calls that did not take the cell's messages.
    pub refusals: Vec<(Library, WrongTag)>,
}

impl Rounds {
    /// Takes in the rounds of another visit.
    pub fn append(&mut self, other: Self) {
        self.ours.extend(other.ours);
        self.disturbed += other.disturbed;
        self.repeated += other.repeated;
        self.refusals.extend(other.refusals);
        for entry in other.peers {
            let same = |one: &&mut Entry| one.is(entry.library, entry.contender.call());
            if let Some(known) = self.peers.iter_mut().find(same) {
                known.shots.extend(entry.shots);
            }
        }
    }

    /// Whether a call is among those that had all their rounds.
    #[must_use]
    pub fn has_in_full(&self, library: Library, call: &str) -> bool {
        self.peers.iter().any(|entry| entry.is(library, call) && entry.shots.len() == self.ours.len())
    }
}

/// Whether a cell is new. Rounds are spread over several visits, since what disturbs a machine may last for seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Which calls are worth rounds is found out.
    First,
    /// All that are there were worth rounds.
    Again,
}

/// How many messages a measurement takes, and how often.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dose {
    pub(super) messages: usize,
    pub(super) passes: usize,
    /// Nanoseconds that it should take.
    expected: f64,
}

impl Dose {
    /// So many messages, once, for as long as it takes.
    pub(super) const fn once(messages: usize) -> Self {
        Self { messages, passes: 1, expected: f64::INFINITY }
    }

    /// What takes the time that is asked for, by what one measurement showed. Cold messages are read once.
    pub(super) fn of(shown: Shot, duration: Duration, in_flight: usize, (count, set): (usize, Set)) -> Self {
        let needed = (duration.as_nanos() as f64 * shown.messages / shown.ns).ceil() as usize;
        let messages = needed.max(in_flight).clamp(1, count);
        let passes = if set == Set::Hot { needed.div_ceil(messages).max(1) } else { 1 };
        let expected = shown.ns / shown.messages * (messages * passes) as f64;
        Self { messages, passes, expected }
    }

    /// Measures once, or twice.
    pub(super) fn shoot(
        self,
        repeated: &mut usize,
        mut once: impl FnMut(Self) -> Result<Shot, WrongTag>,
    ) -> Result<Shot, WrongTag> {
        let first = once(self)?;
        if first.ns < LOST_THE_CORE * self.expected {
            return Ok(first);
        }
        *repeated += 1;
        let second = once(self)?;
        Ok(if second.ns < first.ns { second } else { first })
    }
}

/// Measures a cell. Before any figure every contender has MACed messages of the set and every tag was right; so it is after
/// each measurement.
///
/// # Errors
/// A wrong tag, of whomever.
pub fn measure(
    work: &mut WorkSet<'_>,
    (set, visit): (Set, Visit),
    ours: &mut Ours,
    peers: Vec<Entry>,
    pace: Pace,
    (clock, rng): (&Clock, &mut Rng),
) -> Result<Rounds, WrongTag> {
    let (count, algorithm) = (work.len(), work.algorithm());
    let mut tags: Vec<Tag> = Vec::new();
    // All of a hot set; of a cold one what fits the caches several times.
    let checked = if set == Set::Hot { count } else { (count / 16).max(Ours::IN_FLIGHT) };
    ours.shoot(work.take(count), 1, clock)?;
    let shown = fastest(|| ours.shoot(work.take(checked), 1, clock))?;
    let our_dose = Dose::of(shown, pace.duration, Ours::IN_FLIGHT, (count, set));
    let mut refusals = Vec::new();
    let mut taking = Vec::new();
    for mut entry in peers {
        let contender = entry.contender.as_mut();
        let mut once = || shoot(contender, algorithm, work.take(checked), 1, &mut tags, clock);
        match once().and_then(|_| fastest(once)) {
            Ok(shown) => {
                entry.dose = Dose::of(shown, pace.duration, entry.contender.in_flight(), (count, set));
                entry.shots.push(shown);
                taking.push(entry);
            }
            Err(refusal) if refusal.is_refusal() => refusals.push((entry.library, refusal)),
            Err(wrong) => return Err(wrong),
        }
    }
    let mut peers = taking;
    let worth: Vec<bool> =
        peers.iter().map(|entry| visit == Visit::Again || is_worth_rounds(entry, &peers)).collect();
    let mut order: Vec<Option<usize>> = vec![None];
    for (index, entry) in peers.iter_mut().enumerate().filter(|(index, _)| worth[*index]) {
        order.push(Some(index));
        entry.shots.clear();
    }
    let (mut our_shots, mut probes, mut repeated) = (Vec::new(), Vec::new(), 0);
    for _ in 0..pace.rounds {
        rng.shuffle(&mut order);
        probes.push(machine_probe_ns(clock) as f64);
        for side in &order {
            match side.map(|index| &mut peers[index]) {
                None => {
                    our_shots.push(our_dose.shoot(&mut repeated, |dose| {
                        ours.shoot(work.take(dose.messages), dose.passes, clock)
                    })?);
                }
                Some(Entry { library, contender, shots, dose }) => {
                    let shot = dose.shoot(&mut repeated, |dose| {
                        let places = work.take(dose.messages);
                        shoot(contender.as_mut(), algorithm, places, dose.passes, &mut tags, clock)
                    });
                    match shot {
                        Ok(shot) => shots.push(shot),
                        // A call that failed once is not the library's best; it goes on refusing.
                        Err(refusal) if refusal.is_refusal() => {
                            shots.clear();
                            if !refusals.iter().any(|(_, known)| *known == refusal) {
                                refusals.push((*library, refusal));
                            }
                        }
                        Err(wrong) => return Err(wrong),
                    }
                }
            }
        }
    }
    Ok(Rounds { ours: our_shots, peers, disturbed: disturbed(&probes), repeated, refusals })
}

/// Of a few measurements before the rounds, the one that was disturbed least.
pub(super) fn fastest(mut once: impl FnMut() -> Result<Shot, WrongTag>) -> Result<Shot, WrongTag> {
    let mut fastest = once()?;
    for _ in 1..3 {
        let shot = once()?;
        if shot.gbps() > fastest.gbps() {
            fastest = shot;
        }
    }
    Ok(fastest)
}

fn is_worth_rounds(entry: &Entry, all: &[Entry]) -> bool {
    let gbps = |entry: &Entry| entry.shots.iter().map(|shot| shot.gbps()).fold(0.0, f64::max);
    let best = all.iter().filter(|one| one.library == entry.library).map(gbps).fold(0.0, f64::max);
    gbps(entry) >= WORTH_ROUNDS * best
}

fn disturbed(probes: &[f64]) -> usize {
    let usual = super::statistics::median(probes.iter().copied()).unwrap_or(1.0);
    probes.iter().filter(|probe| (**probe / usual - 1.0).abs() > PROBE_MOVES).count()
}
