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

use smbsign_engine::traffic::{self, Arrival, Generator, Pacer, Schedule, Signing};

use super::clock::Clock;
use super::duty::{Duty, DutyError, Sent};
use super::latency::Latencies;
use super::sample::{Sample, Samples};
use super::transmit::TransmitBuffer;

/// What a worker works with; made before the clock starts.
#[derive(Debug)]
pub(super) struct Worker<C = Clock> {
    pub(super) generator: Generator,
    pub(super) duty: Duty,
    pub(super) transmit: TransmitBuffer,
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

/// How much is done between two readings of the clock.
#[derive(Debug, Clone, Copy)]
struct ChunkBound {
    messages: usize,
    bytes: usize,
}

impl ChunkBound {
    /// At a link: a long message alone, short ones so many that a reading's cost disappears.
    const PACED: Self = Self { messages: 64, bytes: 16 << 10 };
    /// At max nobody waits, so that a chunk only has to end before the window has.
    const SATURATED: Self = Self { messages: 1024, bytes: 256 << 10 };
    /// While every message is to be kept.
    const SINGLE: Self = Self { messages: 1, bytes: 0 };
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
    pub(super) samples: Vec<Sample>,
    pub(super) opening: Vec<Sample>,
}

/// One chunk.
#[derive(Default)]
struct Chunk {
    messages: u64,
    bytes: usize,
    signed_bytes: usize,
    payload_bytes: usize,
    wire_bytes: f64,
}

impl<C: traffic::Clock + Clone> Worker<C> {
    /// Brings code, keys and buffers into the caches and the core to its clock, then takes back every number used. A fifth
    /// of the window is enough, and 4 ms are.
    pub(super) fn warm_up(&mut self, window: Duration) -> Result<(), DutyError> {
        const ENOUGH: Duration = Duration::from_millis(4);
        let until = self.clock.now() + ENOUGH.min(window / 5).as_nanos() as u64;
        for at in 0.. {
            self.duty.carry_out(&mut self.generator, &mut self.transmit)?;
            let all_seen = at + 1 >= self.generator.buffers();
            if all_seen && at % 16 == 0 && self.clock.now() >= until {
                break;
            }
        }
        self.generator.rewind();
        Ok(())
    }

    /// Works from `start` on for `window`, at the pace of `share` of a link or as fast as it can.
    pub(super) fn run(
        mut self,
        start: u64,
        window: Duration,
        share: Option<Share>,
    ) -> Result<Done, DutyError> {
        let end = start + window.as_nanos() as u64;
        match share {
            Some(share) => self.run_paced(start, end, share),
            None => self.run_saturated(start, end),
        }
        .map(|mut done| {
            done.samples = self.samples.into_kept();
            done.opening = self.opening.into_kept();
            done
        })
    }

    fn run_paced(&mut self, start: u64, end: u64, share: Share) -> Result<Done, DutyError> {
        let offset = share.offset.as_nanos() as u64;
        let mut pacer = Pacer::new(self.clock.clone(), {
            Schedule::new(share.rate, start + offset, share.arrival, share.seed)
        });
        let mut latencies = Latencies::new();
        let mut intended = [0; ChunkBound::PACED.messages];
        let mut sampling = Sampling::new(start, end, &self.samples);
        let mut done = Done::default();
        let mut now = start;
        while now < end && pacer.schedule().next() < end {
            let began = pacer.wait(end);
            done.waited_ns += began - now;
            let bound = if self.opening.is_full() { ChunkBound::PACED } else { ChunkBound::SINGLE };
            let mut due = |sent: Sent, at: usize| {
                intended[at] = pacer.schedule().depart(sent.wire_bytes);
                pacer.schedule().next() <= began
            };
            let chunk = self.chunk(bound, &mut due)?;
            let ended = self.clock.now();
            #[cfg(feature = "handicap")]
            let ended = self.delayed(began, ended);
            done.add(&chunk, self.busy_ns(began, ended));
            latencies.record(&intended[..chunk.messages as usize], began, ended);
            self.keep(&mut sampling, ended);
            // What is between two chunks belongs to neither work nor waiting.
            now = self.clock.now();
        }
        done.scheduled_ns = pacer.schedule().next().saturating_sub(start + offset);
        done.wall_ns = done.scheduled_ns.max(now.saturating_sub(start + offset));
        done.backlog_ns = now.saturating_sub(pacer.schedule().next());
        done.latencies = Some(latencies);
        Ok(done)
    }

