//! A row's values agree with each other and with its trials. Nothing here depends on how fast the machine is.

use std::ops::ControlFlow;
use std::time::Duration;

use smbsign::measure::{Cell, Mix, Observer, Plan, ProfileChoice, Settings, measure};
use smbsign::record::{Measurement, Percentiles, Protection, Transmit, Trial};
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{Arrival, LinkRate};

struct Silent;

impl Observer for Silent {
    fn trial_starts(&mut self, _: &Cell, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    fn round_ends(&mut self, _: &[Measurement]) {}
}

fn rows(settings: Settings) -> Vec<Measurement> {
    let settings = Settings {
        links: vec![LinkRate::ETHERNET[0], LinkRate::ETHERNET[5], LinkRate::Max],
        dialects: vec![Dialect::Smb1, Dialect::Smb302, Dialect::Smb311],
        duration: Some(Duration::from_millis(3)),
        rounds: Some(3),
        server_cost: Some(0.5),
        ..settings
    };
    let rows = measure(&Plan::new(settings).unwrap(), &mut Silent).measurements;
    assert!(rows.iter().all(|row| row.error.is_none()));
    rows
}

/// Every kind of run.
fn all_rows() -> Vec<Measurement> {
    let small = Settings { message_bytes: 2000, ..Settings::default() };
    let poisson = Settings { arrival: Arrival::Poisson, transmit: Transmit::None, ..small.clone() };
    let bursts = Settings { arrival: "burst:8".parse().unwrap(), load: 0.5, ..small.clone() };
    let mixed = Settings { profile: ProfileChoice::Mix(Mix::Mixed), ..small.clone() };
    [small, poisson, bursts, mixed].into_iter().flat_map(rows).collect()
}

/// The median over the trials that count: undisturbed ones, all where there are none.
fn median(row: &Measurement, value: impl Fn(&Trial) -> f64) -> f64 {
    let any_quiet = row.trials.iter().any(|trial| !trial.disturbed);
    let mut values: Vec<_> =
        row.trials.iter().filter(|trial| !(any_quiet && trial.disturbed)).map(value).collect();
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

#[track_caller]
fn agree(row: &Measurement, what: &str, one: f64, other: f64) {
    let cell = format!("{} {} {} {:?}", row.dialect, row.protection, row.link, row.arrival);
    assert!(
        (one - other).abs() <= 1e-4 * one.abs().max(other.abs()).max(1e-6),
        "{cell}: {what} {one}, {other}"
    );
}

fn check_rates(row: &Measurement) {
    let per_second = |count: u64, trial: &Trial| count as f64 * 1e9 / trial.wall_ns as f64;
    agree(row, "messages", row.messages_per_s, median(row, |trial| per_second(trial.messages, trial)));
    agree(row, "bytes", row.signed_mbytes_per_s * 1e6, median(row, |trial| per_second(trial.bytes, trial)));
    agree(row, "cores", row.cores_used, median(row, |trial| trial.busy_ns as f64 / trial.wall_ns as f64));
    let cycles = median(row, |trial| trial.busy_ns as f64 * trial.clock_ghz.unwrap() / trial.bytes as f64);
    agree(row, "cycles", row.cycles_per_byte.unwrap(), cycles);
    assert!(row.payload_mbytes_per_s <= row.signed_mbytes_per_s);
    if row.profile.starts_with("bulk") {
        let wire = median(row, |trial| per_second(trial.messages, trial)) * row.wire_bytes_per_message * 8e-9;
        agree(row, "wire bytes", row.achieved_gbps, wire);
        agree(row, "lengths", row.signed_mbytes_per_s * 1e6, row.messages_per_s * row.message_bytes as f64);
    }
}

fn check_costs(row: &Measurement) {
    if row.protection == Protection::Unsigned {
        assert!([row.added_cpu_s_per_gb, row.vs_unsigned, row.vs_server].iter().all(Option::is_none));
        return;
    }
    let added = |trial: &Trial| trial.busy_ns as f64 - trial.unsigned_ns.unwrap() as f64;
    let per_message = median(row, |trial| added(trial) / trial.messages as f64);
    let per_byte = median(row, |trial| added(trial) / trial.bytes as f64);
    // Whole nanoseconds of a trial are the precision of what is added in it.
    let close = |one: f64, other: f64| (one - other).abs() <= 0.01 + 1e-3 * one.abs();
    assert!(close(row.added_cpu_ns_per_message.unwrap(), per_message), "{} {}", row.protection, row.link);
    assert!(close(row.added_cpu_s_per_gb.unwrap(), per_byte), "{} {}", row.protection, row.link);
    agree(row, "server", row.vs_server.unwrap(), 0.5 / (0.5 + row.added_cpu_s_per_gb.unwrap()));
}

fn check_line(row: &Measurement, load: f64) {
    let rate = row.link.parse::<LinkRate>().unwrap().bits_per_second().map(|bits| bits as f64 / 1e9);
    let Some(rate) = rate else {
        let at_links = [row.offered_gbps, row.vs_unsigned, row.backlog_ms_end, row.pacer_cores];
        assert!(
            at_links.iter().all(Option::is_none) && row.line_rate_held.is_none() && row.arrival.is_none()
        );
        return;
    };
    agree(row, "offered", row.offered_gbps.unwrap(), rate * load);
    assert_eq!(row.line_rate_held.is_some(), load == 1.0);
    if row.arrival.as_deref() != Some("poisson") && load == 1.0 {
        let held = row.achieved_gbps >= 0.995 * rate && row.backlog_ms_end.unwrap() <= 1.0;
        assert_eq!(row.line_rate_held, Some(held), "{} of {rate}", row.achieved_gbps);
    }
    assert_eq!(row.latency_ns.is_some(), row.line_rate_held != Some(false));
    assert!(row.pacer_cores.unwrap() + row.cores_used <= row.workers as f64 * 1.001);
}

fn check_latency(row: &Measurement) {
    let Some(latency) = &row.latency_ns else { return };
    let (queued, signing) = (latency.queued.as_ref().unwrap(), latency.signing.as_ref().unwrap());
    for Percentiles { p50, p90, p99, p99_9, max, hdr } in [&latency.total, queued, signing] {
        let known: Vec<_> = [p50, p90, p99, p99_9, max].into_iter().flatten().collect();
        assert!(known.is_sorted(), "{known:?}");
        assert!(max.is_some() && hdr.is_some());
    }
    assert!(latency.total.max >= queued.max && latency.total.max >= signing.max);
    assert!(latency.total.p50 >= queued.p50, "the whole is no shorter than a part of it");
}

#[test]
fn every_row_agrees_with_itself_and_with_its_trials() {
    for row in all_rows() {
        let load = if row.arrival.as_deref() == Some("burst:8") { 0.5 } else { 1.0 };
        check_rates(&row);
        check_costs(&row);
        check_line(&row, load);
        check_latency(&row);
    }
}
