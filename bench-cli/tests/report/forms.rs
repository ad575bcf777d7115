//! One fixed run in every form of output.

use smbsign::output::{Colour, Format};
use smbsign::record::{Measurement, Protection, Run, SCHEMA, State, Tool};
use smbsign::report;
use smbsign_engine::protocol::{Dialect, SigningAlgorithm};

use crate::example::{cell, latency, machine};

pub(crate) fn run() -> Run {
    let cmac = Protection::Signed(SigningAlgorithm::AesCmac);
    let md5 = Protection::Signed(SigningAlgorithm::Md5);
    let mut failed = cell(Dialect::Smb311, cmac, "max");
    failed.error = Some("message 4,711 does not verify".to_owned());
    Run {
        schema: SCHEMA.to_owned(),
        tool: Tool { version: "0.1.0".to_owned(), commit: Some("0123456789ab".to_owned()), rustc: None },
        machine: machine(),
        command: "smbsign run --link 10GbE,max".to_owned(),
        started: "2026-01-02T03:04:05Z".parse().unwrap(),
        state: State::Complete,
        config: serde_json::json!({"rounds": 3}),
        measurements: vec![
            warned(cell(Dialect::Smb1, Protection::Unsigned, "10GbE"), "3 messages were late"),
            not_held(cell(Dialect::Smb1, md5, "10GbE")),
            warned(cell(Dialect::Smb311, Protection::Unsigned, "10GbE"), "17 messages were late"),
            held(cell(Dialect::Smb311, cmac, "10GbE")),
            cell(Dialect::Smb311, Protection::Unsigned, "max"),
            failed,
        ],
        fits: Vec::new(),
        findings: vec!["A finding is a sentence, which is broken where it is longer than a line of the table may be, as this one is.".to_owned()],
    }
}

fn held(cell: Measurement) -> Measurement {
    Measurement {
        added_cpu_ns_per_message: Some(46_100.0),
        added_cpu_s_per_gb: Some(0.703),
        cores_used: 0.876,
        latency_ns: Some(latency(48_800, 61_000)),
        warnings: vec!["p99.9 has fewer than ten samples beyond it".to_owned()],
        ..cell
    }
}

fn warned(cell: Measurement, warning: &str) -> Measurement {
    Measurement { warnings: vec![warning.to_owned()], ..cell }
}

fn not_held(mut cell: Measurement) -> Measurement {
    cell.trials[0].disturbed = true;
    Measurement {
        disturbed_trials: 1,
        achieved_gbps_all_trials: 5.8,
        achieved_gbps: 5.8,
        line_rate_held: Some(false),
        backlog_ms_end: Some(168.0),
        messages_per_s: 10_414.5,
        signed_mbytes_per_s: 682.5,
        payload_mbytes_per_s: 681.7,
        vs_unsigned: Some(0.58),
        added_cpu_ns_per_message: Some(93_400.0),
        added_cpu_s_per_gb: Some(1.425),
        cores_used: 1.0,
        latency_ns: None,
        ..cell
    }
}

fn written(format: Format, colour: Colour) -> String {
    let mut text = Vec::new();
    report::run(&run(), format, colour, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_table_is_read_at_a_glance() {
    insta::assert_snapshot!(written(Format::Table, Colour::Plain));
}

#[test]
fn every_row_of_the_table_fits_a_terminal_of_eighty_columns() {
    let table = written(Format::Table, Colour::Plain);
    let rows: Vec<_> = table.lines().filter(|line| line.contains("  ")).collect();
    assert!(rows.len() > run().measurements.len());
    for line in rows {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn no_line_is_longer_than_110_columns() {
    for line in written(Format::Table, Colour::Plain).lines() {
        assert!(line.chars().count() <= 110, "{line}");
    }
}

#[test]
fn markdown_begins_with_the_command() {
    let mut text = Vec::new();
    report::markdown(&run(), &mut text).unwrap();
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

#[test]
fn escape_sequences_appear_only_where_colour_is_allowed() {
    assert!(!written(Format::Table, Colour::Plain).contains('\u{1b}'));
    assert!(written(Format::Table, Colour::Ansi).contains('\u{1b}'));
}

#[test]
fn csv_has_one_row_per_cell() {
    insta::assert_snapshot!(written(Format::Csv, Colour::Plain));
}

#[test]
fn json_has_every_key_of_the_record() {
    insta::assert_snapshot!(
        written(Format::Json, Colour::Plain).split("\"protection\": \"md5\"").next().unwrap()
    );
}

#[test]
fn json_gives_the_same_run_back() {
    let read: Run = serde_json::from_str(&written(Format::Json, Colour::Plain)).unwrap();
    assert_eq!(read, run());
}
