//! The real binary: help, usage errors, where output goes.

use std::process::Command;

use assert_cmd::assert::Assert;
use serde_json::Value;

fn smbsign(arguments: &[&str]) -> Assert {
    assert_cmd::cargo::cargo_bin_cmd!("smbsign").args(arguments).assert()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// What a usage error says; exit code 2 and an empty stdout are checked.
fn refused(arguments: &[&str]) -> String {
    let assert = smbsign(arguments).code(2);
    assert_eq!(stdout(&assert), "");
    stderr(&assert)
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = stdout(&smbsign(&["--help"]).success());
    for word in ["run", "verify", "compare", "ab", "policy", "report", "info", "Exit codes"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn every_command_has_the_output_options() {
    for command in ["run", "verify", "compare", "ab", "report", "info"] {
        let help = stdout(&smbsign(&[command, "--help"]).success());
        for option in ["--format", "--output", "--quiet"] {
            assert!(help.contains(option), "{command} {option}");
        }
    }
}

#[test]
fn an_unknown_value_is_answered_with_those_that_are_accepted() {
    for (option, value, accepted) in [
        ("--dialect", "3.2", "3.1.1"),
        ("--protection", "sha1", "aes-128-gmac"),
        ("--engine", "turbo", "serial"),
        ("--link", "fast", "10GbE"),
        ("--direction", "up", "verify"),
        ("--profile", "video", "bulk-write"),
        ("--message-size", "64KB", "4KiB"),
        ("--set", "warm", "cold"),
        ("--transmit", "move", "copy"),
        ("--backend", "neon9", "portable"),
        ("--mtu", "1400", "9000"),
        ("--packing", "loose", "stream"),
        ("--duration", "0s", "20ms"),
        ("--format", "xml", "json"),
    ] {
        let message = refused(&["run", option, value]);
        assert!(message.contains(option) && message.contains(accepted), "{message}");
    }
}

#[test]
fn options_that_do_not_go_together_are_refused_with_the_reason() {
    let message = refused(&["run", "--dialect", "SMB1", "--protection", "aes-128-gmac"]);
    assert!(message.contains("aes-128-gmac exists in 3.1.1"), "{message}");
    let message = refused(&["run", "--dialect", "3.0,3.1.1", "--protection", "aes-128-gmac"]);
    assert!(message.contains("3.0 knows none, aes-128-cmac"), "{message}");
    let message = refused(&["run", "--dialect", "SMB1", "--message-size", "1MiB"]);
    assert!(message.contains("131071"), "{message}");
    let message = refused(&["run", "--profile", "capture:tests/cli.rs", "--message-size", "4KiB"]);
    assert!(message.contains("--message-size"), "{message}");
    let message = refused(&["run", "--profile", "capture:absent.pcap"]);
    assert!(message.contains("absent.pcap"), "{message}");
}

#[test]
fn an_option_that_nothing_implements_is_unknown() {
    let message = refused(&["run", "--max-wait", "20us"]);
    assert!(message.contains("--max-wait"), "{message}");
}

#[test]
fn a_bad_output_path_fails_before_anything_is_measured() {
    for option in ["--output", "--dump"] {
        let message = refused(&["run", "--duration", "1h", option, "/nowhere/at/all.pcap"]);
        assert!(message.contains(option) && message.contains("/nowhere/at/all.pcap"), "{message}");
    }
}

#[test]
fn info_is_one_json_document_on_stdout() {
    let assert = smbsign(&["info", "--format", "json", "--quiet"]).success();
    let info: Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!(info["schema"], "smbsign.info/1");
    assert_eq!(info["algorithms"].as_array().unwrap().len(), 8);
    assert!(info["backends"].as_array().unwrap().iter().any(|backend| backend == "portable"));
    assert_eq!(stderr(&assert), "");
}

#[test]
fn info_is_written_to_a_file_that_it_replaces() {
    let path = std::env::temp_dir().join(format!("smbsign-info-{}.csv", std::process::id()));
    std::fs::write(&path, "x".repeat(100_000)).unwrap();
    let assert = smbsign(&["info", "--format", "csv", "--output", path.to_str().unwrap()]).success();
    assert_eq!(stdout(&assert), "");
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(written.starts_with("machine_id,protection"), "{written}");
    assert_eq!(written.lines().count(), 9);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(assert_cmd::cargo::cargo_bin!("smbsign"))
        .args(["info", "--format", "json"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
