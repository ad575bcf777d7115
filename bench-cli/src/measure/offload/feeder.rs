//! The thread that a server's connections would be: it sends messages to the engine when their departure has come, takes
//! them back and transmits them.
//!
//! It never sleeps: it looks for what has come back, then at the clock. Everything that is due at once goes into one burst,
//! up to 64 messages, so that bursts grow with the rate. Its work (numbering, handing over, taking back, transmitting) is
//! what handing messages over costs a server, and counts as busy time; waiting and recording do not.

use std::hint;
use std::thread;
use std::time::Duration;

use smbsign_engine::batch::{Occupancy, Outcome};
use smbsign_engine::offload::{Burst, Failure, OffloadEngine, QueuePair, Stats};
use smbsign_engine::traffic::{Clock as _, Schedule, Signing};

use super::super::chunk::{Chunk, ChunkBound};
use super::super::clock::Clock;
use super::super::duty::DutyError;
use super::super::latency::Latencies;
use super::super::sample::Samples;
use super::super::transmit::TransmitBuffer;
use super::super::worker::{Done, Sampling, Share};
use super::letter::Letter;
use super::stock::{Stock, Work};

/// Bursts that may be out: more than a round takes, few enough that they stay in the cache.
pub(super) const BURSTS: usize = 128;

/// How the thread passes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manners {
    /// It has a core of its own, and spins.
    Spins,
    /// A worker needs the core, too.
    Yields,
}

/// Feeds an engine.
pub(super) struct Feeder<'a> {
    pub(super) engine: &'a OffloadEngine<Letter>,
    pub(super) pair: QueuePair<Letter>,
    /// The last that came back is the first to be used again: it is still in the cache.
    pub(super) spare: Vec<Burst<Letter>>,
    pub(super) stock: Stock,
    pub(super) transmit: TransmitBuffer,
    pub(super) manners: Manners,
    pub(super) clock: Clock,
    /// Messages from moments spread over the whole window.
    pub(super) samples: Samples,
    /// The first messages of session 0, one after another.
    pub(super) opening: Samples,
}

/// A burst that came back: its messages lie one after another in the set.
struct Returned {
    first: usize,
    messages: usize,
    began: u64,
}

/// A window's figures while it goes on.
struct Window {
    done: Done,
    sampling: Sampling,
    latencies: Latencies,
    /// Time in which this thread worked.
    worked_ns: f64,
}

