//! One thread's part of a trial: generate, sign, transmit, wait, and nothing else.
//!
//! # One loop for links and for max
//! At a link a message is due at its intended departure, at max always. Whoever is due when the worker wakes is taken
//! together, up to a bound, between two readings of the clock: at 10 GbE of 128-byte messages a reading per message
//! would cost an eighth of the budget. Messages of a chunk share its end, so that a latency is never shorter than it
//! was. Between chunks, outside busy time, latencies are recorded and samples kept.
//!
//! # Who paces
//! Each worker generates and paces its own share of the link, as a server whose connections are spread over cores by
//! receive-side scaling; the shares interleave, so that the link as a whole sees even departures. A worker that falls behind
//! delays its own messages only, which is how servers that sign on the connection's core behave.

use std::num::NonZeroU64;
use std::time::Duration;

use smbsign_engine::batch::Occupancy;
use smbsign_engine::traffic::{self, Arrival, Pacer, Schedule, Signing};

use super::chunk::{Chunk, Pace};
use super::clock::Clock;
use super::duty::DutyError;
use super::latency::Latencies;
use super::sample::{Sample, Samples};
use super::workplace::{Hands, Span, Workplace};

/// A thread's place of work, and its watch.
#[derive(Debug)]
pub(super) struct Worker<C = Clock> {
    pub(super) place: Workplace,
    pub(super) watch: Watch<C>,
}

/// What tells a worker the time, and what it keeps; made before the clock starts.
#[derive(Debug)]
pub(super) struct Watch<C = Clock> {
    pub(super) clock: C,
    /// What a reading of it takes, in nanoseconds.
    pub(super) clock_cost: f64,
    /// Messages from moments spread over the whole window.
    pub(super) samples: Samples,
    /// The first messages of session 0, one after another.
    pub(super) opening: Samples,
    #[cfg(feature = "handicap")]
    pub(super) delay: Option<super::handicap::Delay>,
}

/// The worker's share of a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) rate: NonZeroU64,
    /// How long after the others' common start its first message departs.
    pub(super) offset: Duration,
    pub(super) arrival: Arrival,
    /// Of an arrival that is left to chance.
    pub(super) seed: u64,
}

/// What a worker did within its window.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    pub(super) messages: u64,
    /// Of messages that a signing session signs.
    pub(super) signed_bytes: u64,
    pub(super) payload_bytes: u64,
    pub(super) wire_bytes: f64,
    pub(super) busy_ns: f64,
    pub(super) waited_ns: u64,
    /// The window: until the last message was done, at a link at least until all of them had left.
    pub(super) wall_ns: u64,
    /// What the link takes for the messages that departed; as long as the window where the worker kept up.
    pub(super) scheduled_ns: u64,
    /// How late the next message was when the window closed.
    pub(super) backlog_ns: u64,
    pub(super) latencies: Option<Latencies>,
    pub(super) occupancy: Occupancy,
    pub(super) samples: Vec<Sample>,
    pub(super) opening: Vec<Sample>,
}

impl<C: traffic::Clock + Clone> Watch<C> {
    /// Brings code, keys and buffers into the caches and the core to its clock, then takes back every number used. A fifth
    /// of the window is enough, and 4 ms are.
    pub(super) fn warm_up(&self, hands: &mut Hands<'_>, window: Duration) -> Result<(), DutyError> {
        const ENOUGH: Duration = Duration::from_millis(4);
        let until = self.clock.now() + ENOUGH.min(window / 5).as_nanos() as u64;
        let mut seen = 0;
        while seen < hands.places() || self.clock.now() < until {
            seen += hands.chunk(hands.bound(Span::Paced), Pace::Saturated)?.messages;
        }
        hands.rewind();
        Ok(())
    }

    /// Works from `start` on for `window`, at the pace of `share` of a link or as fast as it can.
    pub(super) fn run(
        mut self,
        hands: &mut Hands<'_>,
        start: u64,
        window: Duration,
        share: Option<Share>,
    ) -> Result<Done, DutyError> {
        let end = start + window.as_nanos() as u64;
        let before = hands.occupancy();
        match share {
            Some(share) => self.run_paced(hands, start, end, share),
            None => self.run_saturated(hands, start, end),
        }
        .map(|mut done| {
            let after = hands.occupancy();
            done.occupancy =
                Occupancy { busy: after.busy - before.busy, offered: after.offered - before.offered };
            done.samples = self.samples.into_kept();
            done.opening = self.opening.into_kept();
            done
        })
    }

