//! What is measured of the lanes: themselves, one message after another, sessions drawn at random, two threads.

use fastrand::Rng;
use smbsign::measure::clock::{Clock, core_clock_ghz};
use smbsign_engine::batch::{LaneScheduler, Message};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{Sender, SigningAlgorithm};
use smbsign_engine::signing::{self, Verdict};
use smbsign_engine::traffic::Clock as _;

use super::super::extent::{Extent, Set};
use super::super::rounds::{Dose, Pace, fastest};
use super::super::shot::{Ours, Shot, WrongTag, check_and_cover, elapsed, prepared};
use super::super::work_set::{Arena, WorkSet};
use super::cores::{OnCore, stay_on};

/// Something that can be measured again and again.
pub(super) trait Side {
    fn shoot(&mut self, clock: &Clock) -> Result<Shot, WrongTag>;
}

/// A hot set and how much of it a measurement takes.
pub(super) struct Lanes<'a> {
    work: WorkSet<'a>,
    ours: Ours,
    dose: Dose,
}

/// What a side's messages are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Messages {
    pub(super) algorithm: SigningAlgorithm,
    pub(super) extent: Extent,
    /// Different keys at most.
    pub(super) sessions: usize,
    /// Messages that are there at once; all of the set where there is no limit.
    pub(super) outstanding: Option<usize>,
    /// How many hot sets they are.
    pub(super) sets: usize,
}

impl Messages {
    /// How long they are, in bytes.
    pub(super) fn lengths(&self) -> Vec<usize> {
        (0..self.sets).flat_map(|_| self.extent.lengths(self.algorithm, Set::Hot)).collect()
    }
}

impl<'a> Lanes<'a> {
    pub(super) fn new(
        arena: &'a mut Arena,
        messages: Messages,
        backend: Backend,
        pace: Pace,
        (clock, rng): (&Clock, &mut Rng),
    ) -> Result<Self, WrongTag> {
        let Messages { algorithm, sessions, outstanding, .. } = messages;
        let mut work = WorkSet::of_lengths(arena, algorithm, (messages.lengths(), Set::Hot), sessions, rng);
        let mut ours = Ours::new(algorithm, backend, work.keys());
        let count = outstanding.unwrap_or(work.len());
        let shown = fastest(|| ours.shoot(work.take(count), 1, clock))?;
        let dose = Dose::of(shown, pace.duration, count, (count, Set::Hot));
        Ok(Self { work, ours, dose })
    }
}

impl Side for Lanes<'_> {
    fn shoot(&mut self, clock: &Clock) -> Result<Shot, WrongTag> {
        let Self { work, ours, dose } = self;
        dose.shoot(&mut 0, |dose| ours.shoot(work.take(dose.messages), dose.passes, clock))
    }
}

/// The same messages signed one after another, as servers do.
pub(super) struct OneByOne<'a> {
    work: WorkSet<'a>,
    keys: Vec<PreparedKey>,
    dose: Dose,
}

impl<'a> OneByOne<'a> {
    pub(super) fn new(
        arena: &'a mut Arena,
        Messages { algorithm, extent, sessions, .. }: Messages,
        backend: Backend,
        pace: Pace,
        (clock, rng): (&Clock, &mut Rng),
    ) -> Result<Self, WrongTag> {
        let work = WorkSet::lay_out(arena, algorithm, (extent, Set::Hot), sessions, rng);
        let keys = prepared(algorithm, backend, work.keys());
        let count = work.len();
        let mut side = Self { work, keys, dose: Dose::once(count) };
        let shown = fastest(|| side.once(side.dose, clock))?;
        side.dose = Dose::of(shown, pace.duration, 1, (count, Set::Hot));
        Ok(side)
    }

    fn once(&mut self, dose: Dose, clock: &Clock) -> Result<Shot, WrongTag> {
        let algorithm = self.work.algorithm();
        let ghz = core_clock_ghz(clock);
        let places = self.work.take(dose.messages);
        let mut messages: Vec<Message<'_>> =
            places.iter_mut().map(|place| place.message(&self.keys)).collect();
        let mut refused = None;
        let start = clock.now();
        for _ in 0..dose.passes {
            for Message { key, head, sequence, .. } in &mut messages {
                if let Err(error) = signing::sign(key, head, *sequence) {
                    refused = Some(error.to_string());
                }
            }
        }
        let ns = elapsed(start, clock);
        drop(messages);
        check_and_cover(places, algorithm, refused)?;
        Ok(Shot::new(ns, places, dose.passes, ghz))
    }
}

impl Side for OneByOne<'_> {
    fn shoot(&mut self, clock: &Clock) -> Result<Shot, WrongTag> {
        let dose = self.dose;
        dose.shoot(&mut 0, |dose| self.once(dose, clock))
    }
}

/// Lanes over messages whose session is drawn anew for each pass.
pub(super) struct DrawnSessions<'a, 'k> {
    work: WorkSet<'a>,
    keys: &'k [PreparedKey],
    scheduler: LaneScheduler,
    rng: Rng,
    dose: Dose,
}

