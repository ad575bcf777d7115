//! `--engine lanes`.

use serde_json::Value;

use super::{cells, dump_and_verify};

const FEW: [&str; 2] = ["--duration=10ms", "--workers=1"];

fn record(options: &[&str]) -> Value {
    super::record(&[&FEW, options].concat())
}

#[test]
fn every_algorithm_signs_and_verifies_in_lanes_at_links_and_at_max_and_its_samples_are_right() {
    let record = record(&[
        "--engine=lanes",
        "--protection=md5,hmac-sha256,aes-128-cmac,aes-128-gmac",
        "--direction=all",
        "--link=10GbE,max",
        "--message-size=300",
    ]);
    for cell in cells(&record) {
        assert_eq!((&cell["engine"], &cell["error"]), (&"lanes".into(), &Value::Null));
        let is_signed = cell["protection"] != "none";
        assert_eq!(cell["verified"].as_u64().unwrap() > 0, is_signed, "{cell}");
        if let Some(occupancy) = cell["occupancy"].as_f64() {
            assert!(is_signed && occupancy > 0.0 && occupancy <= 1.0, "{occupancy}");
            assert!(cell["implementation"].as_str().unwrap().ends_with("lanes)"), "{cell}");
        }
    }
    assert_eq!(cells(&record).iter().filter(|cell| cell["protection"] == "md5").count(), 4);
}

#[test]
fn without_a_word_lanes_stand_beside_serial_at_max_alone() {
    let record = record(&["--dialect=3.1.1", "--protection=aes-128-cmac", "--link=1GbE,max"]);
    let found: Vec<_> = cells(&record)
        .iter()
        .filter(|cell| cell["protection"] != "none")
        .map(|cell| (cell["link"].as_str().unwrap(), cell["engine"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("1GbE", "serial"), ("max", "serial"), ("max", "lanes")]);
}

#[test]
fn encryption_is_left_out_with_a_note_and_refused_where_it_is_named() {
    let few = ["--duration=5ms", "--engine=lanes", "--dialect=3.1.1", "--link=max", "--format=json"];
    let run = |protection: &str| super::run(&[&few[..], &["--protection", protection]].concat());
    let all = run("all");
    assert!(String::from_utf8_lossy(&all.stderr).contains("aes-256-gcm are left out"), "{all:?}");
    let record: Value = serde_json::from_slice(&all.stdout).unwrap();
    assert!(cells(&record).iter().all(|cell| !cell["protection"].as_str().unwrap().ends_with("cm")));
    assert_eq!(run("aes-128-gcm").status.code(), Some(2));
}

#[test]
fn what_lanes_dumped_is_verified() {
    let options =
        ["--engine=lanes", "--link=max", "--message-size=128,4KiB", "--sessions=1,5", "--outstanding=4"];
    dump_and_verify("lanes", &[&FEW[..], &options].concat());
}

#[test]
fn three_sizes_at_max_give_a_line_for_each_engine_and_two_give_none() {
    let sizes = |list: &str| {
        let size = format!("--message-size={list}");
        let dialect = ["--dialect=3.1.1", "--protection=aes-128-cmac", "--link=max", "--engine=serial,lanes"];
        record(&[&dialect[..], &[&size]].concat())
    };
    let record = sizes("128,4KiB,64KiB");
    let fits = record["fits"].as_array().unwrap();
    let of = |engine: &str| {
        let is_of = |fit: &&Value| fit["engine"] == engine && fit["protection"] == "aes-128-cmac";
        fits.iter().find(is_of).unwrap()
    };
    for engine in ["serial", "lanes"] {
        let fit = of(engine);
        assert_eq!(fit["message_bytes"], Value::from(vec![128, 4096, 65_536]));
        assert_eq!((&fit["time"], &fit["dialects"]), (&"added".into(), &Value::from(vec!["3.1.1"])));
        assert!(fit["ns_per_byte"].as_f64().unwrap() > 0.0, "{fit}");
    }
    assert_eq!(sizes("128,4KiB")["fits"], Value::Array(Vec::new()));
}

#[test]
fn a_range_of_sizes_is_a_profile_of_its_own_with_its_mean_as_size() {
    let record = record(&[
        "--engine=serial,lanes",
        "--link=max",
        "--dialect=SMB1,3.1.1",
        "--protection=md5,aes-128-cmac",
        "--message-size=64..512,1KiB",
        "--sessions=1,100",
    ]);
    let mixes: Vec<_> = cells(&record).iter().filter(|cell| cell["profile"] == "bulk-read:64..512").collect();
    assert_eq!((mixes.len(), cells(&record).len()), (2 * 2 * 2 * 2, 2 * 2 * 2 * 2 * 2));
    for cell in mixes {
        // The mean of log-uniform lengths is (512 − 64) ÷ ln(512 ÷ 64) = 215, a little more where short ones are padded.
        assert!((215..=220).contains(&cell["message_bytes"].as_u64().unwrap()), "{cell}");
        assert!([1, 100].map(Value::from).contains(&cell["sessions"]), "{cell}");
    }
}
