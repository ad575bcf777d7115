//! `kill -9` at any moment: what a run leaves is a record that can be read, or plainly none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use smbsign::record::{self, Problem, RECORD, State};

const KILLS: u64 = 32;

fn recording(parent: &Path) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("smbsign"));
    command.args([
        "run",
        "--dialect=3.1.1",
        "--engine=serial",
        "--protection=all",
        "--workers=1",
        "--message-size=4KiB",
        "--link=max",
    ]);
    command.args(["--rounds=10000", "--duration=2ms", "--quiet", "--record"]).arg(parent);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What a kill left: no run, or the record of one with so many cells.
fn left(parent: &Path) -> Option<usize> {
    let directories: Vec<_> = entries(parent).into_iter().filter(|entry| !is_hidden(entry)).collect();
    let [directory] = directories.as_slice() else {
        assert_eq!(directories, Vec::<PathBuf>::new());
        assert!(matches!(record::read_runs(parent).unwrap_err().problem, Problem::NoRecord));
        return None;
    };
    for entry in entries(directory) {
        let name = entry.file_name().unwrap();
        assert!(is_hidden(&entry) || name == RECORD || name == "README.md", "{}", entry.display());
    }
    let [kept] = record::read_runs(parent).unwrap().try_into().unwrap();
    assert_eq!((&kept.path, kept.run.state), (&directory.join(RECORD), State::Measuring));
    Some(kept.run.measurements.len())
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().unwrap().as_encoded_bytes().starts_with(b".")
}

/// Waits for the moment that a kill is counted from: the start, the directory, the first cell on disk.
fn wait_until(moment: impl Fn() -> bool) {
    let patience = Instant::now();
    while !moment() {
        assert!(patience.elapsed() < Duration::from_secs(60), "not in a minute");
        std::thread::yield_now();
    }
}

#[test]
fn a_run_killed_at_any_moment_leaves_a_readable_record_or_no_run() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut all = Vec::new();
    for kill in 0..KILLS {
        let parent = tempfile::tempdir().unwrap();
        let mut child = recording(parent.path());
        let has_cells = || {
            let runs = record::read_runs(parent.path());
            runs.is_ok_and(|runs| !runs[0].run.measurements.is_empty())
        };
        let within_us = match kill % 4 {
            0 => 100_000,
            1 => {
                wait_until(|| !entries(parent.path()).is_empty());
                2_000
            }
            _ => {
                wait_until(has_cells);
                50_000
            }
        };
        std::thread::sleep(Duration::from_micros(random.u64(0..within_us)));
        child.kill().unwrap();
        child.wait().unwrap();
        all.push(left(parent.path()));
    }
    println!("cells in what {KILLS} kills left: {all:?}");
    assert!(all.iter().any(|left| left.is_some_and(|cells| cells > 0)), "{all:?}");
}
