//! Jobs in the order of their lengths, so that neighbours end together.

use core::ops::Range;

use arrayvec::ArrayVec;

use super::kernel::MAX_LANES;

/// Jobs that one window holds at most: as many as a byte can number.
pub(super) const WINDOW: usize = 256;

/// Jobs that run together.
pub(super) type Group = ArrayVec<Entry, MAX_LANES>;

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

/// A job's slot, and how many blocks it has left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) left: u32,
    pub(super) slot: u8,
}

/// A window's jobs by length: those that came since the last sort, and those that it sorted and nobody took yet.
pub(super) struct Order {
    fresh: Box<[Entry; WINDOW]>,
    bins: Box<[u16; WINDOW]>,
    fresh_count: usize,
    /// The lowest and the highest bin of the fresh ones.
    lowest: usize,
    highest: usize,
    /// All zero between two sorts.
    counts: Box<[u16; BINS]>,
    sorted: Box<[Entry; WINDOW]>,
    /// The part of `sorted` that nobody took.
    waiting: Range<usize>,
}

impl Order {
    pub(super) fn new() -> Self {
        Self {
            fresh: Box::new([Entry::default(); WINDOW]),
            bins: Box::new([0; WINDOW]),
            fresh_count: 0,
            lowest: BINS,
            highest: 0,
            counts: Box::new([0; BINS]),
            sorted: Box::new([Entry::default(); WINDOW]),
            waiting: 0..0,
        }
    }

    /// Forgets all jobs.
    pub(super) fn clear(&mut self) {
        (self.fresh_count, self.lowest, self.highest, self.waiting) = (0, BINS, 0, 0..0);
    }

    /// Adds a job to the fresh ones; a window has at most [`WINDOW`] jobs.
    #[inline]
    pub(super) fn add(&mut self, entry: Entry) {
        let bin = bin(entry.left);
        let place = self.fresh_count % WINDOW;
        self.fresh[place] = entry;
        self.bins[place] = bin as u16;
        self.fresh_count = place + 1;
        self.lowest = self.lowest.min(bin);
        self.highest = self.highest.max(bin);
    }

    /// Jobs that came since the last sort.
    pub(super) const fn fresh(&self) -> usize {
        self.fresh_count
    }

    /// The sorted jobs that nobody took, shortest first.
    pub(super) fn sorted(&self) -> &[Entry] {
        self.sorted.get(self.waiting.clone()).unwrap_or_default()
    }

    /// Takes up to so many of the shortest sorted jobs.
    pub(super) fn take_shortest(&mut self, count: usize) -> Group {
        let taken = self.sorted().iter().take(count).copied().collect::<Group>();
        self.waiting.start += taken.len();
        taken
    }

    /// Takes up to so many of the longest sorted jobs, shortest first.
    pub(super) fn take_longest(&mut self, count: usize) -> Group {
        let skipped = self.sorted().len().saturating_sub(count);
        let taken = self.sorted().iter().skip(skipped).copied().collect::<Group>();
        self.waiting.end -= taken.len();
        taken
    }

    /// Sorts the fresh jobs and those that were sorted before together.
    pub(super) fn sort(&mut self) {
        for place in self.waiting.clone() {
            self.add(self.sorted[place % WINDOW]);
        }
        let count = self.fresh_count;
        if self.lowest >= self.highest {
            core::mem::swap(&mut self.sorted, &mut self.fresh);
        } else {
            self.scatter(count);
        }
        self.clear();
        self.waiting = 0..count;
    }

    fn scatter(&mut self, count: usize) {
        let (bins, fresh) = (&self.bins[..count.min(WINDOW)], &self.fresh[..count.min(WINDOW)]);
        for bin in bins {
            self.counts[usize::from(*bin) % BINS] += 1;
        }
        let mut before = 0;
        for counter in &mut self.counts[self.lowest..=self.highest] {
            before += core::mem::replace(counter, before);
        }
        for (bin, entry) in bins.iter().zip(fresh) {
            let place = &mut self.counts[usize::from(*bin) % BINS];
            self.sorted[usize::from(*place) % WINDOW] = *entry;
            *place += 1;
        }
        self.counts[self.lowest..=self.highest].fill(0);
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
        for (count, factor) in [(0, 1), (1, 1), (31, 7), (256, 0), (256, 97), (255, 1)] {
            let mut order = Order::new();
            let entry = |slot: u8| Entry { left: u32::from(slot) * factor % 61, slot };
            (0..=255).take(count / 2).for_each(|slot| order.add(entry(slot)));
            order.sort();
            (0..=255).take(count).skip(count / 2).for_each(|slot| order.add(entry(slot)));
            order.sort();
            let jobs = order.sorted();
            assert!(jobs.is_sorted_by_key(|job| job.left), "{count} jobs");
            let mut seen: Vec<_> = jobs.iter().map(|job| job.slot).collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq((0..=255).take(count)), "{count} jobs");
        }
    }

    #[test]
    fn groups_are_taken_from_either_end() {
        let mut order = Order::new();
        (0..10).for_each(|slot| order.add(Entry { left: 40 - u32::from(slot), slot }));
        order.sort();
        let slots = |group: Group| group.iter().map(|entry| entry.slot).collect::<Vec<_>>();
        assert_eq!(slots(order.take_shortest(2)), [9, 8]);
        assert_eq!(slots(order.take_longest(3)), [2, 1, 0]);
        assert_eq!(slots(order.take_longest(9)), [7, 6, 5, 4, 3]);
        assert!(order.sorted().is_empty());
    }
}
