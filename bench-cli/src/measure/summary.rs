//! From a cell's trials to its row in the record.

use smbsign_engine::traffic::{Arrival, LinkRate, Profile};

use super::disturbance::{is_disturbed, probe_ns};
use super::keys::implementation;
use super::latency::Latencies;
use super::offload::Crew;
use super::plan::{Cell, Plan, Scheduled, envelope};
use super::server;
use super::trial::Outcome;
use crate::record::{Engine, Measurement, Protection, Trial};

/// What is kept of a cell while the run goes on.
#[derive(Debug, Default)]
pub(super) struct CellTrials {
    pub(super) trials: Vec<(Scheduled, Outcome)>,
    pub(super) error: Option<String>,
}

impl CellTrials {
    fn of_round(&self, round: u32) -> Option<&Outcome> {
        self.trials.iter().find_map(|(trial, outcome)| (trial.round == round).then_some(outcome))
    }
}

/// A line counts as held at this share of the link and above,
const HELD_SHARE: f64 = 0.995;
/// with at most this much waiting when the window closed.
const HELD_BACKLOG_MS: f64 = 1.0;

/// One trial's figures beside its baseline's.
struct Figures<'a> {
    outcome: &'a Outcome,
    baseline: Option<&'a Outcome>,
}

impl Figures<'_> {
    fn per_second(&self, count: f64) -> f64 {
        count * 1e9 / self.outcome.wall_ns
    }

    fn achieved_gbps(&self) -> f64 {
        self.outcome.wire_bytes * 8.0 / self.outcome.wall_ns
    }

    fn vs_unsigned(&self) -> Option<f64> {
        Some(self.achieved_gbps() / Figures { outcome: self.baseline?, baseline: None }.achieved_gbps())
    }

    /// The baseline's busy time for as many messages.
    fn unsigned_ns(&self) -> Option<f64> {
        let baseline = self.baseline?;
        (baseline.messages > 0)
            .then(|| baseline.busy_ns / baseline.messages as f64 * self.outcome.messages as f64)
    }

    fn added_ns(&self) -> Option<f64> {
        Some(self.outcome.busy_ns - self.unsigned_ns()?)
    }
}

/// The row of cell `index`, from the trials so far; `None` while it has neither trials nor an error.
pub(super) fn summarise(
    plan: &Plan,
    index: usize,
    all: &[CellTrials],
    usual_probe_ns: f64,
) -> Option<Measurement> {
    let (cell, own) = (plan.cells[index], all.get(index)?);
    if own.trials.is_empty() && own.error.is_none() {
        return None;
    }
    let baseline = plan.cells.iter().position(|other| *other == cell.baseline()).and_then(|at| all.get(at));
    let baseline = baseline.filter(|_| cell.protection != Protection::Unsigned);
    let of = |(trial, outcome): &(Scheduled, Outcome)| {
        let baseline = baseline.and_then(|baseline| baseline.of_round(trial.round));
        (*trial, is_disturbed(outcome, usual_probe_ns), baseline, outcome.clone())
    };
    let rows: Vec<_> = own.trials.iter().map(of).collect();
    let any_quiet = rows.iter().any(|(_, disturbed, ..)| !disturbed);
    let figures = |choose: fn(bool) -> bool| -> Vec<Figures<'_>> {
        rows.iter()
            .filter(|(_, disturbed, ..)| choose(*disturbed))
            .map(|(_, _, baseline, outcome)| Figures { outcome, baseline: *baseline })
            .collect()
    };
    // Disturbed trials count only where there is nothing better.
    let chosen = if any_quiet { figures(|disturbed| !disturbed) } else { figures(|_| true) };
    let mut measurement = blank(plan, cell);
    measurement.error.clone_from(&own.error);
    fill(&mut measurement, plan, cell, &chosen);
    measurement.trials = rows
        .iter()
        .map(|(trial, disturbed, baseline, outcome)| {
            record_trial(*trial, *disturbed, &Figures { outcome, baseline: *baseline })
        })
        .collect();
    measurement.disturbed_trials = rows.iter().filter(|(_, disturbed, ..)| *disturbed).count();
    let every_trial = figures(|_| true);
    measurement.achieved_gbps_all_trials =
        median(every_trial.iter().map(Figures::achieved_gbps)).unwrap_or(0.0);
    measurement.rounds = rows.len() as u32;
    measurement.verified = rows.iter().map(|(.., outcome)| outcome.verified).sum();
    measurement.thread_cpu_s =
        rows.iter().map(|(.., outcome)| Some(outcome.spent.cpu_ns? as f64 / 1e9)).sum();
    warn(&mut measurement, chosen.len());
    if cell.engine == Engine::Offload {
        warn_of_threads(&mut measurement, &chosen);
    }
    Some(measurement)
}

