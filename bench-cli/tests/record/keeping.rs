//! `smbsign run --record` through the real binary: what stands on disk, whatever becomes of the run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use smbsign::record::{Run, State};

/// Three cells: SMB 3.1.1 unsigned, with AES-128-CMAC and with AES-128-GMAC.
const FEW: [&str; 7] = [
    "run",
    "--dialect=3.1.1",
    "--engine=serial",
    "--protection=aes-128-cmac,aes-128-gmac",
    "--workers=1",
    "--message-size=4KiB",
    "--link=max",
];

fn smbsign(parent: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("smbsign"));
    command.args(FEW).args(more).arg("--record").arg(parent);
    command
}

fn finished(parent: &Path, more: &[&str]) -> Output {
    let output = smbsign(parent, more).arg("--duration=20ms").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn runs(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten();
    let mut runs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    runs.sort();
    runs
}

fn record(run: &Path) -> Run {
    serde_json::from_slice(&fs::read(run.join("record.json")).unwrap()).unwrap()
}

/// A run of hours that ends with the test.
struct Hours(Option<Child>);

impl Hours {
    /// Starts it and waits until its record holds finished rounds of every cell.
    fn under_way(parent: &Path) -> (Self, PathBuf) {
        let mut command = smbsign(parent, &["--rounds=10000", "--duration=20ms"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let hours = Self(Some(child));
        let patience = Instant::now();
        loop {
            std::thread::sleep(Duration::from_millis(20));
            if let Some(run) = runs(parent).first()
                && run.join("record.json").exists()
                && record(run).measurements.iter().filter(|cell| cell.rounds >= 2).count() == 3
            {
                return (hours, run.clone());
            }
            assert!(patience.elapsed() < Duration::from_secs(60), "no round in a minute");
        }
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Hours {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn the_record_is_what_json_prints_and_the_readme_begins_with_the_command() {
    let parent = tempfile::tempdir().unwrap();
    let printed = finished(parent.path(), &["--rounds=2", "--format=json"]).stdout;
    let [run] = runs(parent.path()).try_into().unwrap();
    assert_eq!(fs::read(run.join("record.json")).unwrap(), printed);
    assert_eq!(record(&run).state, State::Complete);
    assert_eq!(record(&run).measurements.len(), 3);
    let readme = fs::read_to_string(run.join("README.md")).unwrap();
    assert!(readme.starts_with("# `smbsign run --dialect=3.1.1 "), "{readme}");
    assert!(readme.contains("| max | 3.1.1 | aes-128-gmac"), "{readme}");
    let mut files: Vec<_> =
        fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["README.md", "record.json"]);
}

#[test]
fn a_second_run_leaves_the_first_as_it_is() {
    let parent = tempfile::tempdir().unwrap();
    finished(parent.path(), &["--rounds=1"]);
    let [first] = runs(parent.path()).try_into().unwrap();
    let kept = fs::read(first.join("record.json")).unwrap();
    finished(parent.path(), &["--rounds=1"]);
    let second = PathBuf::from(format!("{}-2", first.display()));
    assert_eq!(runs(parent.path()), [first.clone(), second]);
    assert_eq!(fs::read(first.join("record.json")).unwrap(), kept);
}

#[test]
fn a_directory_that_cannot_be_made_fails_before_anything_is_measured() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let output = smbsign(&file, &["--duration=1h"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--record"), "{output:?}");
}

#[test]
fn several_plans_stand_in_one_record() {
    let parent = tempfile::tempdir().unwrap();
    finished(parent.path(), &["--rounds=1", "--transmit=all"]);
    let [run] = runs(parent.path()).try_into().unwrap();
    assert_eq!(record(&run).measurements.len(), 6);
    let readme = fs::read_to_string(run.join("README.md")).unwrap();
    assert!(readme.contains("| transmit none | max | 3.1.1 | aes-128-gmac"), "{readme}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_prints_and_keeps_what_it_measured() {
    use rustix::process::{Pid, Signal, kill_process};

    for signal in [Signal::INT, Signal::TERM] {
        let parent = tempfile::tempdir().unwrap();
        let (mut hours, run) = Hours::under_way(parent.path());
        kill_process(Pid::from_child(hours.child()), signal).unwrap();
        let output = hours.output();
        assert_eq!(output.status.code(), Some(3));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("aes-128-gmac") && printed.contains("Interrupted"), "{printed}");
        let kept = record(&run);
        assert_eq!((kept.state, kept.measurements.len()), (State::Interrupted, 3));
        assert!(kept.measurements.iter().all(|cell| cell.rounds >= 2 && cell.achieved_gbps > 0.0));
        assert!(fs::read_to_string(run.join("README.md")).unwrap().contains("Interrupted"));
    }
}

#[test]
fn a_killed_run_leaves_a_readable_record() {
    let parent = tempfile::tempdir().unwrap();
    let (mut hours, run) = Hours::under_way(parent.path());
    hours.child().kill().unwrap();
    hours.child().wait().unwrap();
    assert_eq!(record(&run).state, State::Measuring);
    assert!(record(&run).measurements.iter().all(|cell| cell.rounds >= 2 && cell.achieved_gbps > 0.0));
    assert!(fs::read_to_string(run.join("README.md")).unwrap().contains("still to come"));
}

#[test]
fn a_cell_is_on_disk_as_soon_as_it_has_its_trials() {
    let parent = tempfile::tempdir().unwrap();
    let mut command = smbsign(parent.path(), &["--rounds=1", "--duration=1s"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut seen = Vec::new();
    while child.try_wait().unwrap().is_none() {
        if let Some(run) = runs(parent.path()).first()
            && let Ok(text) = fs::read(run.join("record.json"))
        {
            let record: Value = serde_json::from_slice(&text).unwrap();
            seen.push(record["measurements"].as_array().unwrap().len());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    seen.dedup();
    assert!(seen.starts_with(&[0, 1, 2]), "{seen:?}");
}
