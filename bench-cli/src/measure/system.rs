//! What the system says about a thread and its core while it measured. Nothing here fails: what it does not say is `None`.

use std::fs;

/// The calling thread's account in the scheduler, and what the hypervisor took from its core.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    /// Time on a core.
    cpu_ns: Option<u64>,
    /// Time ready to run and waiting for a core.
    queued_ns: Option<u64>,
    /// Time that the hypervisor gave to other machines while this core wanted to run, in steps of a tick.
    steal_ns: Option<u64>,
}

impl Account {
    /// Reads both; `core` is where the thread is pinned, every core if it is not.
    pub(super) fn read(core: Option<usize>) -> Self {
        let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let mut fields = schedule.split_whitespace().map(|field| field.parse().ok());
        Self {
            cpu_ns: fields.next().flatten(),
            queued_ns: fields.next().flatten(),
            steal_ns: fs::read_to_string("/proc/stat").ok().and_then(|stat| steal_ns(&stat, core)),
        }
    }

    /// From `earlier` to this reading.
    pub(super) fn since(self, earlier: Self) -> Spent {
        let difference = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        Spent {
            cpu_ns: difference(self.cpu_ns, earlier.cpu_ns),
            queued_ns: difference(self.queued_ns, earlier.queued_ns),
            steal_ns: difference(self.steal_ns, earlier.steal_ns),
        }
    }
}

/// What a thread spent between two readings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) cpu_ns: Option<u64>,
    pub(super) queued_ns: Option<u64>,
    pub(super) steal_ns: Option<u64>,
}

impl Spent {
    /// The sum over threads; `None` as soon as one of them has no figure.
    pub(super) fn and(self, other: Self) -> Self {
        let sum = |one: Option<u64>, two: Option<u64>| Some(one?.saturating_add(two?));
        Self {
            cpu_ns: sum(self.cpu_ns, other.cpu_ns),
            queued_ns: sum(self.queued_ns, other.queued_ns),
            steal_ns: sum(self.steal_ns, other.steal_ns),
        }
    }
}

/// Column 8 of a `cpu` line of `/proc/stat` (proc_stat(5)), in USER_HZ, which Linux fixes at 100 on every architecture
/// that it runs on in practice.
fn steal_ns(stat: &str, core: Option<usize>) -> Option<u64> {
    const NS_PER_TICK: u64 = 10_000_000;
    let name = core.map_or_else(|| "cpu".to_owned(), |core| format!("cpu{core}"));
    let line = stat.lines().find(|line| line.split_whitespace().next() == Some(&name))?;
    line.split_whitespace().nth(8)?.parse::<u64>().ok()?.checked_mul(NS_PER_TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  1 2 3 4 5 6 7 30 9 10\ncpu0 1 2 3 4 5 6 7 10 9 10\ncpu1 1 2 3 4 5 6 7 20 9 10\n";

    #[test]
    fn steal_is_read_for_one_core_or_for_all() {
        assert_eq!(steal_ns(STAT, Some(1)), Some(200_000_000));
        assert_eq!(steal_ns(STAT, None), Some(300_000_000));
        assert_eq!(steal_ns(STAT, Some(7)), None);
        assert_eq!(steal_ns("", None), None);
    }

    #[test]
    fn what_one_thread_does_not_know_is_unknown_of_all() {
        let known = Spent { cpu_ns: Some(3), queued_ns: Some(0), steal_ns: None };
        let sum = known.and(Spent { cpu_ns: Some(4), queued_ns: None, steal_ns: Some(1) });
        assert_eq!((sum.cpu_ns, sum.queued_ns, sum.steal_ns), (Some(7), None, None));
    }
}
