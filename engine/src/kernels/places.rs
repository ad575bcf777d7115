//! Lanes that take each other's places: how far all can go on together, and who ends or follows then.

use core::marker::PhantomData;
use core::ops::Range;
use core::ptr;

use super::lane::{CmacLane, Run};

/// A queue of lanes, of which `G` × `V` at a time have a place. One that nobody is left for goes over another's blocks.
pub(super) struct Places<'l, 'a, const G: usize, const V: usize> {
    lanes: &'l mut [CmacLane<'a>],
    /// The first lane that has had no place yet.
    next: usize,
    /// Which lane has each place.
    taken: [[usize; G]; V],
    /// How many of its runs it has begun.
    begun: [[u8; G]; V],
    /// The block at which its run ends, counted from the queue's beginning.
    until: [[u32; G]; V],
    /// One bit for each place that a lane has.
    running: u64,
    step: Columns<'a, G, V>,
}

/// Blocks that lie before the lanes of all places.
pub(super) struct Columns<'a, const G: usize, const V: usize> {
    /// Where the block lies, or would, that counts as the queue's first.
    origins: [[*const [u8; 16]; G]; V],
    /// From this block on,
    from: usize,
    /// up to this one.
    until: usize,
    runs: PhantomData<Run<'a, 16>>,
}

/// The most blocks that a lane ends with alone: all others would have to stop for it.
const ALONE: usize = 2;

/// How a lane goes on at the end of a run.
pub(super) enum Next<'a> {
    /// With its next run.
    Runs,
    /// With these last blocks, and nobody else.
    Alone(Run<'a, 16>),
}

/// When a queue stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// When nobody is left to take a place.
    WhileFull,
    /// When every lane has ended.
    Whole,
}

impl<'l, 'a, const G: usize, const V: usize> Places<'l, 'a, G, V> {
    const ALL: u64 = !0 >> (64 - G * V);

    /// Before anyone has a place.
    pub(super) fn new(lanes: &'l mut [CmacLane<'a>]) -> Self {
        Self {
            lanes,
            next: 0,
            taken: [[0; G]; V],
            begun: [[0; G]; V],
            until: [[0; G]; V],
            running: 0,
            step: Columns { origins: [[ptr::null(); G]; V], from: 0, until: 0, runs: PhantomData },
        }
    }

    /// Tells which places are at the end of a run, or have had no lane yet.
    #[inline(always)]
    pub(super) fn at_end(&self) -> u64 {
        let now = self.step.until as u32;
        let mut at_end = 0u64;
        for (place, until) in self.until.as_flattened().iter().enumerate() {
            at_end |= u64::from(*until == now) << place;
        }
        at_end
    }

    /// The lane that has a place.
    #[inline(always)]
    pub(super) fn lane(&self, place: usize) -> Option<&CmacLane<'a>> {
        if self.running >> place & 1 == 0 { None } else { self.lanes.get(self.taken.as_flattened()[place]) }
    }

    /// Has the lane in a place begin its next run; what is left of it is given back if it is to be finished alone.
    #[inline(always)]
    pub(super) fn next_run(&mut self, place: usize) -> Next<'a> {
        let begun = usize::from(self.begun.as_flattened()[place]);
        let Some(lane) = self.lane(place) else { return Next::Alone(&[]) };
        match (lane.run(begun), lane.run(begun + 1)) {
            (None, _) => Next::Alone(&[]),
            (Some(last), None) if last.len() <= ALONE => Next::Alone(last),
            (Some(run), _) => {
                self.begin(place, run);
                Next::Runs
            }
        }
    }

    /// Writes down where a place's lane stands, with so many blocks left.
    #[inline(always)]
    pub(super) fn leave(&mut self, place: usize, state: [u8; 16], left: usize) {
        if let Some(lane) = self.lanes.get_mut(self.taken.as_flattened()[place]) {
            lane.stop(state, left);
        }
    }

    /// Gives a place to the next lane, if there is one that is not empty.
    #[inline(always)]
    pub(super) fn follow(&mut self, place: usize) -> Option<&CmacLane<'a>> {
        loop {
            let number = self.next;
            let Some(lane) = self.lanes.get(number) else {
                self.running &= !(1 << place);
                self.until.as_flattened_mut()[place] = u32::MAX;
                return None;
            };
            self.next += 1;
            if let Some(run) = lane.run(0).filter(|run| !run.is_empty()) {
                self.running |= 1 << place;
                self.taken.as_flattened_mut()[place] = number;
                self.begun.as_flattened_mut()[place] = 0;
                self.begin(place, run);
                return self.lanes.get(number);
            }
        }
    }

    #[inline(always)]
    fn begin(&mut self, place: usize, run: Run<'a, 16>) {
        let now = self.step.until;
        self.begun.as_flattened_mut()[place] += 1;
        self.until.as_flattened_mut()[place] = (now + run.len()) as u32;
        self.step.origins.as_flattened_mut()[place] = run.as_ptr().wrapping_sub(now);
    }

    /// The blocks that lie before every lane, before the next one ends or changes runs; `None` when the queue stops.
    #[inline(always)]
    pub(super) fn step(&mut self, ending: Ending) -> Option<&Columns<'a, G, V>> {
        if self.running != Self::ALL {
            if ending == Ending::WhileFull {
                return None;
            }
            let origins = self.step.origins.as_flattened_mut();
            let borrowed = *origins.get(self.running.trailing_zeros() as usize)?;
            for (place, origin) in origins.iter_mut().enumerate() {
                *origin = if self.running >> place & 1 == 0 { borrowed } else { *origin };
            }
        }
        self.step.from = self.step.until;
        self.step.until = least(self.until.as_flattened()) as usize;
        Some(&self.step)
    }

    /// The places whose lanes have not ended, and how many blocks each has left.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..G * V).filter_map(|place| {
            let lane = self.lane(place)?;
            let begun = usize::from(self.begun.as_flattened()[place]);
            let later = lane.runs().skip(begun).map(<[_]>::len).sum::<usize>();
            Some((place, self.until.as_flattened()[place] as usize - self.step.until + later))
        })
    }

    /// Over how many blocks the queue went.
    pub(super) const fn steps(&self) -> usize {
        self.step.until
    }
}

impl<'a, const G: usize, const V: usize> Columns<'a, G, V> {
    /// The step's blocks, counted from the queue's beginning.
    #[inline(always)]
    pub(super) const fn range(&self) -> Range<usize> {
        self.from..self.until
    }

    /// `N` blocks of a place's lane, from the `at`th on.
    #[inline(always)]
    pub(super) fn blocks<const N: usize>(&self, vector: usize, slot: usize, at: usize) -> &'a [[u8; 16]; N] {
        assert!(at >= self.from && self.until >= N && at <= self.until - N, "blocks beyond the step");
        let first = self.origins[vector][slot].wrapping_add(at);
        // SAFETY: from `from` to `until` every origin leads into the run of a lane that has a place, which is borrowed for `'a`.
        unsafe { &*first.cast() }
    }
}

/// In sixteen columns: one chain of 32 comparisons would take as many cycles.
#[inline(always)]
fn least(until: &[u32]) -> u32 {
    let (rows, rest) = until.as_chunks::<16>();
    let mut least = [u32::MAX; 16];
    for row in rows {
        for (least, until) in least.iter_mut().zip(row) {
            *least = (*least).min(*until);
        }
    }
    least.into_iter().chain(rest.iter().copied()).fold(u32::MAX, u32::min)
}