    fn run_saturated(&mut self, start: u64, end: u64) -> Result<Done, DutyError> {
        while self.clock.now() < start {
            std::hint::spin_loop();
        }
        let mut sampling = Sampling::new(start, end, &self.samples);
        let mut done = Done::default();
        let mut now = start;
        while now < end {
            let bound = if self.opening.is_full() { ChunkBound::SATURATED } else { ChunkBound::SINGLE };
            let began = self.clock.now();
            let chunk = self.chunk(bound, &mut |_, _| true)?;
            now = self.clock.now();
            #[cfg(feature = "handicap")]
            {
                now = self.delayed(began, now);
            }
            done.add(&chunk, self.busy_ns(began, now));
            self.keep(&mut sampling, now);
        }
        done.wall_ns = now - start;
        Ok(done)
    }

    /// Messages as long as `due` says, after each of them, that the next one is due.
    #[inline]
    fn chunk(
        &mut self,
        bound: ChunkBound,
        due: &mut impl FnMut(Sent, usize) -> bool,
    ) -> Result<Chunk, DutyError> {
        let mut chunk = Chunk::default();
        loop {
            let sent = self.duty.carry_out(&mut self.generator, &mut self.transmit)?;
            let another = due(sent, chunk.messages as usize);
            chunk.messages += 1;
            chunk.bytes += sent.bytes;
            chunk.signed_bytes += sent.signed_bytes;
            chunk.payload_bytes += sent.payload_bytes;
            chunk.wire_bytes += sent.wire_bytes;
            if !another || chunk.messages as usize >= bound.messages || chunk.bytes >= bound.bytes {
                return Ok(chunk);
            }
        }
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

    fn keep(&mut self, sampling: &mut Sampling, now: u64) {
        if !self.opening.is_full() {
            let message = self.generator.last();
            if message.session == 0 {
                self.opening.keep(&message);
            }
        }
        if now < sampling.next {
            return;
        }
        if let Some((plaintext, frame)) = self.duty.transformed(&self.generator, &self.transmit) {
            let session = self.generator.finished_frame().map_or(0, |frame| frame.session);
            self.samples.keep_transformed(session, plaintext, frame);
            sampling.next += sampling.every;
            return;
        }
        let message = self.generator.last();
        if message.signing == Signing::Signed && !self.duty.transforms() {
            self.samples.keep(&message);
            sampling.next += sampling.every;
        }
    }
}

/// When the next sample is taken: at the first chunk, then evenly over the window.
struct Sampling {
    next: u64,
    every: u64,
}

impl Sampling {
    fn new(start: u64, end: u64, samples: &Samples) -> Self {
        Self { next: start, every: ((end - start) / samples.room().max(1) as u64).max(1) }
    }
}

impl Done {
    fn add(&mut self, chunk: &Chunk, busy_ns: f64) {
        self.messages += chunk.messages;
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

    use smbsign_engine::protocol::Dialect;
    use smbsign_engine::traffic::{BulkMessage, Envelope, GeneratorConfig, Profile};

    use super::*;
    use crate::record::Latency;

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
    fn run(arrival: Arrival, stops: bool) -> (Done, Latency) {
        let profile = Profile::bulk(BulkMessage::ReadResponse, Dialect::Smb311, 2000).unwrap();
        let nothing = || Samples::with_room([], Envelope::Clear);
        let worker = Worker {
            generator: Generator::new(&profile, GeneratorConfig::default()),
            duty: Duty::PassOn,
            transmit: TransmitBuffer::none(),
            clock: Stopping(Rc::new(Cell::new((0, stops)))),
            clock_cost: 0.0,
            samples: nothing(),
            opening: nothing(),
            #[cfg(feature = "handicap")]
            delay: None,
        };
        let rate = NonZeroU64::new(1_000_000_000).unwrap();
        let share = Share { rate, offset: Duration::ZERO, arrival, seed: 3 };
        let done = worker.run(0, Duration::from_millis(500), Some(share)).unwrap();
        let latency = done.latencies.as_ref().unwrap().recorded();
        (done, latency)
    }

    #[test]
    fn a_stop_of_50_ms_shows_in_the_tail_and_in_every_message_behind_it() {
        for arrival in ["paced", "poisson", "burst:16"].map(|text| text.parse().unwrap()) {
            let (quiet, undisturbed) = run(arrival, false);
            let (stopped, latency) = run(arrival, true);
            assert!(undisturbed.total.max < Some(MS), "{arrival}: {:?}", undisturbed.total.max);
            for value in [latency.total.p99_9, latency.total.max] {
                assert!(value > Some(49 * MS), "{arrival}: {value:?}");
            }
            // A tenth of the messages were due during the stop, and all of them were sent and counted.
            assert!(latency.total.p90 > Some(MS / 10), "{arrival}: {:?}", latency.total.p90);
            assert!(quiet.messages.abs_diff(stopped.messages) < quiet.messages / 1000, "{arrival}");
            let queued = latency.queued.unwrap();
            assert!(queued.max > Some(49 * MS), "a message waits before its work begins: {:?}", queued.max);
        }
    }
}