    fn run_paced(
        &mut self,
        hands: &mut Hands<'_>,
        start: u64,
        end: u64,
        share: Share,
    ) -> Result<Done, DutyError> {
        let offset = share.offset.as_nanos() as u64;
        let mut pacer = Pacer::new(self.clock.clone(), {
            Schedule::new(share.rate, start + offset, share.arrival, share.seed)
        });
        let mut latencies = Latencies::new();
        let mut intended = vec![0; hands.bound(Span::Paced).messages];
        let mut sampling = Sampling::new(start, end, &self.samples);
        let mut done = Done::default();
        let mut now = start;
        while now < end && pacer.schedule().next() < end {
            let began = pacer.wait(end);
            done.waited_ns += began - now;
            let bound = hands.bound(self.span(Span::Paced));
            let schedule = pacer.schedule();
            let pace = Pace::Link { schedule, moment: began, intended: &mut intended };
            let chunk = hands.chunk(bound, pace)?;
            let ended = self.clock.now();
            #[cfg(feature = "handicap")]
            let ended = self.delayed(began, ended);
            done.add(&chunk, self.busy_ns(began, ended));
            latencies.record(intended[..chunk.messages].iter().copied(), began, ended);
            self.keep(hands, chunk, &mut sampling, ended);
            // What is between two chunks belongs to neither work nor waiting.
            now = self.clock.now();
        }
        done.scheduled_ns = pacer.schedule().next().saturating_sub(start + offset);
        done.wall_ns = done.scheduled_ns.max(now.saturating_sub(start + offset));
        done.backlog_ns = now.saturating_sub(pacer.schedule().next());
        done.latencies = Some(latencies);
        Ok(done)
    }

    fn run_saturated(&mut self, hands: &mut Hands<'_>, start: u64, end: u64) -> Result<Done, DutyError> {
        while self.clock.now() < start {
            std::hint::spin_loop();
        }
        let mut sampling = Sampling::new(start, end, &self.samples);
        let mut done = Done::default();
        let mut now = start;
        while now < end {
            let bound = hands.bound(self.span(Span::Saturated));
            let began = self.clock.now();
            let chunk = hands.chunk(bound, Pace::Saturated)?;
            now = self.clock.now();
            #[cfg(feature = "handicap")]
            {
                now = self.delayed(began, now);
            }
            done.add(&chunk, self.busy_ns(began, now));
            self.keep(hands, chunk, &mut sampling, now);
        }
        done.wall_ns = now - start;
        Ok(done)
    }

    /// What a chunk may be while messages of a session's beginning are still wanted.
    const fn span(&self, usual: Span) -> Span {
        if self.opening.is_full() { usual } else { Span::Observed }
    }

    /// The moment when a chunk's work is over, its delay included.
    #[cfg(feature = "handicap")]
    fn delayed(&mut self, began: u64, ended: u64) -> u64 {
        let busy_ns = self.busy_ns(began, ended);
        self.delay.as_mut().map_or(ended, |delay| delay.lengthen(busy_ns, ended, &self.clock))
    }

    /// A chunk's time less the reading of the clock that it holds.
    fn busy_ns(&self, began: u64, ended: u64) -> f64 {
        ((ended - began) as f64 - self.clock_cost).max(0.0)
    }

    fn keep(&mut self, hands: &mut Hands<'_>, chunk: Chunk, sampling: &mut Sampling, now: u64) {
        if !self.opening.is_full() {
            for back in (0..chunk.messages).rev() {
                let message = hands.before_last(back);
                if message.session == 0 {
                    self.opening.keep(&message);
                }
            }
        }
        if now < sampling.next {
            return;
        }
        if let Some((session, plaintext, frame)) = hands.transformed() {
            self.samples.keep_transformed(session, plaintext, frame);
            sampling.next += sampling.every;
            return;
        }
        if hands.transforms() {
            return;
        }
        let message = hands.one_of(chunk, self.samples.kept());
        if message.signing == Signing::Signed {
            self.samples.keep(&message);
            sampling.next += sampling.every;
        }
    }
}

