//! The comparison through its real binary. Figures are not judged: a few microseconds each.

use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

fn peers(arguments: &[&str]) -> Output {
    let quick = ["--rounds", "2", "--duration", "10us", "--quiet"];
    Command::new(env!("CARGO_BIN_EXE_peers")).args(quick).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = peers(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_row_has_the_keys_of_its_contract() {
    let found = json(&["--peer", "rustcrypto", "--size", "128", "--mix", "64B-512B", "--set", "hot"]);
    assert_eq!(found["schema"], "smbsign.peers/1");
    let rows = found["rows"].as_array().unwrap();
    // Four algorithms, a size and a mix.
    assert_eq!(rows.len(), 8);
    for row in rows {
        let keys: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
        let extent = if row["bytes"].is_null() { "mix" } else { "bytes" };
        let contract = ["algorithm", extent, "set", "peer", "ours_gbps", "peer_gbps", "ratio", "low", "high"];
        assert_eq!(keys[..9], contract);
        for figure in ["ours_gbps", "peer_gbps", "ratio", "low", "high"] {
            assert!(row[figure].as_f64().unwrap() > 0.0, "{figure}: {row}");
        }
        assert!(
            row["low"].as_f64() <= row["ratio"].as_f64() && row["ratio"].as_f64() <= row["high"].as_f64()
        );
        assert_eq!((&row["set"], &row["peer"]), (&"hot".into(), &"rustcrypto".into()));
    }
    let algorithms: Vec<_> = rows.iter().step_by(2).map(|row| row["algorithm"].as_str().unwrap()).collect();
    assert_eq!(algorithms, ["md5", "hmac-sha256", "aes-128-cmac", "aes-128-gmac"]);
}

#[test]
fn every_backend_and_every_crate_gives_the_same_tags() {
    for backend in smbsign_engine::kernels::Backend::available() {
        let crates = ["--peer", "aws-lc-rs,ring,rustcrypto", "--size", "4KiB", "--set", "hot"];
        let found = json(&[&crates[..], &["--backend", backend.name()]].concat());
        let of = |peer| found["rows"].as_array().unwrap().iter().filter(|row| row["peer"] == peer).count();
        // aws-lc-rs has no MD5, ring no CMAC either.
        assert_eq!((of("aws-lc-rs"), of("ring"), of("rustcrypto")), (3, 2, 4));
    }
}

#[test]
fn libraries_of_the_system_are_measured_or_reported_missing() {
    let libraries = ["ipsec-mb", "openssl", "gnutls"];
    let found = json(&["--size", "1KiB", "--set", "hot", "--peer", &libraries.join(",")]);
    for library in libraries {
        let has = |list: &str| found[list].as_array().unwrap().iter().any(|one| one["peer"] == library);
        assert!(has("rows") != has("missing"), "{library}: {found:#}");
        if has("missing") {
            println!("not compared with {library}: it is not here");
        }
    }
}

#[test]
fn a_library_without_an_algorithm_has_no_row_and_is_no_error() {
    let found = json(&["--peer", "ring", "--algorithm", "md5", "--size", "128", "--set", "hot"]);
    assert_eq!(found["rows"], Value::Array(Vec::new()));
}

#[test]
fn a_cold_set_holds_256_mib_in_keys_that_are_asked_for() {
    let found = json(&[
        "--peer",
        "aws-lc-rs",
        "--algorithm",
        "aes-128-gmac",
        "--size",
        "64KiB",
        "--set",
        "cold",
        "--sessions",
        "3",
    ]);
    let row = &found["rows"][0];
    assert_eq!((&row["set_bytes"], &row["messages"]), (&(256 << 20).into(), &4096.into()));
}

#[test]
fn bars_are_told_of_hot_sizes_against_the_fastest_peer() {
    let found = json(&["--peer", "aws-lc-rs,rustcrypto", "--algorithm", "aes-128-cmac", "--size", "1KiB"]);
    let bars = found["bars"].as_array().unwrap();
    assert_eq!(bars.len(), 1);
    assert_eq!((&bars[0]["bytes"], &bars[0]["bar"]), (&1024.into(), &1.4.into()));
    assert!(["held", "not-held", "undecided"].contains(&bars[0]["verdict"].as_str().unwrap()));
}

#[test]
fn a_record_keeps_the_json_and_a_page_with_the_command() {
    let parent = tempfile::tempdir().unwrap();
    let record = ["--record", parent.path().to_str().unwrap()];
    let cell = ["--peer", "rustcrypto", "--algorithm", "aes-128-cmac", "--size", "512", "--set", "hot"];
    assert!(peers(&[&cell[..], &record[..]].concat()).status.success());
    let kept = std::fs::read_dir(parent.path()).unwrap().next().unwrap().unwrap().path();
    let read = |name: &str| std::fs::read_to_string(kept.join(name)).unwrap();
    let found: Value = serde_json::from_str(&read("peers.json")).unwrap();
    assert_eq!(found["rows"][0]["bytes"], 512);
    assert!(read("README.md").contains(found["command"].as_str().unwrap()));
}

#[test]
fn the_forms_have_a_row_for_each_cell_and_peer() {
    let cell =
        ["--peer", "aws-lc-rs,rustcrypto", "--algorithm", "hmac-sha256", "--size", "512", "--set", "hot"];
    let text =
        |format| String::from_utf8(peers(&[&cell[..], &["--format", format]].concat()).stdout).unwrap();
    assert_eq!(text("csv").lines().count(), 3);
    for form in ["table", "markdown"] {
        assert_eq!(text(form).lines().filter(|line| line.contains("hmac::sign")).count(), 1, "{form}");
    }
}

#[test]
fn what_is_no_cell_is_a_usage_error() {
    for wrong in
        [["--size", "63"], ["--size", "17MiB"], ["--mix", "1B-2B"], ["--peer", "nettle"], ["--set", "warm"]]
    {
        assert_eq!(peers(&wrong).status.code(), Some(2), "{wrong:?}");
    }
}

fn bars(arguments: &[&str]) -> Value {
    let quick = ["--rounds", "1", "--duration", "1us", "--quiet", "--format", "json"];
    let output = Command::new(env!("CARGO_BIN_EXE_bars")).args(quick).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_other_bars_are_measured_by_a_binary_of_their_own() {
    let found = bars(&["--only", "mixed-lengths,sessions,outstanding"]);
    let figures = found["figures"].as_array().unwrap();
    let of = |name: &str| figures.iter().filter(|one| one["figure"].as_str().unwrap().contains(name)).count();
    assert_eq!((of("mixed"), of("drawn"), of("outstanding"), figures.len()), (12, 32, 12, 56));
    assert!(figures.iter().all(|one| one["bar"].is_null() == one["verdict"].is_null()));
}

#[test]
fn bars_of_the_offload_engine_are_measured_or_reported_missing_and_kept() {
    let parent = tempfile::tempdir().unwrap();
    let found = bars(&["--only", "one-worker,poisson", "--record", parent.path().to_str().unwrap()]);
    let (figures, left_out) = (found["figures"].as_array().unwrap(), found["left_out"].as_array().unwrap());
    match left_out.len() {
        0 => assert_eq!(figures.len(), 22),
        _ => {
            println!("{left_out:?}");
            assert_eq!((figures.len(), left_out.len()), (0, 2));
        }
    }
    let kept = std::fs::read_dir(parent.path()).unwrap().next().unwrap().unwrap().path();
    let read = |name: &str| std::fs::read_to_string(kept.join(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read("bars.json")).unwrap(), found);
    assert!(read("README.md").contains("--only one-worker,poisson"));
}