/// The row's coordinates, its figures still empty.
fn blank(plan: &Plan, cell: Cell) -> Measurement {
    let settings = &plan.settings;
    let profile = plan.profile_of(cell.dialect);
    let count = profile.map_or(1, Profile::message_count) as f64;
    let message_bytes = profile.map_or(0, Profile::message_bytes) as f64 / count;
    let offered = cell.link.bits_per_second().map(|bits| bits as f64 / 1e9 * settings.load);
    Measurement {
        dialect: cell.dialect,
        protection: cell.protection,
        engine: cell.engine,
        implementation: implementation(cell.protection, cell.engine, settings.backend),
        backend: settings.backend.name().to_owned(),
        workers: settings.workers,
        sessions: (0..settings.workers).map(|worker| settings.sessions_of(worker)).sum(),
        outstanding: Some(settings.outstanding.get()),
        direction: cell.direction,
        profile: settings.profile.name(),
        message_bytes: message_bytes.round() as u64,
        wire_bytes_per_message: profile
            .map_or(0.0, |profile| profile.wire_bytes(settings.wire, envelope(cell.protection)))
            / count,
        set_bytes: 0,
        memory_read_mbytes_per_s: None,
        memory_copy_mbytes_per_s: None,
        transmit: settings.transmit,
        arrival: offered.map(|_| settings.arrival.to_string()),
        max_wait_us: cell.max_wait.map(|wait| wait.as_nanos() as f64 / 1e3),
        link: cell.link.to_string(),
        offered_gbps: offered,
        achieved_gbps: 0.0,
        line_rate_held: None,
        backlog_ms_end: None,
        messages_per_s: 0.0,
        signed_mbytes_per_s: 0.0,
        payload_mbytes_per_s: 0.0,
        vs_unsigned: None,
        added_cpu_ns_per_message: None,
        added_cpu_s_per_gb: None,
        vs_server: None,
        cores_used: 0.0,
        pacer_cores: None,
        thread_cpu_s: None,
        cycles_per_byte: None,
        occupancy: None,
        latency_ns: None,
        trials: Vec::new(),
        disturbed_trials: 0,
        achieved_gbps_all_trials: 0.0,
        rounds: 0,
        verified: 0,
        warnings: Vec::new(),
        error: None,
    }
}

