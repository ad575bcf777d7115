//! Jobs in the order of their lengths, so that neighbours end together.

/// Jobs that one window holds at most: as many as a byte can number.
pub(super) const WINDOW: usize = 256;

/// Lengths in blocks up to here are told apart exactly, longer ones by a 32nd.
const EXACT: u32 = 64;
const STEPS: u32 = 32;
/// A power of two above the bin of the longest message's blocks, so that a mask keeps any index within.
const BINS: usize = 1024;

/// The bin of a length in blocks: no bin of a longer one is lower.
#[inline]
const fn bin(blocks: u32) -> usize {
    if blocks < EXACT {
        return blocks as usize;
    }
    let exponent = blocks.ilog2();
    let octaves = exponent - EXACT.ilog2();
    (EXACT + octaves * STEPS + (blocks >> (exponent - STEPS.ilog2())) - STEPS) as usize % BINS
}

/// A window's jobs by length, and the room to sort them in.
pub(super) struct Order {
    /// All zero between two sorts.
    counts: Box<[u16; BINS]>,
    bins: Box<[u16; WINDOW]>,
    jobs: Box<[u8; WINDOW]>,
    sorted: Box<[u8; WINDOW]>,
}

impl Order {
    pub(super) fn new() -> Self {
        Self {
            counts: Box::new([0; BINS]),
            bins: Box::new([0; WINDOW]),
            jobs: Box::new([0; WINDOW]),
            sorted: Box::new([0; WINDOW]),
        }
    }

    /// The jobs, shortest first; from these numbers and lengths in blocks, of which the first [`WINDOW`] count.
    pub(super) fn sort(&mut self, jobs: impl Iterator<Item = (u8, u32)>) -> usize {
        let (mut count, mut lowest, mut highest) = (0, BINS - 1, 0);
        for ((job, blocks), (to_bin, to_job)) in jobs.zip(self.bins.iter_mut().zip(self.jobs.iter_mut())) {
            let bin = bin(blocks);
            (*to_bin, *to_job) = (bin as u16, job);
            (lowest, highest) = (lowest.min(bin), highest.max(bin));
            count += 1;
        }
        if lowest >= highest {
            core::mem::swap(&mut self.sorted, &mut self.jobs);
            return count;
        }
        let (bins, jobs) = (&self.bins[..count.min(WINDOW)], &self.jobs[..count.min(WINDOW)]);
        for bin in bins {
            self.counts[usize::from(*bin) % BINS] += 1;
        }
        let used = &mut self.counts[lowest..=highest];
        let mut before = 0;
        for counter in &mut *used {
            before += core::mem::replace(counter, before);
        }
        for (bin, job) in bins.iter().zip(jobs) {
            let place = &mut self.counts[usize::from(*bin) % BINS];
            self.sorted[usize::from(*place) % WINDOW] = *job;
            *place += 1;
        }
        self.counts[lowest..=highest].fill(0);
        count
    }

    /// What the latest sort left, shortest first.
    pub(super) fn sorted(&self) -> &[u8; WINDOW] {
        &self.sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_longer_job_stands_in_a_lower_bin() {
        let mut previous = 0;
        for blocks in (0..100_000).chain((17..27).flat_map(|power| [(1 << power) - 1, 1 << power])) {
            let bin = bin(blocks);
            assert!(bin >= previous && bin < BINS, "{blocks} blocks");
            previous = bin;
        }
    }

    #[test]
    fn jobs_come_out_shortest_first_and_each_once() {
        let mut order = Order::new();
        for (count, factor) in [(0, 1), (1, 1), (31, 7), (256, 0), (256, 97), (255, 1)] {
            let length = |job: u8| u32::from(job) * factor % 61;
            let sorted = order.sort((0..=255).take(count).map(|job| (job, length(job))));
            assert_eq!(sorted, count);
            let jobs = &order.sorted()[..count];
            assert!(jobs.is_sorted_by_key(|job| length(*job)), "{count} jobs");
            let mut seen = jobs.to_vec();
            seen.sort_unstable();
            assert!(seen.into_iter().eq((0..=255).take(count)), "{count} jobs");
        }
    }
}
