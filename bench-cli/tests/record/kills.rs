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
        "--protection=all",
        "--workers=1",
        "--message-size=4KiB",
        "--link=max",
    ]);
    command.args(["--rounds=10000", "--duration=2ms", "--quiet", "--record"]).arg(parent);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What a kill left.
#[derive(Debug)]
enum Left {
    Nothing,
    Directory,
    /// A record of so many cells.
    Record(usize),
}

fn left(parent: &Path) -> Left {
    let Some(directory) = first_entry(parent) else { return Left::Nothing };
    for entry in fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_temporary = name.starts_with(".record.json.") || name.starts_with(".README.md.");
        assert!(is_temporary || [RECORD, "README.md"].contains(&name.as_str()), "{name}");
    }
    match record::read_runs(&directory) {
        Ok(runs) => {
            assert_eq!((runs.len(), runs[0].run.state), (1, State::Measuring));
            assert_eq!(record::read_runs(parent).unwrap(), runs);
            Left::Record(runs[0].run.measurements.len())
        }
        Err(error) => {
            assert!(matches!(error.problem, Problem::NoRecord), "{error}");
            assert!(!directory.join(RECORD).exists());
            assert_eq!(record::read_runs(parent).unwrap_err().path, directory);
            Left::Directory
        }
    }
}

fn first_entry(parent: &Path) -> Option<PathBuf> {
    Some(fs::read_dir(parent).unwrap().next()?.unwrap().path())
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
fn a_run_killed_at_any_moment_leaves_a_readable_record_or_plainly_none() {
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
                wait_until(|| first_entry(parent.path()).is_some());
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
    println!("what {KILLS} kills left: {all:?}");
    assert!(all.iter().any(|left| matches!(left, Left::Record(1..))), "{all:?}");
}
