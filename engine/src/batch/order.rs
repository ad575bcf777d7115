//! Jobs in the order of their lengths, so that neighbours end together.

use core::ops::Range;

use arrayvec::ArrayVec;

use super::kernel::MAX_LANES;
use super::message::Message;

/// Jobs that one window holds at most: enough that neighbours in length are alike, few enough for a core's first caches.
pub(super) const WINDOW: usize = 512;

/// Jobs that run together.
pub(super) type Group = ArrayVec<Entry, MAX_LANES>;

/// Where jobs are taken from.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Shortest,
    Longest,
}

impl End {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Shortest => Self::Longest,
            Self::Longest => Self::Shortest,
        }
    }
}

/// A job: how many blocks it has left, and its slot. Entries compare as their lengths do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u32);

impl Entry {
    const SLOT_BITS: u32 = WINDOW.ilog2();

    /// A slot is below [`WINDOW`]; a message has fewer blocks than fit.
    #[inline(always)]
    pub(super) const fn new(left: u32, slot: usize) -> Self {
        Self(left << Self::SLOT_BITS | (slot % WINDOW) as u32)
    }

    #[inline(always)]
    pub(super) const fn left(self) -> u32 {
        self.0 >> Self::SLOT_BITS
    }

    #[inline(always)]
    pub(super) const fn slot(self) -> usize {
        self.0 as usize % WINDOW
    }

    /// The bin of its length: no bin of a longer one is lower.
    #[inline(always)]
    const fn bin(self) -> usize {
        bin(self.left())
    }
}

const _: () = assert!(WINDOW.is_power_of_two());
const _: () = assert!((Message::MAX_BYTES / 16) << Entry::SLOT_BITS <= u32::MAX as usize);

/// Lengths in blocks up to here are told apart exactly, longer ones by a 32nd.
const EXACT: u32 = 64;
const STEPS: u32 = 32;
/// A power of two above the bin of the longest message's blocks, so that a mask keeps any index within.
const BINS: usize = 1024;

#[inline]
const fn bin(blocks: u32) -> usize {
    if blocks < EXACT {
        return blocks as usize;
    }
    let exponent = blocks.ilog2();
    let octaves = exponent - EXACT.ilog2();
    (EXACT + octaves * STEPS + (blocks >> (exponent - STEPS.ilog2())) - STEPS) as usize % BINS
}

