//! The record, the forms of output, and `--engine serial`.

use std::process::Output;

use serde_json::Value;

use super::{cells, dump_and_verify};

/// Three cells: SMB 3.1.1 unsigned, with AES-128-CMAC and with AES-128-GMAC.
const FEW: [&str; 6] = [
    "--engine=serial",
    "--dialect=3.1.1",
    "--protection=aes-128-cmac,aes-128-gmac",
    "--duration=20ms",
    "--workers=1",
    "--message-size=4KiB",
];

fn run(more: &[&str]) -> Output {
    let output = super::run(&[&FEW, more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn record(more: &[&str]) -> Value {
    super::record(&[&FEW, more].concat())
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_record_has_every_key_of_its_contract() {
    let record = record(&["--link=1GbE,max"]);
    let top = "schema tool machine command started state config measurements fits findings";
    assert_eq!(keys(&record).join(" "), top);
    assert_eq!(record["state"], "complete");
    assert_eq!(record["schema"], "smbsign.run/1");
    assert_eq!(keys(&record["tool"]), ["version", "commit", "rustc"]);
    let machine = "cpu cores features microcode kernel os hypervisor smt numa page_size id";
    assert_eq!(keys(&record["machine"]).join(" "), machine);
    let cell = "dialect protection engine implementation backend workers sessions outstanding direction profile \
        message_bytes wire_bytes_per_message set_bytes memory_read_mbytes_per_s memory_copy_mbytes_per_s transmit arrival max_wait_us link offered_gbps achieved_gbps \
        line_rate_held backlog_ms_end messages_per_s signed_mbytes_per_s payload_mbytes_per_s vs_unsigned \
        added_cpu_ns_per_message added_cpu_s_per_gb vs_server cores_used pacer_cores thread_cpu_s cycles_per_byte \
        occupancy latency_ns trials disturbed_trials achieved_gbps_all_trials rounds verified warnings error";
    let trial = "round order messages bytes wall_ns busy_ns cpu_ns probe_ns unsigned_ns clock_ghz steal_ns \
        involuntary_switches disturbed";
    let cells = cells(&record);
    assert_eq!(cells.len(), 6);
    for measured in cells {
        assert_eq!(keys(measured).join(" "), cell);
        assert_eq!(keys(&measured["trials"][0]).join(" "), trial);
        assert_eq!(measured["error"], Value::Null);
    }
}

#[test]
fn cells_come_in_the_order_of_the_plan_with_their_baseline() {
    let record = record(&["--link=max,1GbE"]);
    let cells: Vec<_> = cells(&record)
        .iter()
        .map(|cell| format!("{} {}", cell["link"].as_str().unwrap(), cell["protection"].as_str().unwrap()))
        .collect();
    let of = |link| ["none", "aes-128-cmac", "aes-128-gmac"].map(|protection| format!("{link} {protection}"));
    assert_eq!(cells, [of("1GbE"), of("max")].concat());
}

#[test]
fn options_with_several_values_are_all_measured() {
    let record = record(&[
        "--link=max",
        "--message-size=128,4KiB",
        "--profile=bulk-read,bulk-write",
        "--transmit=all",
    ]);
    assert_eq!(cells(&record).len(), 3 * 3 * 2 * 2);
}

#[test]
fn csv_has_a_heading_and_a_row_per_cell() {
    let csv = String::from_utf8(run(&["--link=max", "--format=csv"]).stdout).unwrap();
    assert_eq!(csv.lines().count(), 1 + 3);
}

#[test]
fn nothing_but_the_table_is_printed_when_quiet() {
    let output = run(&["--link=max", "--quiet"]);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("aes-128-gmac") && !table.contains('\u{1b}'), "{table}");
}

#[test]
fn what_is_left_out_is_noted_on_stderr_and_stdout_stays_json() {
    let options = ["--protection=md5,hmac-sha256", "--message-size=1MiB", "--link=max", "--duration=20ms"];
    let output = super::run(&[&options[..], &["--format=json"]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("SMB1"), "{output:?}");
    serde_json::from_slice::<Value>(&output.stdout).unwrap();
}

#[test]
fn what_was_dumped_is_verified() {
    dump_and_verify("serial", &[&FEW[..], &["--link=max", "--transmit=all"]].concat());
}

#[test]
fn arrivals_are_measured_at_links_and_once_at_max() {
    let record = record(&["--link=1GbE,max", "--arrival=paced,poisson,burst:8"]);
    let cells = cells(&record);
    let arrivals = |link: &str| -> Vec<_> {
        let at_link = cells.iter().filter(|cell| cell["link"] == link && cell["protection"] == "none");
        at_link.map(|cell| cell["arrival"].clone()).collect()
    };
    assert_eq!(arrivals("1GbE"), ["paced", "poisson", "burst:8"]);
    assert_eq!(arrivals("max"), [Value::Null]);
}

#[test]
fn the_null_mac_is_measured_for_who_names_it_and_part_of_no_list() {
    let run = |protection: &str| {
        let few = ["--engine=serial", "--dialect=SMB1,3.1.1", "--link=max", "--duration=5ms"];
        let record =
            super::record(&[&few[..], &["--message-size=4KiB", "--protection", protection]].concat());
        let cells = cells(&record).iter();
        cells.map(|cell| cell["protection"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(run("null"), ["none", "null", "none", "null"]);
    assert_eq!(run("all").iter().filter(|name| *name == "null").count(), 0);
    let help = assert_cmd::cargo::cargo_bin_cmd!("smbsign").args(["run", "--help"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("null"));
}

#[test]
fn a_servers_cost_gives_every_protected_cell_its_share() {
    let record = record(&["--link=max", "--server-cost=0.5"]);
    for cell in cells(&record) {
        let Some(added) = cell["added_cpu_s_per_gb"].as_f64() else { continue };
        let share = cell["vs_server"].as_f64().unwrap();
        assert!((share - 0.5 / (0.5 + added)).abs() < 1e-9, "{share} with {added} s/GB");
    }
}
