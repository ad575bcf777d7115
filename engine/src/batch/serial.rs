//! Messages whose algorithm fills the core with one message: AES-GMAC, and what the portable backend leaves to crates.

use arrayvec::ArrayVec;

use super::job::Job;
use super::message::Message;

/// Messages that are taken in together.
const WINDOW: usize = 64;
/// Messages up to so many bytes go first.
const SHORT_BYTES: usize = 64 << 10;

/// Messages that run one by one.
pub(super) struct Serial<'m, 'd> {
    short: ArrayVec<Job<'m, 'd>, WINDOW>,
    long: ArrayVec<Job<'m, 'd>, WINDOW>,
}

impl<'m, 'd> Serial<'m, 'd> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { short: ArrayVec::new(), long: ArrayVec::new_const() }
    }

    /// How many more jobs can be taken in.
    pub(super) fn space(&self) -> usize {
        self.short.remaining_capacity().min(self.long.remaining_capacity())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty() && self.long.is_empty()
    }

    /// Takes a job in; there must be room.
    #[inline]
    pub(super) fn take(&mut self, job: Job<'m, 'd>) {
        if job.bytes() <= SHORT_BYTES { self.short.push(job) } else { self.long.push(job) }
    }

    /// Runs all short messages and one long one.
    pub(super) fn turn(&mut self, mut hand_back: impl FnMut(&'m mut Message<'d>)) {
        let long = (!self.long.is_empty()).then(|| self.long.remove(0));
        for job in self.short.drain(..).chain(long) {
            let tag = job.tag_alone();
            hand_back(job.settle(&tag));
        }
    }
}
