//! `--engine offload`.

use serde_json::Value;

use super::{cells, dump_and_verify};

fn record(options: &[&str]) -> Value {
    super::record(&[&["--duration=10ms"], options].concat())
}

fn complaint(options: &[&str]) -> String {
    let output = super::run(options);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_algorithm_signs_and_verifies_at_links_and_at_max_and_its_samples_are_right() {
    let record = record(&[
        "--engine=offload",
        "--protection=md5,hmac-sha256,aes-128-cmac,aes-128-gmac",
        "--direction=all",
        "--link=400Mbit,max",
        "--message-size=300",
    ]);
    for cell in cells(&record) {
        assert_eq!((&cell["engine"], &cell["error"]), (&"offload".into(), &Value::Null));
        assert_eq!(cell["max_wait_us"], 0.0);
        let is_signed = cell["protection"] != "none";
        assert_eq!(cell["verified"].as_u64().unwrap() > 0, is_signed, "{cell}");
        assert!(is_signed || cell["occupancy"].is_null(), "nothing is in lanes that is not signed: {cell}");
        assert_eq!(cell["added_cpu_ns_per_message"].is_number(), is_signed, "{cell}");
        let trial = &cell["trials"][0];
        let sent = trial["messages"].as_f64().unwrap() * cell["message_bytes"].as_f64().unwrap();
        assert_eq!(trial["bytes"].as_f64(), Some(sent), "{cell}");
    }
    assert_eq!(cells(&record).iter().filter(|cell| cell["protection"] == "md5").count(), 4);
}

#[test]
fn each_wait_is_a_cell_with_its_baseline_and_the_other_engines_never_wait() {
    let record = record(&[
        "--engine=all",
        "--max-wait=50us,0",
        "--dialect=3.1.1",
        "--protection=aes-128-cmac",
        "--link=1GbE",
        "--arrival=burst:4",
    ]);
    let found: Vec<_> = cells(&record)
        .iter()
        .map(|cell| (cell["engine"].as_str().unwrap(), cell["max_wait_us"].as_f64()))
        .collect();
    let each = [("serial", None), ("lanes", None), ("offload", Some(0.0)), ("offload", Some(50.0))];
    assert_eq!(found, each.map(|cell| [cell; 2]).concat());
    assert_eq!(record["config"]["max_wait_us"], Value::from(vec![0.0, 50.0]));
}

#[test]
fn a_latency_is_that_of_its_two_parts() {
    let record =
        record(&["--engine=offload", "--protection=aes-128-cmac", "--link=100Mbit", "--arrival=all"]);
    let mut looked_at = 0;
    for latency in cells(&record).iter().map(|cell| &cell["latency_ns"]).filter(|latency| latency.is_object())
    {
        for point in ["p50", "p90", "max"] {
            let at = |part: &Value| part[point].as_f64();
            if let (Some(total), Some(queued), Some(signing)) =
                (at(latency), at(&latency["queued"]), at(&latency["signing"]))
            {
                // A histogram keeps three digits.
                assert!(total * 1.002 >= queued.max(signing), "{latency}");
                looked_at += 1;
            }
        }
    }
    println!("{looked_at} percentiles of lines that were held");
}

#[test]
fn what_cannot_be_handed_over_is_refused() {
    assert!(complaint(&["--engine=serial,lanes", "--max-wait=20us"]).contains("--engine offload"));
    assert!(complaint(&["--engine=offload", "--max-wait=2ms"]).contains("1ms at most"));
    let encryption = complaint(&["--engine=offload", "--dialect=3.1.1", "--protection=aes-128-gcm"]);
    assert!(encryption.contains("aes-128-gcm"), "{encryption}");
    assert!(complaint(&["--engine=offload", "--protection=null"]).contains("null"));
}

#[test]
fn what_was_dumped_is_verified_though_long_messages_are_overtaken() {
    let options = ["--engine=offload", "--link=max", "--dialect=2.1,3.1.1", "--message-size=128..200KiB"];
    let sessions = ["--set=4MiB", "--sessions=5", "--outstanding=4", "--workers=3", "--duration=10ms"];
    dump_and_verify("offload", &[&options[..], &sessions].concat());
}

#[test]
fn mixes_with_chains_and_messages_that_nobody_signs_take_the_same_way() {
    let record = record(&["--engine=offload", "--profile=metadata,mixed", "--link=max", "--direction=all"]);
    for cell in cells(&record) {
        assert_eq!(cell["error"], Value::Null, "{cell}");
        assert_eq!(cell["verified"].as_u64().unwrap() > 0, cell["protection"] != "none", "{cell}");
    }
}

#[test]
fn more_workers_than_cores_are_told_and_still_right() {
    let record = record(&["--engine=offload", "--protection=aes-128-gmac", "--link=max", "--workers=64"]);
    for cell in cells(&record) {
        assert_eq!(cell["error"], Value::Null, "{cell}");
        assert!(cell["warnings"].to_string().contains("share"), "{cell}");
    }
}
