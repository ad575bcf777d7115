//! `smbsign ab` through the real binary: against itself, with trials too short to mean anything, and against programs that
//! are no side of a comparison.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use smbsign::record;
use tempfile::TempDir;

const SMBSIGN: &str = env!("CARGO_BIN_EXE_smbsign");

/// One cell, two slices of a millisecond.
const FEW: [&str; 5] =
    ["--dialect=3.1.1", "--protection=aes-128-cmac", "--message-size=4KiB", "--duration=2ms", "--slices=2"];

fn command(old: &Path, new: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(SMBSIGN);
    command.arg("ab").args([old, new]).args(FEW).args(["--floor=none", "--quiet"]).args(more);
    command
}

fn ab(old: &Path, new: &Path, more: &[&str]) -> Output {
    command(old, new, more).arg("--looks=20").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A program of one line of shell.
fn script(directory: &TempDir, name: &str, line: &str) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What is said of an OLD of one line of shell, which no comparison comes of.
fn refused(line: &str, code: i32) -> String {
    let directory = TempDir::new().unwrap();
    let old = script(&directory, "old", line);
    // Whoever falls silent here does so for good; whoever speaks is given the time that a busy machine takes.
    let patience = if line.contains("sleep") { "--patience=500ms" } else { "--patience=60s" };
    let output = ab(&old, SMBSIGN.as_ref(), &[patience, "--format=json"]);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    stderr(&output)
}

#[test]
fn a_binary_against_itself_is_judged_by_all_its_rounds_which_are_kept() {
    let directory = TempDir::new().unwrap();
    let kept = format!("--record={}", directory.path().display());
    let output = ab(SMBSIGN.as_ref(), SMBSIGN.as_ref(), &["--format=json", &kept]);
    let comparison: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(comparison["schema"], "smbsign.compare/1");
    let code = match comparison["verdict"].as_str().unwrap() {
        "regressed" => 1,
        "inconclusive" => 3,
        _ => 0,
    };
    assert_eq!(output.status.code(), Some(code));
    let cells = comparison["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 1, "the baseline is the other side: {comparison}");
    assert_eq!(cells[0]["cell"]["protection"], "aes-128-cmac");
    assert_eq!(cells[0]["rounds"], 20);
    let [low, ratio, high] = ["low", "ratio", "high"].map(|key| cells[0][key].as_f64().unwrap());
    assert!(0.0 < low && low <= ratio && ratio <= high, "{low} {ratio} {high}");

    let run = fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let [old, new] = ["old", "new"].map(|side| record::read_runs(&run.join(side)).unwrap());
    assert_eq!((old.len(), new.len()), (20, 20));
    let seed = |run: &record::Kept| run.run.config["seed"].clone();
    let (old_seeds, new_seeds): (Vec<_>, Vec<_>) =
        (old.iter().map(seed).collect(), new.iter().map(seed).collect());
    assert_eq!(old_seeds, new_seeds, "both sides visit the same cells with the same keys");
    assert_ne!(old_seeds[0], old_seeds[1]);
    assert!(old.iter().chain(&new).all(|kept| kept.run.measurements[0].trials.len() == 2));
    let again: Value = serde_json::from_slice(&fs::read(run.join("comparison.json")).unwrap()).unwrap();
    assert_eq!(again, comparison);
}

#[test]
fn a_side_that_is_no_side_is_named_with_the_reason() {
    let said = refused("echo no space left >&2; exit 7", 2);
    assert!(said.contains("OLD ended with") && said.contains("no space left"), "{said}");
    let said = refused("echo hello", 2);
    assert!(said.contains("OLD printed something that is no record"), "{said}");
    let said = refused("exec sleep 60", 2);
    assert!(said.contains("OLD said nothing for 500ms"), "{said}");
    let said = refused("echo \"error: unexpected argument '--in-step' found\" >&2; exit 2", 2);
    assert!(said.contains("OLD does not know `run --in-step`") && said.contains("older"), "{said}");
    let said = refused("echo aes-128-cmac gave a wrong answer >&2; exit 5", 5);
    assert!(said.contains("OLD failed its known-answer self-check"), "{said}");
    let said = refused("echo turn another cell; read -r line", 2);
    assert!(said.contains("the sides measure different cells"), "{said}");
    let said = refused("exec yes | head -c 100000000", 2);
    assert!(said.contains("OLD printed something that is no record"), "{said}");
    let nobody = ab("/no/such/program".as_ref(), SMBSIGN.as_ref(), &[]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(stderr(&nobody).contains("OLD cannot be started"), "{}", stderr(&nobody));
}

#[test]
fn what_was_measured_before_a_side_died_is_kept() {
    let directory = TempDir::new().unwrap();
    let rounds = directory.path().join("rounds");
    let tired =
        format!("echo >> {0}; [ $(wc -l < {0}) -lt 4 ] && exec {SMBSIGN} \"$@\"; exit 1", rounds.display());
    let new = script(&directory, "new", &tired);
    let kept = directory.path().join("kept");
    let output = ab(SMBSIGN.as_ref(), &new, &[&format!("--record={}", kept.display())]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("in round 4") && said.contains("NEW ended with") && said.contains("kept in"),
        "{said}"
    );
    let run = fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    for side in ["old", "new"] {
        let whole = record::read_runs(&run.join(side)).unwrap();
        let whole = whole.iter().filter(|kept| kept.run.state == record::State::Complete);
        assert_eq!(whole.count(), 3, "{side}");
    }
}

#[test]
fn ctrl_c_ends_both_sides_and_shows_what_there_is() {
    let directory = TempDir::new().unwrap();
    let more = [&format!("--record={}", directory.path().display()), "--looks=100000", "--format=json"];
    let mut command = command(SMBSIGN.as_ref(), SMBSIGN.as_ref(), &more);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let first_is_kept = || {
        let run = fs::read_dir(directory.path()).unwrap().flatten().next();
        run.is_some_and(|run| run.path().join("new/round-001.json").exists())
    };
    let since = Instant::now();
    while !first_is_kept() {
        assert!(since.elapsed() < Duration::from_secs(60), "no round came to its end");
        thread::sleep(Duration::from_millis(10));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let comparison: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(comparison["cells"][0]["rounds"].as_u64().unwrap() >= 1);
    assert!(comparison["notes"].to_string().contains("interrupted"), "{comparison}");
}

#[test]
fn a_floor_is_recorded_and_found_again() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("floor.json");
    let recorded = Command::new(SMBSIGN)
        .arg("ab")
        .args([SMBSIGN, SMBSIGN])
        .args(FEW)
        .args(["--looks=20", "--quiet", "--record-floor"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(matches!(recorded.status.code(), Some(0 | 1 | 3)), "{}", stderr(&recorded));
    let floor: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!((&floor["schema"], &floor["cells"][0]["rounds"]), (&"smbsign.floor/1".into(), &20.into()));
    for size in ["shift", "spread"] {
        assert!(floor["cells"][0][size].as_f64().unwrap() >= 0.0, "{floor}");
    }
    let again = Command::new(SMBSIGN)
        .arg("ab")
        .args([SMBSIGN, SMBSIGN])
        .args(FEW)
        .args(["--looks=20", "--quiet", "--format=json", "--floor"])
        .arg(&file)
        .output()
        .unwrap();
    let comparison: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert!(!comparison["notes"].to_string().contains("no floor"), "{comparison}");
}

#[test]
fn options_that_run_refuses_are_refused_before_anything_starts() {
    for wrong in ["--protection=rot13", "--looks=19", "--looks=30,20", "--threshold=3", "--message-size=0"] {
        let output = Command::new(SMBSIGN).args(["ab", "/no/old", "/no/new", wrong]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(!stderr(&output).contains("cannot be started"), "{wrong}: {}", stderr(&output));
    }
}

#[test]
fn in_step_a_run_names_each_trial_and_waits() {
    let run = |input: &'static str| {
        let mut child = Command::new(SMBSIGN)
            .args([
                "run",
                "--in-step",
                "--rounds=1",
                "--format=json",
                "--quiet",
                "--link=max",
                "--workers=1",
                "--engine=serial",
            ])
            .args(&FEW[..4])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (turn, record) = said.split_once('\n').unwrap();
        assert!(turn.starts_with("turn 3.1.1 aes-128-cmac sign"), "{turn}");
        (output.status.code(), serde_json::from_str::<Value>(record).unwrap())
    };
    let (code, record) = run("\n");
    assert_eq!((code, &record["state"]), (Some(0), &"complete".into()));
    let cells = record["measurements"].as_array().unwrap();
    assert_eq!(cells.len(), 1, "unsigned runs only where it is asked for");
    for of_unsigned in ["vs_unsigned", "added_cpu_ns_per_message", "added_cpu_s_per_gb", "vs_server"] {
        assert_eq!(cells[0][of_unsigned], Value::Null, "{of_unsigned}");
    }
    let (code, record) = run("");
    assert_eq!((code, &record["state"]), (Some(3), &"interrupted".into()));
    assert_eq!(record["measurements"], Value::Array(Vec::new()));
}
