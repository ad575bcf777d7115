//! One fixed run in every form of output.

use smbsign::output::{Colour, Format};
use smbsign::record::{
    Direction, Engine, Latency, Machine, Measurement, Percentiles, Protection, Run, SCHEMA, Tool, Transmit,
    Trial,
};
use smbsign::report;
use smbsign_engine::protocol::{Dialect, SigningAlgorithm};

fn machine() -> Machine {
    Machine {
        cpu: "Example CPU (family 26, model 2, stepping 1)".to_owned(),
        cores: 2,
        features: ["aes", "sha_ni", "vaes"].map(str::to_owned).to_vec(),
        microcode: Some("0x1".to_owned()),
        kernel: Some("6.18.44".to_owned()),
        os: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        hypervisor: Some("KVM".to_owned()),
        smt: Some(false),
        numa: Some(1),
        page_size: Some(4096),
        id: "0123456789abcdef".to_owned(),
    }
}

fn run() -> Run {
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
        config: serde_json::json!({"rounds": 3}),
        measurements: vec![
            warned(cell(Dialect::Smb1, Protection::Unsigned, "10GbE"), "3 messages were late"),
            not_held(cell(Dialect::Smb1, md5, "10GbE")),
            warned(cell(Dialect::Smb311, Protection::Unsigned, "10GbE"), "17 messages were late"),
            held(cell(Dialect::Smb311, cmac, "10GbE")),
            cell(Dialect::Smb311, Protection::Unsigned, "max"),
            failed,
        ],
    }
}

fn cell(dialect: Dialect, protection: Protection, link: &str) -> Measurement {
    let paced = link != "max";
    Measurement {
        dialect,
        protection,
        engine: Engine::Serial,
        implementation: "example 1.0".to_owned(),
        backend: "avx512".to_owned(),
        workers: 1,
        sessions: None,
        outstanding: None,
        direction: Direction::Sign,
        profile: "bulk-read".to_owned(),
        message_bytes: 65_536,
        wire_bytes_per_message: 69_614.25,
        set_bytes: 524_288,
        transmit: Transmit::Copy,
        arrival: paced.then(|| "paced".to_owned()),
        max_wait_us: None,
        link: link.to_owned(),
        offered_gbps: paced.then_some(10.0),
        achieved_gbps: if paced { 10.0 } else { 214.5 },
        line_rate_held: paced.then_some(true),
        backlog_ms_end: paced.then_some(0.002),
        messages_per_s: if paced { 17_956.0 } else { 385_123.4 },
        signed_mbytes_per_s: if paced { 1_176.8 } else { 25_239.4 },
        payload_mbytes_per_s: if paced { 1_175.3 } else { 25_207.1 },
        vs_unsigned: paced.then_some(1.0),
        added_cpu_ns_per_message: None,
        added_cpu_s_per_gb: None,
        vs_server: None,
        cores_used: if paced { 0.047 } else { 1.0 },
        pacer_cores: paced.then_some(0.95),
        thread_cpu_s: Some(0.4),
        cycles_per_byte: Some(0.103),
        occupancy: None,
        latency_ns: paced.then(|| latency(2_600, 4_100)),
        trials: vec![Trial {
            round: 0,
            order: 0,
            messages: 7_182,
            bytes: 470_679_552,
            wall_ns: 400_000_000,
            busy_ns: 18_800_000,
            cpu_ns: Some(399_000_000),
            probe_ns: Some(1_000_000),
            unsigned_ns: None,
            clock_ghz: Some(2.6),
            steal_ns: Some(0),
            disturbed: false,
        }],
        rounds: 1,
        verified: 64,
        warnings: Vec::new(),
        error: None,
    }
}

fn latency(p50: u64, p99: u64) -> Latency {
    Latency {
        total: Percentiles { p50: Some(p50), p99: Some(p99), max: Some(2 * p99), ..Percentiles::default() },
        queued: None,
        signing: None,
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
