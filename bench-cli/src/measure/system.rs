//! What the system says about a thread and its core while it measured. Nothing here fails: what it does not say is `None`.

use std::fs;
use std::path::{Path, PathBuf};

/// The calling thread's account in the scheduler, and what the hypervisor took from its core.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    /// Time on a core.
    cpu_ns: Option<u64>,
    /// Time ready to run and waiting for a core.
    queued_ns: Option<u64>,
    /// Time that the hypervisor gave to other machines while this core wanted to run, in steps of a tick.
    steal_ns: Option<u64>,
    /// How often something else took the core from the thread.
    involuntary_switches: Option<u64>,
}

impl Account {
    /// Reads it; `core` is where the thread is pinned, every core if it is not.
    pub(super) fn read(core: Option<usize>) -> Self {
        let steal_ns = fs::read_to_string("/proc/stat").ok().and_then(|stat| steal_ns(&stat, core));
        Self { steal_ns, ..Self::of_task(Path::new("/proc/thread-self")) }
    }

    /// The sum over the threads of this process whose names begin so, and over the cores that they are pinned to.
    pub(super) fn of_threads(name: &str, cores: &[usize]) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let none =
            Self { steal_ns: cores.iter().map(|core| steal_ns(&stat, Some(*core))).sum(), ..Self::NOTHING };
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten().map(|task| task.path());
        let is_named =
            |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|found| found.starts_with(name));
        tasks.filter(is_named).fold(none, |sum, task| {
            let own = Self::of_task(&task);
            Self {
                cpu_ns: both(sum.cpu_ns, own.cpu_ns),
                queued_ns: both(sum.queued_ns, own.queued_ns),
                steal_ns: sum.steal_ns,
                involuntary_switches: both(sum.involuntary_switches, own.involuntary_switches),
            }
        })
    }

    const NOTHING: Self =
        Self { cpu_ns: Some(0), queued_ns: Some(0), steal_ns: Some(0), involuntary_switches: Some(0) };

    /// What a thread's directory says, which knows nothing of cores.
    fn of_task(task: &Path) -> Self {
        let schedule = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
        let mut fields = schedule.split_whitespace().map(|field| field.parse().ok());
        let status = fs::read_to_string(task.join("status")).unwrap_or_default();
        Self {
            cpu_ns: fields.next().flatten(),
            queued_ns: fields.next().flatten(),
            steal_ns: None,
            involuntary_switches: involuntary_switches(&status),
        }
    }

    /// From `earlier` to this reading.
    pub(super) fn since(self, earlier: Self) -> Spent {
        let difference = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        Spent {
            cpu_ns: difference(self.cpu_ns, earlier.cpu_ns),
            queued_ns: difference(self.queued_ns, earlier.queued_ns),
            steal_ns: difference(self.steal_ns, earlier.steal_ns),
            involuntary_switches: difference(self.involuntary_switches, earlier.involuntary_switches),
        }
    }
}

/// What a thread spent between two readings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) cpu_ns: Option<u64>,
    pub(super) queued_ns: Option<u64>,
    pub(super) steal_ns: Option<u64>,
    pub(super) involuntary_switches: Option<u64>,
}

impl Spent {
    /// The sum over threads; `None` as soon as one of them has no figure.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            cpu_ns: both(self.cpu_ns, other.cpu_ns),
            queued_ns: both(self.queued_ns, other.queued_ns),
            steal_ns: both(self.steal_ns, other.steal_ns),
            involuntary_switches: both(self.involuntary_switches, other.involuntary_switches),
        }
    }
}

/// The sum of two that are known.
fn both(one: Option<u64>, two: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(two?))
}

/// A line of `/proc/thread-self/status` (proc_pid_status(5)).
fn involuntary_switches(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?.trim().parse().ok()
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
    fn involuntary_switches_are_not_taken_for_voluntary_ones() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t545\n";
        assert_eq!(involuntary_switches(status), Some(545));
        assert_eq!(involuntary_switches(""), None);
    }

    #[test]
    fn what_one_thread_does_not_know_is_unknown_of_all() {
        let known = Spent { cpu_ns: Some(3), queued_ns: Some(0), ..Spent::default() };
        let sum = known.and(Spent { cpu_ns: Some(4), steal_ns: Some(1), ..Spent::default() });
        assert_eq!((sum.cpu_ns, sum.queued_ns, sum.steal_ns), (Some(7), None, None));
    }
}
