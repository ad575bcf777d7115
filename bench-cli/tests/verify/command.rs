//! The program itself: what it prints and how it exits.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

use crate::sets;

const CAPTURE: &str = "smb311-aes-gmac-smbtorture-reauth-reconnect";

fn smbsign(arguments: &[&Path]) -> Command {
    let mut command = Command::cargo_bin("smbsign").unwrap();
    command.arg("verify").args(arguments).env_remove("SMBSIGN_PASSWORD");
    command
}

/// A directory of its own for each test.
fn scratch(test: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn json_of(command: &mut Command, code: i32) -> Value {
    let output = command.args(["--format", "json"]).assert().code(code).get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

#[test]
fn a_good_capture_exits_with_0_and_counts_in_json() {
    let capture = sets::named(CAPTURE);
    let json = json_of(&mut smbsign(&[&capture.path]), 0);
    assert_eq!(json["schema"], "smbsign.verify/1");
    for count in ["messages", "signed", "verified", "failed", "unsigned", "transforms"] {
        assert_eq!(json["captures"][0][count], capture.json["expected"][count], "{count}");
        assert_eq!(json["total"][count], capture.json["expected"][count], "{count}");
    }
    assert_eq!(json["captures"][0]["echoed"], capture.json["expected"]["echoed_signature"]);
}

#[test]
fn a_flipped_bit_exits_with_1_and_names_its_frame() {
    let directory = scratch("flipped");
    let capture = sets::named(CAPTURE);
    let mut bytes = fs::read(&capture.path).unwrap();
    // In the body behind the twentieth header: a message of a session long set up.
    let mut headers = bytes.windows(5).enumerate().filter(|(_, window)| window == b"\xfeSMB@");
    let at = headers.nth(19).unwrap().0 + 70;
    bytes[at] ^= 0x10;
    let path = directory.join("flipped.pcap");
    fs::write(&path, bytes).unwrap();
    fs::copy(capture.path.with_extension("json"), path.with_extension("json")).unwrap();

    let json = json_of(&mut smbsign(&[&path]), 1);
    let failures = json["captures"][0]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    let failure = &failures[0];
    assert_eq!(failure["dialect"], "3.1.1");
    let digits = |key: &str| failure[key].as_str().unwrap().len();
    assert_eq!((digits("expected"), digits("found")), (32, 32));
    let table = smbsign(&[&path]).assert().code(1).get_output().stdout.clone();
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains(&format!("frame {}", failure["frame"])), "{table}");
    assert!(!table.contains('\x1b'), "no colour in a pipe");
}

#[test]
fn missing_keys_exit_with_3_and_name_the_session() {
    let directory = scratch("keyless");
    let path = directory.join("keyless.pcap");
    fs::copy(&sets::named(CAPTURE).path, &path).unwrap();
    let assert = smbsign(&[&path]).assert().code(3);
    let told = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(told.contains("session 000000002f66db8c"), "{told}");
}

#[test]
fn a_password_alone_suffices_and_may_come_from_a_file_or_the_environment() {
    let directory = scratch("password");
    let path = directory.join("capture.pcap");
    let capture = sets::named(CAPTURE);
    fs::copy(&capture.path, &path).unwrap();
    let [user, domain, password] = capture.accounts()[0];
    let file = directory.join("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    let command = || {
        let mut command = smbsign(&[&path]);
        command.args(["--user", user, "--domain", domain]);
        command
    };
    command().args(["--password", password]).assert().code(0);
    command().arg("--password-file").arg(&file).assert().code(0);
    command().env("SMBSIGN_PASSWORD", password).assert().code(0);
    command().assert().code(2);
    smbsign(&[&path]).args(["--password", password]).assert().code(2);
}

#[test]
fn a_given_password_is_never_mixed_with_the_key_file() {
    let capture = sets::named(CAPTURE);
    smbsign(&[&capture.path]).args(["--user", "alice", "--password", "another"]).assert().code(3);
}

#[test]
fn a_truncated_capture_gives_what_is_left_and_says_where_it_ends() {
    let directory = scratch("truncated");
    let capture = sets::named(CAPTURE);
    let bytes = fs::read(&capture.path).unwrap();
    let path = directory.join("truncated.pcap");
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    fs::copy(capture.path.with_extension("json"), path.with_extension("json")).unwrap();
    let json = json_of(&mut smbsign(&[&path]), 2);
    assert!(json["total"]["verified"].as_u64().unwrap() > 20);
    let damage = json["captures"][0]["damage"][0].as_str().unwrap();
    assert!(damage.contains("packet"), "{damage}");
}

#[test]
fn what_is_no_capture_exits_with_2_and_the_others_are_still_reported() {
    let directory = scratch("garbage");
    let garbage = directory.join("garbage.pcap");
    fs::write(&garbage, b"this is no capture at all").unwrap();
    let missing = directory.join("missing.pcap");
    let capture = sets::named(CAPTURE);
    let json = json_of(&mut smbsign(&[&garbage, &capture.path, &missing]), 2);
    let captures = json["captures"].as_array().unwrap();
    assert!(captures[0]["error"].is_string() && captures[2]["error"].is_string());
    assert_eq!(captures[1]["verified"], capture.json["expected"]["verified"]);
}

#[test]
fn a_key_file_that_is_none_exits_with_2() {
    let capture = sets::named(CAPTURE);
    smbsign(&[&capture.path]).arg("--keys").arg(&capture.path).assert().code(2);
}

#[test]
fn message_lists_have_the_columns_of_the_captures_own() {
    let directory = scratch("messages");
    let list = directory.join("messages.csv");
    let capture = sets::named(CAPTURE);
    smbsign(&[&capture.path]).arg("--messages").arg(&list).assert().code(0);
    let ours = fs::read_to_string(&list).unwrap();
    let theirs = fs::read_to_string(capture.path.with_extension("messages.csv")).unwrap();
    assert_eq!(ours.lines().next(), theirs.lines().next());
    assert_eq!(ours.lines().count(), theirs.lines().count());

    smbsign(&[&capture.path, &capture.path]).arg("--messages").arg(&list).assert().code(0);
    assert!(fs::read_to_string(&list).unwrap().starts_with("capture,frame,"));
}