impl Feeder<'_> {
    /// Brings code, keys and buffers into the caches of both sides, then takes back every number used.
    pub(super) fn warm_up(&mut self, window: Duration) -> Result<(), DutyError> {
        const ENOUGH: Duration = Duration::from_millis(4);
        let until = self.clock.now() + ENOUGH.min(window / 5).as_nanos() as u64;
        let mut seen = 0;
        while seen < self.stock.places() || self.clock.now() < until {
            let sends = self.may_send();
            if sends {
                seen += self.send(self.bound(), None).messages;
            }
            if self.take_back()?.is_none() && !sends {
                self.relax();
            }
        }
        while self.stock.under_way() > 0 {
            if self.take_back()?.is_none() {
                self.relax();
            }
        }
        self.stock.rewind();
        Ok(())
    }

    /// Feeds from `start` on for `window`, at the pace of a link or as fast as messages come back, and then waits for what is
    /// still under way.
    pub(super) fn run(
        mut self,
        start: u64,
        window: Duration,
        share: Option<Share>,
    ) -> Result<Done, DutyError> {
        let end = start + window.as_nanos() as u64;
        let mut schedule = share.map(|share| Schedule::new(share.rate, start, share.arrival, share.seed));
        let mut window = Window {
            done: Done::default(),
            sampling: Sampling::new(start, end, &self.samples),
            latencies: Latencies::new(),
            worked_ns: 0.0,
        };
        let before = self.engine.stats();
        let mut now = start;
        while self.clock.now() < start {
            self.relax();
        }
        // How late the earliest message that was not done was when the window closed.
        let mut backlog = None;
        loop {
            let departs = schedule.as_ref().map_or(now, Schedule::next);
            let is_open = now < end && departs < end;
            if !is_open && backlog.is_none() {
                let oldest = self.stock.oldest_due().or_else(|| schedule.as_ref().map(Schedule::next));
                backlog = Some(now.min(end).saturating_sub(oldest.unwrap_or(end)));
            }
            if !is_open && self.stock.under_way() == 0 {
                break;
            }
            let sends = is_open && departs <= now && self.may_send();
            if sends {
                let bound = if schedule.is_some() { FULL } else { self.bound() };
                let chunk = self.send(bound, schedule.as_mut().map(|schedule| (schedule, now)));
                window.done.add(&chunk, 0.0);
                now = self.worked(&mut window, now);
            }
            // All that is back: where one came for each that goes, a queue of them would stay as long as it is.
            let mut comes = false;
            while let Some(returned) = self.take_back()? {
                let ended = self.worked(&mut window, now);
                self.record(&mut window, &returned, ended, schedule.is_some());
                // What is between belongs to neither work nor waiting.
                now = self.clock.now();
                comes = true;
            }
            if !sends && !comes {
                self.relax();
            }
            now = self.clock.now();
        }
        let Window { mut done, latencies, worked_ns, .. } = window;
        let scheduled = schedule.as_ref().map_or(0, |schedule| schedule.next() - start);
        done.scheduled_ns = scheduled;
        done.wall_ns = (now - start).max(scheduled);
        done.waited_ns = done.wall_ns.saturating_sub(worked_ns as u64);
        done.backlog_ns = backlog.filter(|_| schedule.is_some()).unwrap_or(0);
        done.latencies = schedule.map(|_| latencies);
        let after = self.engine.stats();
        done.busy_ns = worked_ns + self.busy_ns(&before, &after);
        done.occupancy = Occupancy {
            busy: after.occupancy.busy - before.occupancy.busy,
            offered: after.occupancy.offered - before.occupancy.offered,
        };
        done.samples = self.samples.into_kept();
        done.opening = self.opening.into_kept();
        Ok(done)
    }

    /// Whether a burst and a message are here. The first messages of a dump go one burst after another, so that none is
    /// missed and their order is that of their numbers.
    fn may_send(&self) -> bool {
        !self.spare.is_empty()
            && self.stock.may_send()
            && (self.opening.is_full() || self.stock.under_way() == 0)
    }

    /// At max: a quarter of what may be under way, so that workers have the next round while one comes back.
    fn bound(&self) -> ChunkBound {
        ChunkBound { messages: (self.stock.most_under_way() / 4).clamp(1, FULL.messages), ..FULL }
    }

    fn send(&mut self, bound: ChunkBound, schedule: Option<(&mut Schedule, u64)>) -> Chunk {
        let Some(mut burst) = self.spare.pop() else { return Chunk::default() };
        let chunk = self.stock.fill(&mut burst, bound, schedule);
        // There is room for every burst, and the engine is not shut down while it is borrowed.
        let accepted = self.pair.submit(burst);
        debug_assert!(accepted.is_ok(), "{accepted:?}");
        chunk
    }

    /// A burst that has come back, its messages transmitted and at home again.
    fn take_back(&mut self) -> Result<Option<Returned>, DutyError> {
        let Some(mut burst) = self.pair.poll() else { return Ok(None) };
        let messages = burst.len();
        let began = burst.times().map_or(0, |times| self.clock.at(times.started));
        let mut first = None;
        for done in burst.drain() {
            let mut letter = done.job.parcel;
            first.get_or_insert(letter.place);
            let message = self.stock.message(&mut letter);
            match (self.stock.work(), message.signing, done.outcome) {
                (Work::PassOn, _, Err(Failure::UnknownKey))
                | (_, Signing::Unsigned, Err(Failure::UnknownKey))
                | (Work::Sign, Signing::Signed, Ok(Outcome::Signed))
                | (Work::Verify, Signing::Signed, Ok(Outcome::Verified)) => {}
                (.., Ok(outcome)) => return Err(DutyError::NotDone(outcome)),
                (.., Err(failure)) => return Err(DutyError::Failed(failure)),
            }
            self.transmit.take(message.bytes, message.place);
            self.stock.put_back(letter);
        }
        self.spare.push(burst);
        Ok(first.map(|first| Returned { first, messages, began }))
    }

    /// Adds what this thread did since `began`, and says what time it is.
    fn worked(&self, window: &mut Window, began: u64) -> u64 {
        let now = self.clock.now();
        window.worked_ns += ((now - began) as f64 - self.clock.cost()).max(0.0);
        now
    }

    fn record(&mut self, window: &mut Window, returned: &Returned, ended: u64, at_a_link: bool) {
        let Returned { first, messages, began } = *returned;
        if at_a_link {
            window.latencies.record(self.stock.due(first, messages), began, ended);
        }
        if !self.opening.is_full() {
            for after in 0..messages {
                if let Some(message) = self.stock.at_home(first, after).filter(|message| message.session == 0)
                {
                    self.opening.keep(&message);
                }
            }
        }
        if ended >= window.sampling.next
            && let Some(message) = self.stock.at_home(first, self.samples.kept() % messages)
            && message.signing == Signing::Signed
        {
            self.samples.keep(&message);
            window.sampling.next += window.sampling.every;
        }
    }

    /// Time that workers were busy between two moments, less the readings of the clock within: two for a round.
    fn busy_ns(&self, before: &Stats, after: &Stats) -> f64 {
        let readings = (after.rounds - before.rounds) as f64 * 2.0 * self.clock.cost();
        ((after.busy - before.busy).as_nanos() as f64 - readings).max(0.0)
    }

    fn relax(&self) {
        match self.manners {
            Manners::Spins => hint::spin_loop(),
            Manners::Yields => thread::yield_now(),
        }
    }
}

/// A burst's bound.
const FULL: ChunkBound = ChunkBound { messages: Burst::<Letter>::MAX_MESSAGES, bytes: usize::MAX };
