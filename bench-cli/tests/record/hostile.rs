//! Records that are damaged, foreign or made to do harm: an error that says where, never a run, never a panic.

use serde_json::{Value, json};
use smbsign::record::{self, Problem};

use crate::kept::{run, text, with};

fn refused(text: impl AsRef<[u8]>) -> Problem {
    let parsed = record::parse(text.as_ref());
    parsed.expect_err("a record that cannot be used was read")
}

/// Says that the record is refused with a message that has all of the words.
fn says(text: impl AsRef<[u8]>, words: &[&str]) {
    let message = refused(text).to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
    assert!(message.len() < 1_000 && !message.contains(char::is_control), "{message:?}");
}

#[test]
fn another_version_and_another_form_are_named_beside_the_known_one() {
    for (form, is_version) in [
        ("smbsign.run/2", true),
        ("smbsign.run/1.1", true),
        ("smbsign.run/", true),
        ("smbsign.compare/1", false),
        ("", false),
        ("smbsign.run", false),
    ] {
        let text = with("/schema", json!(form));
        says(&text, &[&format!("{form:?}"), "\"smbsign.run/1\""]);
        assert_eq!(matches!(refused(text), Problem::OtherVersion { .. }), is_version, "{form}");
    }
    // It is the form that is told, even where nothing else is a record's.
    says(r#"{"schema": "smbsign.run/2", "measurements": 7}"#, &["smbsign.run/2"]);
    for no_form in ["null", "[]", "{}", "7", r#"{"schema": 1}"#, r#"[{"schema": "smbsign.run/1"}]"#] {
        assert!(matches!(refused(no_form), Problem::NoForm), "{no_form}");
    }
}

#[test]
fn a_record_cut_off_anywhere_is_refused_with_line_and_column() {
    let text = text(&run());
    for length in (0..text.len()).step_by(37).chain([text.len() - 1]) {
        says(&text[..length], &["line ", " column "]);
    }
    says(format!("{text}x"), &["trailing characters", "line "]);
    says(format!("{text}{text}"), &["trailing characters", "line "]);
}

#[test]
fn what_is_no_json_is_refused_with_line_and_column() {
    let good = text(&run());
    let with_number =
        |number: &str| good.replace("\"achieved_gbps\": 10.0", &format!("\"achieved_gbps\": {number}"));
    for number in ["NaN", "Infinity", "-inf", "1e999", "-1e999", "0x10", "1_000", "", "+1", "01"] {
        assert_ne!(with_number(number), good);
        says(with_number(number), &["line ", " column "]);
    }
    let mut not_utf8 = good.clone().into_bytes();
    let command = good.find("smbsign run").unwrap();
    not_utf8[command] = 0xff;
    says(not_utf8, &["line ", " column "]);
    says(good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), &["line 1 "]);
    says("", &["line 1 column 0"]);
    says([0; 4096], &["line 1 "]);
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let good = text(&run());
    for (key, twice) in [
        ("\"busy_ns\":", "\"busy_ns\": 1, \"busy_ns\":"),
        ("\"p50\":", "\"p50\": 1, \"p50\":"),
        ("\"rounds\": [", "\"rounds\": 1, \"rounds\": ["),
        ("\"schema\":", "\"schema\": \"smbsign.run/2\", \"schema\":"),
        ("\"schema\":", "\"unknown\": 1, \"unknown\": 1, \"schema\":"),
    ] {
        let text = good.replacen(key, twice, 1);
        assert_ne!(text, good);
        says(text, &["twice", "line "]);
    }
}

#[test]
fn wrong_types_and_missing_keys_are_refused_with_line_and_column() {
    for (pointer, value) in [
        ("/measurements", json!({})),
        ("/measurements/0", json!([])),
        ("/measurements/0/trials/0/busy_ns", json!(-5)),
        ("/measurements/0/trials/0/busy_ns", json!(1.5)),
        ("/measurements/0/trials/0/busy_ns", json!("18446744073709551615")),
        ("/measurements/0/trials/0/disturbed", json!(0)),
        ("/measurements/0/workers", json!(-1)),
        ("/measurements/0/achieved_gbps", json!(null)),
        ("/measurements/0/dialect", json!("SMB 4")),
        ("/measurements/0/protection", json!("rot13")),
        ("/measurements/0/engine", json!("quantum")),
        ("/measurements/0/latency_ns/p99", json!(-1)),
        ("/machine/features", json!("aes")),
        ("/started", json!("yesterday")),
        ("/state", json!("done")),
    ] {
        says(with(pointer, value), &["line ", " column "]);
    }
    let record: Value = serde_json::from_str(&text(&run())).unwrap();
    for key in ["tool", "machine", "started", "state", "measurements"] {
        let mut record = record.clone();
        record.as_object_mut().unwrap().remove(key);
        says(record.to_string(), &["missing field", key]);
    }
}

