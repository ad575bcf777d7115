//! `smbsign run` through the real binary, with trials too short to mean anything.

mod lanes;
mod offload;
mod serial;

use std::process::Output;

use serde_json::Value;

/// Whatever it exits with.
fn run(options: &[&str]) -> Output {
    assert_cmd::cargo::cargo_bin_cmd!("smbsign").args(["run", "--rounds=1"]).args(options).output().unwrap()
}

/// The record of a run that goes well.
fn record(options: &[&str]) -> Value {
    let output = run(&[options, &["--format=json", "--quiet"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn cells(record: &Value) -> &[Value] {
    record["measurements"].as_array().unwrap()
}

/// Runs with `--dump`, and has `verify` say that every message of the capture is signed right.
fn dump_and_verify(name: &str, options: &[&str]) {
    let capture = std::env::temp_dir().join(format!("smbsign-{name}-{}.pcap", std::process::id()));
    let capture = capture.to_str().unwrap();
    let output = run(&[options, &["--dump", capture]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let verified = assert_cmd::cargo::cargo_bin_cmd!("smbsign")
        .args(["verify", capture, "--format=json"])
        .output()
        .unwrap();
    for path in [capture, &capture.replace(".pcap", ".json")] {
        std::fs::remove_file(path).unwrap();
    }
    let total = &serde_json::from_slice::<Value>(&verified.stdout).unwrap()["total"];
    assert_eq!((verified.status.code(), &total["failed"]), (Some(0), &0.into()), "{total}");
    assert!(total["signed"].as_u64().unwrap() > 0 && total["signed"] == total["verified"], "{total}");
}