impl<'a, 'k> DrawnSessions<'a, 'k> {
    /// A session for each key.
    pub(super) fn new(
        arena: &'a mut Arena,
        (algorithm, extent): (SigningAlgorithm, Extent),
        keys: &'k [PreparedKey],
        backend: Backend,
        pace: Pace,
        (clock, rng): (&Clock, &mut Rng),
    ) -> Result<Self, WrongTag> {
        let work = WorkSet::lay_out(arena, algorithm, (extent, Set::Hot), 1, rng);
        let count = work.len();
        let dose = Dose::once(count);
        let mut side = Self { work, keys, scheduler: LaneScheduler::new(backend), rng: rng.fork(), dose };
        let shown = fastest(|| side.once(side.dose, clock))?;
        side.dose = Dose::of(shown, pace.duration, count, (count, Set::Hot));
        Ok(side)
    }

    /// Only the runs are timed, not the drawing of sessions before each.
    fn once(&mut self, dose: Dose, clock: &Clock) -> Result<Shot, WrongTag> {
        let Self { work, keys, scheduler, rng, .. } = self;
        let algorithm = work.algorithm();
        let ghz = core_clock_ghz(clock);
        let places = work.take(dose.messages);
        let mut ns = 0.0;
        let mut drawn = Vec::with_capacity(places.len());
        for _ in 0..dose.passes {
            drawn.clear();
            drawn.extend(places.iter().map(|_| &keys[rng.usize(..keys.len())]));
            let mut messages: Vec<Message<'_>> =
                places.iter_mut().zip(&drawn).map(|(place, key)| place.message_of(key)).collect();
            let start = clock.now();
            scheduler.run(&mut messages.iter_mut());
            ns += elapsed(start, clock);
        }
        // The signatures of the last pass, under the keys that were drawn for it.
        for (place, key) in places.iter_mut().zip(&drawn) {
            let length = place.len();
            let Message { head, sequence, .. } = place.message_of(key);
            if signing::verify(key, Sender::Client, head, sequence) != Ok(Verdict::Verified) {
                return Err(WrongTag::of_ours(algorithm, length));
            }
            place.cover(algorithm);
        }
        Ok(Shot::new(ns, places, dose.passes, ghz))
    }
}

impl Side for DrawnSessions<'_, '_> {
    fn shoot(&mut self, clock: &Clock) -> Result<Shot, WrongTag> {
        let dose = self.dose;
        dose.shoot(&mut 0, |dose| self.once(dose, clock))
    }
}

/// Two sides on two threads at the same time; their bytes together, in the time of the longer.
pub(super) struct TwoThreads<S> {
    sides: [OnCore<S>; 2],
}

impl<S> TwoThreads<S> {
    pub(super) fn on(cores: [usize; 2], sides: [S; 2]) -> Self {
        let [one, two] = sides;
        Self { sides: [OnCore { core: cores[0], side: one }, OnCore { core: cores[1], side: two }] }
    }
}

impl<S: Side + Send> Side for TwoThreads<S> {
    fn shoot(&mut self, clock: &Clock) -> Result<Shot, WrongTag> {
        let barrier = &std::sync::Barrier::new(2);
        let shots = std::thread::scope(|scope| {
            let threads = self.sides.each_mut().map(|side| {
                scope.spawn(move || {
                    stay_on(side.core);
                    barrier.wait();
                    side.side.shoot(clock)
                })
            });
            threads.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let [one, two] = shots;
        let (one, two) = (one?, two?);
        // Each at its own rate, as two workers are.
        let gbps = one.gbps() + two.gbps();
        let ns = one.ns.max(two.ns);
        Ok(Shot { ns, bytes: gbps * ns, messages: one.messages + two.messages, ghz: one.ghz })
    }
}

/// Messages of one session, as many of them as the set holds.
pub(super) const fn one_session(algorithm: SigningAlgorithm, extent: Extent) -> Messages {
    Messages { algorithm, extent, sessions: 1, outstanding: None, sets: 1 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_side_signs_rightly_on_every_backend() {
        let (clock, mut rng) = (Clock::new(), Rng::with_seed(1));
        let pace = Pace { rounds: 1, duration: Duration::from_micros(1) };
        let extent = Extent::Bytes(512);
        for backend in Backend::available() {
            for algorithm in SigningAlgorithm::ALL {
                let mut arena = Arena::new(1 << 20, 1);
                let messages = Messages { sessions: 7, ..one_session(algorithm, extent) };
                Lanes::new(&mut arena, messages, backend, pace, (&clock, &mut rng)).map(|_| ()).unwrap();
                OneByOne::new(&mut arena, messages, backend, pace, (&clock, &mut rng)).map(|_| ()).unwrap();
                let keys = prepared(algorithm, backend, &[[1; 16], [2; 16], [3; 16]]);
                let cell = (algorithm, extent);
                let drawn = DrawnSessions::new(&mut arena, cell, &keys, backend, pace, (&clock, &mut rng));
                drawn.map(|_| ()).unwrap();
            }
        }
    }
}
