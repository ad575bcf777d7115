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

use smbsign_engine::traffic::{Clock as _, Generator, Outgoing, Pacer, Schedule, Signing};

use super::clock::Clock;
use super::duty::{Duty, DutyError};
use super::latency::Latencies;
use super::sample::{Sample, Samples};
use super::transmit::TransmitBuffer;

/// What a worker works with; made before the clock starts.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) generator: Generator,
    pub(super) duty: Duty,
    pub(super) transmit: TransmitBuffer,
    pub(super) clock: Clock,
    /// Messages from moments spread over the whole window.
    pub(super) samples: Samples,
    /// The first messages of session 0, one after another.
    pub(super) opening: Samples,
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

impl Worker {
    /// Brings code, keys and buffers into the caches and the core to its clock, then takes back every number used.
    pub(super) fn warm_up(&mut self) -> Result<(), DutyError> {
        const AT_LEAST: Duration = Duration::from_millis(4);
        self.duty.fill(&mut self.generator)?;
        let until = self.clock.now() + AT_LEAST.as_nanos() as u64;
        for at in 0.. {
            let mut message = self.duty.next(&mut self.generator);
            self.duty.perform(&mut message)?;
            self.transmit.take(&message);
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
        let mut pacer = Pacer::new(self.clock.clone(), Schedule::new(share.rate, start + offset));
        let mut latencies = Latencies::new();
        let mut intended = [0; ChunkBound::PACED.messages];
        let mut sampling = Sampling::new(start, end, &self.samples);
        let mut done = Done::default();
        let mut now = start;
        while now < end && pacer.schedule().next() < end {
            let began = pacer.wait(end);
            done.waited_ns += began - now;
            let bound = if self.opening.is_full() { ChunkBound::PACED } else { ChunkBound::SINGLE };
            let mut due = |message: &Outgoing<'_>, at: usize| {
                intended[at] = pacer.schedule().depart(message.wire_bytes);
                pacer.schedule().next() <= began
            };
            let chunk = self.chunk(bound, &mut due)?;
            let ended = self.clock.now();
            done.add(&chunk, self.busy_ns(began, ended));
            latencies.record(&intended[..chunk.messages as usize], began, ended);
            self.keep(&mut sampling, ended);
            // What is between two chunks belongs to neither work nor waiting.
            now = self.clock.now();
        }
        done.wall_ns = now.max(pacer.schedule().next()).saturating_sub(start + offset);
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
        due: &mut impl FnMut(&Outgoing<'_>, usize) -> bool,
    ) -> Result<Chunk, DutyError> {
        let mut chunk = Chunk::default();
        loop {
            let mut message = self.duty.next(&mut self.generator);
            self.duty.perform(&mut message)?;
            self.transmit.take(&message);
            let another = due(&message, chunk.messages as usize);
            chunk.messages += 1;
            chunk.bytes += message.bytes.len();
            if message.signing == Signing::Signed {
                chunk.signed_bytes += message.bytes.len();
            }
            chunk.payload_bytes += message.payload_bytes;
            chunk.wire_bytes += message.wire_bytes;
            if !another || chunk.messages as usize >= bound.messages || chunk.bytes >= bound.bytes {
                return Ok(chunk);
            }
        }
    }

    /// A chunk's time less the reading of the clock that it holds.
    fn busy_ns(&self, began: u64, ended: u64) -> f64 {
        ((ended - began) as f64 - self.clock.cost()).max(0.0)
    }

    fn keep(&mut self, sampling: &mut Sampling, now: u64) {
        if !self.opening.is_full() {
            let message = self.generator.last();
            if message.session == 0 {
                self.opening.keep(&message);
            }
        }
        if now >= sampling.next {
            let message = self.generator.last();
            if message.signing == Signing::Signed {
                self.samples.keep(&message);
                sampling.next += sampling.every;
            }
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