/// When the next sample is taken: at the first chunk, then evenly over the window.
pub(super) struct Sampling {
    pub(super) next: u64,
    pub(super) every: u64,
}

impl Sampling {
    pub(super) fn new(start: u64, end: u64, samples: &Samples) -> Self {
        Self { next: start, every: ((end - start) / samples.room().max(1) as u64).max(1) }
    }
}

impl Done {
    pub(super) fn add(&mut self, chunk: &Chunk, busy_ns: f64) {
        self.messages += chunk.messages as u64;
        self.signed_bytes += chunk.signed_bytes as u64;
        self.payload_bytes += chunk.payload_bytes as u64;
        self.wire_bytes += chunk.wire_bytes;
        self.busy_ns += busy_ns;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use smbsign_engine::kernels::Backend;
    use smbsign_engine::mac::PreparedKey;
    use smbsign_engine::protocol::{Dialect, SigningAlgorithm, SigningKey};
    use smbsign_engine::traffic::{BulkMessage, Envelope, Generator, GeneratorConfig, Profile};

    use super::super::duty::Duty;
    use super::super::transmit::TransmitBuffer;
    use super::*;
    use crate::record::{Engine, Latency};

    const MS: u64 = 1_000_000;

    /// A clock that goes on by a microsecond whenever it is read, and once by 50 ms, as if the worker had been stopped.
    #[derive(Clone)]
    struct Stopping(Rc<Cell<(u64, bool)>>);

    impl traffic::Clock for Stopping {
        fn now(&self) -> u64 {
            let (now, stops) = self.0.get();
            let stops_here = stops && now > 100 * MS;
            let now = now + if stops_here { 50 * MS } else { 1_000 };
            self.0.set((now, stops && !stops_here));
            now
        }
    }

    /// Half a second of 1 GbE, a message each 17 µs.
    fn run(engine: Engine, arrival: Arrival, stops: bool) -> (Done, Latency) {
        let profile = Profile::bulk(BulkMessage::ReadResponse, Dialect::Smb311, 2000).unwrap();
        let nothing = || Samples::with_room([], Envelope::Clear);
        let key = SigningKey::new(SigningAlgorithm::AesCmac, &[7; 16]).unwrap();
        let mut place = Workplace {
            generator: Generator::new(&profile, GeneratorConfig::default()),
            duty: Duty::PassOn,
            transmit: TransmitBuffer::none(),
            engine,
            backend: Backend::portable(),
            spare: PreparedKey::new(&key, Backend::portable()),
        };
        let watch = Watch {
            clock: Stopping(Rc::new(Cell::new((0, stops)))),
            clock_cost: 0.0,
            samples: nothing(),
            opening: nothing(),
            #[cfg(feature = "handicap")]
            delay: None,
        };
        let rate = NonZeroU64::new(1_000_000_000).unwrap();
        let share = Share { rate, offset: Duration::ZERO, arrival, seed: 3 };
        let done = watch.run(&mut place.hands(), 0, Duration::from_millis(500), Some(share)).unwrap();
        let latency = done.latencies.as_ref().unwrap().recorded();
        (done, latency)
    }

    #[test]
    fn a_stop_of_50_ms_shows_in_the_tail_and_in_every_message_behind_it() {
        let arrivals = ["paced", "poisson", "burst:16"].map(|text| text.parse().unwrap());
        for (engine, arrival) in
            [Engine::Serial, Engine::Lanes].iter().flat_map(|one| arrivals.map(|other| (*one, other)))
        {
            let (quiet, undisturbed) = run(engine, arrival, false);
            let (stopped, latency) = run(engine, arrival, true);
            assert!(undisturbed.total.max < Some(MS), "{engine} {arrival}: {:?}", undisturbed.total.max);
            for value in [latency.total.p99_9, latency.total.max] {
                assert!(value > Some(49 * MS), "{engine} {arrival}: {value:?}");
            }
            // A tenth of the messages were due during the stop, and all of them were sent and counted.
            assert!(latency.total.p90 > Some(MS / 10), "{engine} {arrival}: {:?}", latency.total.p90);
            assert!(quiet.messages.abs_diff(stopped.messages) < quiet.messages / 1000, "{engine} {arrival}");
            let queued = latency.queued.unwrap();
            assert!(queued.max > Some(49 * MS), "a message waits before its work begins: {:?}", queued.max);
        }
    }
}
