//! The rule by which a trial is rejected, fixed before anything was measured.
//!
//! A trial is disturbed when
//! - the machine probe before and after it differ by more than 3 %, or their mean lies more than 3 % off the median of
//!   all probes of the run,
//! - the hypervisor gave the core to others meanwhile, or
//! - a worker waited for its core for more than 1 % of the window, since something else ran there.

use super::trial::Outcome;

/// By how much the probe may move.
const PROBE_MOVES: f64 = 0.03;
/// How much of the window a worker may wait for its core.
const QUEUED_SHARE: f64 = 0.01;

pub(super) fn is_disturbed(outcome: &Outcome, usual_probe_ns: f64) -> bool {
    let moved = |value: f64, reference: f64| (value / reference - 1.0).abs() > PROBE_MOVES;
    let (before, after) = (outcome.probe_before_ns as f64, outcome.probe_after_ns as f64);
    moved(after, before)
        || moved(probe_ns(outcome), usual_probe_ns)
        || outcome.spent.steal_ns.is_some_and(|steal| steal > 0)
        || outcome.spent.queued_ns.is_some_and(|queued| queued as f64 > QUEUED_SHARE * outcome.wall_ns)
}

/// The probe beside a trial.
pub(super) fn probe_ns(outcome: &Outcome) -> f64 {
    f64::midpoint(outcome.probe_before_ns as f64, outcome.probe_after_ns as f64)
}

#[cfg(test)]
mod tests {
    use super::super::system::Spent;
    use super::*;

    fn outcome() -> Outcome {
        Outcome { wall_ns: 1e8, probe_before_ns: 1000, probe_after_ns: 1000, ..Outcome::default() }
    }

    #[test]
    fn a_quiet_trial_stands() {
        assert!(!is_disturbed(&outcome(), 1010.0));
    }

    #[test]
    fn a_moved_probe_steal_or_a_lost_core_rejects_a_trial() {
        let queued = Spent { queued_ns: Some(2_000_000), ..Spent::default() };
        let stolen = Spent { steal_ns: Some(10_000_000), ..Spent::default() };
        for disturbed in [
            Outcome { probe_after_ns: 1040, ..outcome() },
            Outcome { probe_before_ns: 1050, probe_after_ns: 1050, ..outcome() },
            Outcome { spent: queued, ..outcome() },
            Outcome { spent: stolen, ..outcome() },
        ] {
            assert!(is_disturbed(&disturbed, 1000.0), "{disturbed:?}");
        }
    }
}