/// A window's jobs by length: those that came since the last sort, and those that it sorted and nobody took yet.
pub(super) struct Order {
    fresh: Box<[Entry; WINDOW]>,
    fresh_count: usize,
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
            fresh_count: 0,
            counts: Box::new([0; BINS]),
            sorted: Box::new([Entry::default(); WINDOW]),
            waiting: 0..0,
        }
    }

    /// Forgets all jobs.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.fresh_count = 0;
        self.waiting = 0..0;
    }

    /// Adds a job to the fresh ones; a window has at most [`WINDOW`] jobs.
    #[inline(always)]
    pub(super) fn add(&mut self, entry: Entry) {
        let place = self.fresh_count % WINDOW;
        self.fresh[place] = entry;
        self.fresh_count = place + 1;
    }

    /// Puts a job among the fresh ones, at a place of its own; [`Self::filled`] says how many there are.
    #[inline(always)]
    pub(super) fn put(&mut self, place: usize, entry: Entry) {
        self.fresh[place % WINDOW] = entry;
    }

    /// The first `count` places were filled.
    #[inline(always)]
    pub(super) const fn filled(&mut self, count: usize) {
        self.fresh_count = count;
    }

    /// Jobs that came since the last sort.
    #[inline(always)]
    pub(super) const fn fresh(&self) -> usize {
        self.fresh_count
    }

    /// The sorted jobs that nobody took, shortest first.
    #[inline(always)]
    pub(super) fn sorted(&self) -> &[Entry] {
        self.sorted.get(self.waiting.clone()).unwrap_or_default()
    }

    /// Takes up to so many of the sorted jobs from one end, shortest first.
    pub(super) fn take<const MOST: usize>(&mut self, end: End, count: usize) -> ArrayVec<Entry, MOST> {
        let (count, all) = (count.min(MOST), self.sorted().len());
        let skipped = match end {
            End::Shortest => 0,
            End::Longest => all.saturating_sub(count),
        };
        let taken: ArrayVec<_, MOST> = self.sorted().iter().skip(skipped).take(count).copied().collect();
        match end {
            End::Shortest => self.waiting.start += taken.len(),
            End::Longest => self.waiting.end -= taken.len(),
        }
        taken
    }

    /// Takes as many as have so many blocks together, at most `most` counted of each, likewise.
    pub(super) fn take_blocks<const MOST: usize>(
        &mut self,
        end: End,
        blocks: u32,
        most: u32,
    ) -> ArrayVec<Entry, MOST> {
        let mut sum = 0;
        let few = |entry: &&Entry| {
            let before = sum;
            sum += entry.left().min(most);
            before < blocks
        };
        let count = match end {
            End::Shortest => self.sorted().iter().take_while(few).count(),
            End::Longest => self.sorted().iter().rev().take_while(few).count(),
        };
        self.take(end, count)
    }

    /// Sorts the fresh jobs and those that were sorted before together.
    #[inline(always)]
    pub(super) fn sort(&mut self) {
        for place in self.waiting.clone() {
            self.add(self.sorted[place % WINDOW]);
        }
        let count = self.fresh_count;
        let fresh = &self.fresh[..count.min(WINDOW)];
        let (shortest, longest) =
            fresh.iter().fold((Entry(u32::MAX), Entry(0)), |(shortest, longest), entry| {
                (shortest.min(*entry), longest.max(*entry))
            });
        if shortest.left() >= longest.left() {
            core::mem::swap(&mut self.sorted, &mut self.fresh);
        } else {
            self.scatter(count, shortest.bin(), longest.bin());
        }
        self.fresh_count = 0;
        self.waiting = 0..count;
    }

    #[inline(always)]
    fn scatter(&mut self, count: usize, lowest: usize, highest: usize) {
        let fresh = &self.fresh[..count.min(WINDOW)];
        for entry in fresh {
            self.counts[entry.bin() % BINS] += 1;
        }
        let used = &mut self.counts[lowest..=highest];
        let mut before = 0;
        for counter in &mut *used {
            before += core::mem::replace(counter, before);
        }
        for entry in fresh {
            let place = &mut self.counts[entry.bin() % BINS];
            self.sorted[usize::from(*place) % WINDOW] = *entry;
            *place += 1;
        }
        self.counts[lowest..=highest].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_longer_job_stands_in_a_lower_bin() {
        let mut previous = 0;
        for blocks in (0..100_000).chain((17..22).flat_map(|power| [(1 << power) - 1, 1 << power])) {
            let bin = bin(blocks);
            assert!(bin >= previous && bin < BINS, "{blocks} blocks");
            previous = bin;
        }
    }

    #[test]
    fn jobs_come_out_shortest_first_and_each_once() {
        for (count, factor) in [(0, 1), (1, 1), (31, 7), (WINDOW, 0), (WINDOW, 97), (WINDOW - 1, 1)] {
            let mut order = Order::new();
            let entry = |slot: usize| Entry::new(slot as u32 * factor % 61, slot);
            (0..count / 2).for_each(|slot| order.add(entry(slot)));
            order.sort();
            (count / 2..count).for_each(|slot| order.add(entry(slot)));
            order.sort();
            let jobs = order.sorted();
            assert!(jobs.is_sorted_by_key(|job| job.left()), "{count} jobs");
            let mut seen: Vec<_> = jobs.iter().map(|job| job.slot()).collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..count), "{count} jobs");
        }
    }

    #[test]
    fn groups_are_taken_from_either_end() {
        let mut order = Order::new();
        (0..10).for_each(|slot| order.add(Entry::new(40 - slot as u32, slot)));
        order.sort();
        let slots = |group: Group| group.iter().map(|entry| entry.slot()).collect::<Vec<_>>();
        assert_eq!(slots(order.take(End::Shortest, 2)), [9, 8]);
        assert_eq!(slots(order.take(End::Longest, 1)), [0]);
        // 39 and 38 blocks.
        assert_eq!(slots(order.take_blocks(End::Longest, 40, 39)), [2, 1]);
        assert_eq!(slots(order.take_blocks(End::Shortest, 1, 9)), [7]);
        assert_eq!(slots(order.take(End::Longest, 9)), [6, 5, 4, 3]);
        assert!(order.sorted().is_empty());
    }
}