#[test]
fn an_engine_of_a_later_version_is_named() {
    says(with("/measurements/1/engine", json!("warp")), &["`warp`", "`serial`", "line "]);
}

#[test]
fn values_that_cannot_be_are_refused_with_their_place() {
    for (pointer, value, words) in [
        ("/measurements/2/trials/0/wall_ns", json!(0), ["measurements[2].trials[0].wall_ns", "0"]),
        ("/measurements/0/trials/0/probe_ns", json!(0), ["measurements[0].trials[0].probe_ns", "0"]),
        ("/measurements/0/trials/0/clock_ghz", json!(-2.6), ["measurements[0].trials[0].clock_ghz", "-2.6"]),
        ("/measurements/0/trials/0/clock_ghz", json!(0.0), ["measurements[0].trials[0].clock_ghz", "0"]),
        ("/measurements/0/trials/0/messages", json!(0), ["measurements[0].trials[0].bytes", "no message"]),
        ("/measurements/0/trials/0/busy_ns", json!(u64::MAX), ["trials[0].busy_ns", "18446744073709551615"]),
        ("/measurements/1/achieved_gbps", json!(-1.0), ["measurements[1].achieved_gbps", "-1"]),
        ("/measurements/1/cores_used", json!(1e300), ["measurements[1].cores_used", "not from 0"]),
        (
            "/measurements/1/added_cpu_s_per_gb",
            json!(-1e300),
            ["measurements[1].added_cpu_s_per_gb", "not from 0"],
        ),
        ("/measurements/0/rounds", json!(2), ["measurements[0].rounds", "there are 1 trials"]),
        ("/measurements/0/disturbed_trials", json!(1), ["measurements[0].disturbed_trials", "0"]),
        ("/measurements/0/workers", json!(0), ["measurements[0].workers", "0"]),
        ("/measurements/0/latency_ns/p99", json!(1), ["measurements[0].latency_ns.p99", "below"]),
        ("/machine/cores", json!(0), ["machine.cores", "0"]),
    ] {
        says(with(pointer, value), &words);
    }
    let mut twice = run();
    let trial = twice.measurements[0].trials[0].clone();
    twice.measurements[0].trials.push(trial);
    twice.measurements[0].rounds = 2;
    says(text(&twice), &["measurements[0].trials[1].round", "earlier"]);
}

#[test]
fn a_difference_may_lie_below_zero() {
    let record = with("/measurements/1/added_cpu_ns_per_message", json!(-12.5));
    let run = record::parse(record.as_bytes()).unwrap();
    assert_eq!(run.measurements[1].added_cpu_ns_per_message, Some(-12.5));
}

#[test]
fn what_no_run_needs_so_much_of_is_refused() {
    let list = |entry: &str, count: usize| format!("[{}]", vec![entry; count].join(","));
    let of = |key: &str, value: &str| format!(r#"{{"schema": "smbsign.run/1", "{key}": {value}}}"#);
    says(of("measurements", &list("{}", 1_000_000)), &["list of more than 100000 entries"]);
    says(of("measurements", &list(&list("0", 90_000), 90)), &["more than 8000000 values"]);
    says(of("config", &list(&list("0", 1_000), 101)), &["more than 100000 values"]);
    says(of("command", &format!("\"{}\"", "x".repeat((1 << 20) + 1))), &["a string of 1048577 bytes"]);
    says(of(&"k".repeat((1 << 20) + 1), "0"), &["a string of 1048577 bytes"]);
    says(
        of("config", &format!("{}{}", "[".repeat(40), "]".repeat(40))),
        &["32 lists and objects within one"],
    );
    says(of("unknown", &"[".repeat(1_000_000)), &["32 lists and objects within one"]);
    says(of("unknown", &r#"{"a":"#.repeat(1_000_000)), &["32 lists and objects within one"]);
}

#[test]
fn a_strangers_text_does_not_reach_the_terminal_as_it_is() {
    for escape in ["\u{1b}[2J", "\u{9b}2J", "\r", "\u{7f}", "\0"] {
        says(with("/command", json!(escape)), &["control characters", "line "]);
        says(with("/schema", json!(escape)), &["control characters"]);
        says(format!(r#"{{{}: 0}}"#, json!(escape)), &["control characters"]);
    }
    let long = "x".repeat(1 << 20);
    says(with("/measurements/0/engine", json!(long)), &["unknown variant", "…", "line "]);
    says(with("/schema", json!(long)), &["…"]);
}
