//! Which core is whose.

use std::thread;

use core_affinity::CoreId;

use super::super::clock::{Clock, core_clock_ghz, machine_probe_ns};
use super::feeder::Manners;

/// The cores of a trial: the last one feeds, the others work; one core does both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Crew {
    /// None where cores cannot be told.
    pub(super) feeder: Option<usize>,
    pub(super) workers: Vec<usize>,
}

/// How fast cores are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// The slowest core's machine probe.
    pub(super) probe_ns: u64,
    /// The mean of their clocks.
    pub(super) clock_ghz: f64,
}

impl Crew {
    /// The cores that this process may use.
    pub(in super::super) fn of_machine() -> Self {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        Self::of(cores.iter().map(|core| core.id).collect())
    }

    fn of(mut cores: Vec<usize>) -> Self {
        let feeder = cores.pop();
        if cores.is_empty() {
            cores.extend(feeder);
        }
        Self { feeder, workers: cores }
    }

    pub(super) fn manners(&self) -> Manners {
        if self.feeder.is_some_and(|feeder| self.workers.contains(&feeder)) {
            Manners::Yields
        } else {
            Manners::Spins
        }
    }

    /// What the reader should know of so many workers here.
    pub(in super::super) fn warning(&self, workers: usize) -> Option<String> {
        let cores = self.workers.len();
        match self.manners() {
            Manners::Yields => Some("the feeding thread and the workers share one core".to_owned()),
            Manners::Spins if workers > cores => {
                Some(format!("{workers} workers share {cores} of the cores, the last core feeds them"))
            }
            Manners::Spins => None,
        }
    }

    /// Asks each core, while nothing else of ours runs there.
    pub(super) fn pace(&self, clock: &Clock) -> Pace {
        let mut cores: Vec<_> = self.feeder.iter().chain(&self.workers).copied().collect();
        cores.dedup();
        let found: Vec<_> = cores.iter().filter_map(|core| ask(*core, clock)).collect();
        let clocks: f64 = found.iter().map(|(_, clock_ghz)| clock_ghz).sum();
        Pace {
            probe_ns: found.iter().map(|(probe_ns, _)| *probe_ns).max().unwrap_or(0),
            clock_ghz: clocks / found.len().max(1) as f64,
        }
    }
}

fn ask(core: usize, clock: &Clock) -> Option<(u64, f64)> {
    let asked = || {
        core_affinity::set_for_current(CoreId { id: core });
        (machine_probe_ns(clock), core_clock_ghz(clock))
    };
    thread::scope(|scope| scope.spawn(asked).join()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_core_feeds_and_one_core_does_both() {
        let four = Crew::of(vec![0, 1, 2, 5]);
        assert_eq!((four.feeder, four.workers.as_slice()), (Some(5), &[0, 1, 2][..]));
        assert_eq!((four.manners(), four.warning(3)), (Manners::Spins, None));
        assert!(four.warning(4).unwrap().starts_with("4 workers share 3"));
        let one = Crew::of(vec![3]);
        assert_eq!((one.feeder, one.workers.as_slice(), one.manners()), (Some(3), &[3][..], Manners::Yields));
        assert!(one.warning(1).is_some());
        assert!(Crew::of(Vec::new()).workers.is_empty(), "nothing is pinned where cores cannot be told");
    }
}
