//! A machine and a cell that were never measured.

use smbsign::record::{
    Direction, Engine, Latency, Machine, Measurement, Percentiles, Protection, Transmit, Trial,
};
use smbsign_engine::protocol::Dialect;

pub(crate) fn machine() -> Machine {
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

pub(crate) fn cell(dialect: Dialect, protection: Protection, link: &str) -> Measurement {
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
        memory_read_mbytes_per_s: None,
        memory_copy_mbytes_per_s: None,
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
            involuntary_switches: Some(0),
            disturbed: false,
        }],
        disturbed_trials: 0,
        achieved_gbps_all_trials: if paced { 10.0 } else { 214.5 },
        rounds: 1,
        verified: 64,
        warnings: Vec::new(),
        error: None,
    }
}

pub(crate) fn latency(p50: u64, p99: u64) -> Latency {
    Latency {
        total: Percentiles { p50: Some(p50), p99: Some(p99), max: Some(2 * p99), ..Percentiles::default() },
        queued: None,
        signing: None,
    }
}
