//! What an engine has done so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::utils::CachePadded;

use crate::batch::Occupancy;

/// What an engine has done since it started. While it runs, each figure is one of this moment or a little before; once
/// all submitted bursts are polled, [`Self::submitted`] is the sum of the six that follow [`Self::given_back`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Messages that were accepted.
    pub submitted: u64,
    /// Messages that [`submit`](super::QueuePair::submit) gave back at once.
    pub given_back: u64,
    /// Messages signed.
    pub signed: u64,
    /// Messages whose signature was right.
    pub verified: u64,
    /// Messages whose signature was wrong.
    pub bad_signatures: u64,
    /// Messages to be verified that do not say that they are signed.
    pub not_signed: u64,
    /// Messages that could not be signed or verified, or whose key was not known.
    pub refused: u64,
    /// Messages that a panic or the shutdown gave back unjudged, or whose queue pair was dropped before a worker saw them.
    pub failed: u64,
    /// Messages whose queue pair was dropped before it had polled them, whatever became of them.
    pub abandoned: u64,
    /// Bursts that workers have taken.
    pub bursts: u64,
    /// Rounds that workers have run; messages ÷ rounds says how many ran together.
    pub rounds: u64,
    /// How often workers woke from sleep.
    pub wake_ups: u64,
    /// How often workers panicked.
    pub panics: u64,
    /// Time that workers spent running rounds and giving them back, summed over them.
    pub busy: Duration,
    /// How full the lanes were.
    pub occupancy: Occupancy,
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    Submitted,
    GivenBack,
    Signed,
    Verified,
    BadSignatures,
    NotSigned,
    Refused,
    Failed,
    Abandoned,
    Bursts,
    Rounds,
    WakeUps,
    Panics,
    BusyNanoseconds,
    BusyLanes,
    OfferedLanes,
}

const COUNTS: usize = Count::OfferedLanes as usize + 1;

/// Counts of one round, before others see them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally([u64; COUNTS]);

impl Tally {
    #[inline]
    pub(super) const fn add(&mut self, count: Count, number: u64) {
        self.0[count as usize] += number;
    }

    /// A round has taken so long, and filled lanes from one occupancy to another.
    pub(super) fn add_round(&mut self, busy: Duration, before: Occupancy, after: Occupancy) {
        self.add(Count::Rounds, 1);
        self.add(Count::BusyNanoseconds, busy.as_nanos() as u64);
        self.add(Count::BusyLanes, after.busy.wrapping_sub(before.busy));
        self.add(Count::OfferedLanes, after.offered.wrapping_sub(before.offered));
    }
}

/// Counts that all threads add to, each in a cache line of its own if it can.
pub(super) struct Counters(Box<[CachePadded<Line>]>);

/// One thread's share of the counts.
#[derive(Default)]
pub(super) struct Line([AtomicU64; COUNTS]);

/// Queue pairs share so many lines.
const PAIR_LINES: usize = 16;

impl Counters {
    pub(super) fn new(workers: usize) -> Self {
        Self((0..workers + PAIR_LINES).map(|_| CachePadded::default()).collect())
    }

    /// The line of a queue pair, by its number.
    pub(super) fn pair(&self, number: usize) -> &Line {
        &self.0[number % PAIR_LINES]
    }

    /// The line of a worker, by its number.
    pub(super) fn worker(&self, number: usize) -> &Line {
        &self.0[PAIR_LINES + number]
    }

    pub(super) fn stats(&self) -> Stats {
        let sum =
            |count: Count| self.0.iter().map(|line| line.0[count as usize].load(Ordering::Relaxed)).sum();
        Stats {
            submitted: sum(Count::Submitted),
            given_back: sum(Count::GivenBack),
            signed: sum(Count::Signed),
            verified: sum(Count::Verified),
            bad_signatures: sum(Count::BadSignatures),
            not_signed: sum(Count::NotSigned),
            refused: sum(Count::Refused),
            failed: sum(Count::Failed),
            abandoned: sum(Count::Abandoned),
            bursts: sum(Count::Bursts),
            rounds: sum(Count::Rounds),
            wake_ups: sum(Count::WakeUps),
            panics: sum(Count::Panics),
            busy: Duration::from_nanos(sum(Count::BusyNanoseconds)),
            occupancy: Occupancy { busy: sum(Count::BusyLanes), offered: sum(Count::OfferedLanes) },
        }
    }
}

impl Line {
    pub(super) fn add(&self, count: Count, number: u64) {
        self.0[count as usize].fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn add_all(&self, tally: &Tally) {
        for (sum, number) in self.0.iter().zip(tally.0).filter(|(_, number)| *number > 0) {
            sum.fetch_add(number, Ordering::Relaxed);
        }
    }
}
