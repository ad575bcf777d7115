//! `smbsign report` through the real binary: from a run that is kept to every form of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use smbsign::record::{self, Run};

use crate::benchfmt;
use crate::exports::{Bmf, Entry};
use crate::forms::run;

const FORMATS: [&str; 7] = ["table", "json", "csv", "markdown", "bmf", "github-action-benchmark", "benchfmt"];

fn smbsign(arguments: &[&str], paths: &[&Path]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("smbsign"));
    command.args(arguments).args(paths).output().unwrap()
}

fn report(format: &str, paths: &[&Path]) -> String {
    let output = smbsign(&["report", "--format", format, "--quiet"], paths);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// What an error says; the exit code and an empty stdout are checked.
fn refused(format: &str, paths: &[&Path], code: i32) -> String {
    let output = smbsign(&["report", "--format", format], paths);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(code), [].as_slice()), "{message}");
    message
}

fn put(directory: &Path, name: &str, run: &Run) -> PathBuf {
    let directory = directory.join(name);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(record::RECORD), serde_json::to_vec(run).unwrap()).unwrap();
    directory
}

#[test]
fn a_run_that_was_kept_is_given_in_every_form() {
    let parent = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let run = [
            "run",
            "--engine=serial",
            "--dialect=3.1.1",
            "--protection=aes-128-cmac,aes-128-gmac",
            "--workers=1",
            "--rounds=2",
        ];
        let more = ["--message-size=4KiB", "--link=max", "--duration=20ms", "--quiet", "--record"];
        assert_eq!(smbsign(&[&run[..], &more[..]].concat(), &[parent.path()]).status.code(), Some(0));
    }
    let runs = record::read_runs(parent.path()).unwrap();
    let [one, two] = runs.as_slice() else { panic!("{runs:?}") };

    // A file, its directory and the directory of both come to the same; what is named twice is shown once.
    let paths: [&Path; 3] = [parent.path(), one.path.parent().unwrap(), &two.path];
    for format in FORMATS {
        assert_eq!(report(format, &paths), report(format, &[parent.path()]), "{format}");
    }

    let bmf: Bmf = serde_json::from_str(&report("bmf", &[parent.path()])).unwrap();
    assert_eq!(bmf.len(), 3);
    assert!(
        bmf.values().all(|measures| measures["latency"].value > 0.0 && measures["throughput"].value > 0.0)
    );
    let entries: Vec<Entry> =
        serde_json::from_str(&report("github-action-benchmark", &[parent.path()])).unwrap();
    assert_eq!(entries.len(), 3);
    let trials = |run: &Run| -> usize {
        let counted = |cell: &record::Measurement| match cell.quiet_trials().count() {
            0 => cell.trials.len(),
            quiet => quiet,
        };
        run.measurements.iter().map(counted).sum()
    };
    let file = benchfmt::read(&report("benchfmt", &[parent.path()]));
    assert_eq!(file.results.len(), trials(&one.run) + trials(&two.run));
    let json: serde_json::Value = serde_json::from_str(&report("json", &[parent.path()])).unwrap();
    assert_eq!(json["records"][0]["record"], serde_json::to_value(&one.run).unwrap());
    assert_eq!(
        report("markdown", &[&one.path]),
        fs::read_to_string(one.path.with_file_name("README.md")).unwrap()
    );
    assert_eq!(report("csv", &[parent.path()]).lines().count(), 7);
}

#[test]
fn what_is_no_record_ends_with_2_and_names_the_path() {
    let parent = tempfile::tempdir().unwrap();
    let good = put(parent.path(), "good", &run());
    let cut = put(parent.path(), "cut", &run());
    let text = fs::read(cut.join(record::RECORD)).unwrap();
    fs::write(cut.join(record::RECORD), &text[..text.len() / 2]).unwrap();
    fs::create_dir(parent.path().join("empty")).unwrap();
    for name in ["cut", "empty", "absent"] {
        let message = refused("bmf", &[&good, &parent.path().join(name)], 2);
        assert!(message.contains(name), "{message}");
    }
    assert_eq!(smbsign(&["report"], &[]).status.code(), Some(2));
    assert_eq!(smbsign(&["report", "--format", "xml"], &[&good]).status.code(), Some(2));
}

#[test]
fn records_of_two_machines_are_no_single_figure() {
    let parent = tempfile::tempdir().unwrap();
    let mut other = run();
    other.machine.cpu = "Another CPU".to_owned();
    let paths = [put(parent.path(), "one", &run()), put(parent.path(), "other", &other)];
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    for format in ["bmf", "github-action-benchmark"] {
        assert!(refused(format, &paths, 4).contains("Another CPU"));
    }
    assert_eq!(report("csv", &paths).lines().count(), 13);
}

#[test]
fn a_file_is_written_only_when_there_is_something_to_write() {
    let parent = tempfile::tempdir().unwrap();
    let good = put(parent.path(), "good", &run());
    let target = parent.path().join("benchmark.json");
    let option = format!("--output={}", target.display());
    let output = smbsign(&["report", "--format=bmf", &option], &[&parent.path().join("absent")]);
    assert_eq!((output.status.code(), target.exists()), (Some(2), false));
    let output = smbsign(&["report", "--format=bmf", &option], &[&good]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("1 cell without a figure"));
    assert_eq!(fs::read_to_string(&target).unwrap(), report("bmf", &[&good]));
    let output = smbsign(&["report", "--output=/nowhere/at/all"], &[&good]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_pipe_gets_no_colour_and_may_be_closed() {
    let parent = tempfile::tempdir().unwrap();
    let good = put(parent.path(), "good", &run());
    assert!(!report("table", &[&good]).contains('\u{1b}'));
    for format in FORMATS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(assert_cmd::cargo::cargo_bin!("smbsign"))
            .args(["report", "--quiet", "--format", format])
            .arg(&good)
            .stdout(writer)
            .output()
            .unwrap();
        assert_eq!(
            (String::from_utf8_lossy(&output.stderr).as_ref(), output.status.code()),
            ("", Some(0)),
            "{format}"
        );
    }
}