/// Medians over the chosen trials; ratios are formed within a round before.
fn fill(measurement: &mut Measurement, plan: &Plan, cell: Cell, chosen: &[Figures<'_>]) {
    measurement.achieved_gbps = over(chosen, Figures::achieved_gbps);
    measurement.messages_per_s = over(chosen, |trial| trial.per_second(trial.outcome.messages as f64));
    measurement.signed_mbytes_per_s =
        over(chosen, |trial| trial.per_second(trial.outcome.signed_bytes as f64) / 1e6);
    measurement.payload_mbytes_per_s =
        over(chosen, |trial| trial.per_second(trial.outcome.payload_bytes as f64) / 1e6);
    measurement.added_cpu_ns_per_message =
        known(chosen, |trial| Some(trial.added_ns()? / trial.outcome.messages.max(1) as f64));
    measurement.added_cpu_s_per_gb =
        known(chosen, |trial| Some(trial.added_ns()? / trial.outcome.signed_bytes.max(1) as f64));
    measurement.vs_server = server::cost(&plan.settings, cell.dialect)
        .zip(measurement.added_cpu_s_per_gb)
        .map(|(server, added)| server / (server + added));
    measurement.cores_used = over(chosen, |trial| trial.outcome.busy_ns / trial.outcome.wall_ns);
    measurement.cycles_per_byte = known(chosen, |trial| {
        let cycles = trial.outcome.busy_ns * trial.outcome.clock_ghz;
        (trial.outcome.signed_bytes > 0).then(|| cycles / trial.outcome.signed_bytes as f64)
    });
    measurement.occupancy = known(chosen, |trial| trial.outcome.occupancy.ratio());
    measurement.set_bytes = chosen.first().map_or(0, |trial| trial.outcome.set_bytes as u64);
    measurement.memory_read_mbytes_per_s = known(chosen, |trial| Some(trial.outcome.memory?.read * 1e3));
    measurement.memory_copy_mbytes_per_s = known(chosen, |trial| Some(trial.outcome.memory?.copy * 1e3));
    let LinkRate::BitsPerSecond(bits) = cell.link else { return };
    measurement.vs_unsigned = known(chosen, Figures::vs_unsigned);
    measurement.pacer_cores =
        Some(over(chosen, |trial| trial.outcome.waited_ns as f64 / trial.outcome.wall_ns));
    measurement.backlog_ms_end = Some(over(chosen, |trial| trial.outcome.backlog_ns as f64 / 1e6));
    if plan.settings.load < 1.0 {
        measurement.latency_ns = merged(chosen);
        return;
    }
    let kept_share = match plan.settings.arrival {
        // What departs in a window is left to chance; whether it was all done is not.
        Arrival::Poisson => over(chosen, |trial| trial.outcome.kept_share),
        Arrival::Paced | Arrival::Burst(_) => measurement.achieved_gbps * 1e9 / bits.get() as f64,
    };
    let is_held = kept_share >= HELD_SHARE && measurement.backlog_ms_end <= Some(HELD_BACKLOG_MS);
    measurement.line_rate_held = (!chosen.is_empty()).then_some(is_held);
    if is_held {
        measurement.latency_ns = merged(chosen);
    }
}

/// The median over trials.
fn over<'a>(trials: &[Figures<'a>], value: impl Fn(&Figures<'a>) -> f64) -> f64 {
    median(trials.iter().map(value)).unwrap_or(0.0)
}

/// The median over the trials that have a figure.
fn known<'a>(trials: &[Figures<'a>], value: impl Fn(&Figures<'a>) -> Option<f64>) -> Option<f64> {
    median(trials.iter().filter_map(value))
}

fn merged(chosen: &[Figures<'_>]) -> Option<crate::record::Latency> {
    let mut trials = chosen.iter().filter_map(|trial| trial.outcome.latencies.as_ref());
    let mut all: Latencies = trials.next()?.clone();
    trials.for_each(|latencies| all.merge(latencies));
    Some(all.recorded())
}

fn record_trial(trial: Scheduled, disturbed: bool, figures: &Figures<'_>) -> Trial {
    let outcome = figures.outcome;
    Trial {
        round: trial.round,
        order: trial.order,
        messages: outcome.messages,
        bytes: outcome.signed_bytes,
        wall_ns: outcome.wall_ns.round() as u64,
        busy_ns: outcome.busy_ns.round() as u64,
        cpu_ns: outcome.spent.cpu_ns,
        probe_ns: Some(probe_ns(outcome).round() as u64),
        unsigned_ns: figures.unsigned_ns().map(|busy| busy.round() as u64),
        clock_ghz: Some(outcome.clock_ghz),
        steal_ns: outcome.spent.steal_ns,
        involuntary_switches: outcome.spent.involuntary_switches,
        disturbed,
    }
}

fn warn(measurement: &mut Measurement, chosen: usize) {
    let (disturbed, all) = (measurement.disturbed_trials, measurement.trials.len());
    if disturbed > 0 {
        let said = if chosen == all { "all of them count" } else { "they do not count" };
        let over_all = measurement.achieved_gbps_all_trials;
        measurement.warnings.push(format!(
            "{disturbed} of {all} trials were disturbed, {said}; over all, {over_all:.3} Gbit/s"
        ));
    }
    if let Some(latency) = &measurement.latency_ns {
        let missing: Vec<_> = latency.total.missing().collect();
        if !missing.is_empty() {
            measurement.warnings.push(format!("too few messages for {}", missing.join(", ")));
        }
    }
}

/// What the reader should know of an engine that one thread feeds.
fn warn_of_threads(measurement: &mut Measurement, chosen: &[Figures<'_>]) {
    const BUSY: f64 = 0.98;
    measurement.warnings.extend(Crew::of_machine().warning(measurement.workers));
    let waits = known(chosen, |trial| Some(trial.outcome.waited_ns as f64 / trial.outcome.wall_ns));
    let is_short = measurement.line_rate_held != Some(true);
    if is_short && waits.is_some_and(|waits| waits < 1.0 - BUSY) {
        measurement
            .warnings
            .push("the feeding thread was busy throughout: it limits, not the workers".to_owned());
    }
}

/// The middle value, or the mean of the two in the middle.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (upper, lower) = (values.get(values.len() / 2)?, values.get(values.len().checked_sub(1)? / 2)?);
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use smbsign_engine::protocol::Dialect;

    use super::super::Settings;
    use super::*;

    const MESSAGES: u64 = 1000;

    /// A trial of 1000 messages of 64 KiB in `wall_ms`, `busy` of which were work.
    fn outcome(wall_ms: f64, busy: f64, disturbed: bool) -> Outcome {
        let probe_after_ns = if disturbed { 2000 } else { 1000 };
        Outcome {
            messages: MESSAGES,
            signed_bytes: MESSAGES << 16,
            wire_bytes: 1e6,
            wall_ns: wall_ms * 1e6,
            busy_ns: busy * wall_ms * 1e6,
            clock_ghz: 4.0,
            probe_before_ns: 1000,
            probe_after_ns,
            ..Outcome::default()
        }
    }

    /// SMB1 at a link of 1 Gbit/s, which 1000 of these messages fill for 8 ms: unsigned first, then MD5.
    fn row(unsigned: Vec<Outcome>, signed: Vec<Outcome>) -> Measurement {
        let links = vec![LinkRate::ETHERNET[0]];
        let plan =
            Plan::new(Settings { dialects: vec![Dialect::Smb1], links, ..Settings::default() }).unwrap();
        let trials = |outcomes: Vec<Outcome>, cell| CellTrials {
            trials: outcomes
                .into_iter()
                .zip(0..)
                .map(|(outcome, round)| (Scheduled { cell, round, order: 0 }, outcome))
                .collect(),
            error: None,
        };
        summarise(&plan, 1, &[trials(unsigned, 0), trials(signed, 1)], 1000.0).unwrap()
    }

    #[test]
    fn a_line_that_is_kept_full_is_held_and_one_that_is_not_is_not() {
        let kept = |wall_ms| row(vec![outcome(8.0, 0.1, false)], vec![outcome(wall_ms, 0.5, false)]);
        assert_eq!(kept(8.0).line_rate_held, Some(true));
        assert_eq!(kept(8.03).line_rate_held, Some(true));
        assert_eq!(kept(8.1).line_rate_held, Some(false));
        let mut late = outcome(8.0, 0.5, false);
        late.backlog_ns = 1_000_001;
        assert_eq!(row(vec![outcome(8.0, 0.1, false)], vec![late]).line_rate_held, Some(false));
    }

    #[test]
    fn ratios_are_formed_within_a_round_and_costs_beyond_the_baseline() {
        let unsigned = vec![outcome(8.0, 0.1, false), outcome(16.0, 0.1, false), outcome(8.0, 0.1, false)];
        let signed = vec![outcome(8.0, 0.6, false), outcome(16.0, 0.6, false), outcome(16.0, 0.6, false)];
        let row = row(unsigned, signed);
        assert_eq!(row.vs_unsigned, Some(1.0));
        let added = row.added_cpu_ns_per_message.unwrap();
        assert!((added - 8000.0).abs() < 1.0, "0.5 cores for 16 ms over 1000 messages: {added}");
        assert!((row.cycles_per_byte.unwrap() - 0.6 * 16e6 * 4.0 / 65_536_000.0).abs() < 1e-9);
        assert_eq!(row.trials[0].unsigned_ns, Some(800_000));
    }

    #[test]
    fn disturbed_trials_count_only_where_there_is_no_other() {
        let unsigned = vec![outcome(8.0, 0.1, false); 3];
        let mixed = vec![outcome(80.0, 0.9, true), outcome(8.0, 0.5, false), outcome(80.0, 0.9, true)];
        let quiet = row(unsigned.clone(), mixed);
        assert_eq!((quiet.cores_used, quiet.line_rate_held), (0.5, Some(true)));
        assert!(quiet.warnings[0].contains("2 of 3 trials were disturbed, they do not count"));
        let all = row(unsigned, vec![outcome(80.0, 0.9, true); 3]);
        assert_eq!(all.cores_used, 0.9);
        assert!(all.warnings[0].contains("all of them count"));
    }
}
