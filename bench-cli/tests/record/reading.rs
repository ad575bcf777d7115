//! From a path to the runs that are kept there.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use smbsign::record::{self, Fingerprint, Part, Problem, Run, State, mismatches};

use crate::kept::{keep, run, started, text, with};

/// The names of the files that runs were read from, in order, below `directory`.
fn read_names(directory: &Path) -> Vec<String> {
    let runs = record::read_runs(directory).unwrap();
    let name = |path: &Path| path.strip_prefix(directory).unwrap().display().to_string();
    runs.iter().map(|kept| name(&kept.path)).collect()
}

fn problem(path: &Path) -> Problem {
    record::read_runs(path).unwrap_err().problem
}

#[test]
fn what_was_kept_comes_back() {
    let parent = tempfile::tempdir().unwrap();
    for state in [State::Measuring, State::Interrupted, State::Complete] {
        let run = Run { state, ..run() };
        let file = keep(parent.path(), text(&run));
        assert_eq!(record::read(&file).unwrap(), run);
        assert_eq!(record::read_runs(&file).unwrap()[0].run, run);
        assert_eq!(record::read_runs(parent.path()).unwrap()[0].path, file);
    }
}

#[test]
fn keys_that_another_version_added_are_passed_over() {
    let mut record: Value = serde_json::from_str(&text(&run())).unwrap();
    for pointer in ["", "/tool", "/machine", "/measurements/0", "/measurements/0/trials/0"] {
        record.pointer_mut(pointer).unwrap()["added later"] = json!([{"x": null}]);
    }
    assert_eq!(record::parse(record.to_string().as_bytes()).unwrap(), run());
}

#[test]
fn a_directory_gives_its_runs_in_the_order_of_their_start() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path();
    keep(&path.join("b"), text(&started("02:00:00")));
    keep(&path.join("a"), text(&started("03:00:00")));
    fs::write(path.join("loose.json"), text(&started("01:00:00"))).unwrap();
    fs::write(path.join("floor-0123.json"), r#"{"schema": "smbsign.floor/1", "cells": []}"#).unwrap();
    fs::write(path.join(".record.json.x1"), "{").unwrap();
    fs::write(path.join("README.md"), "three runs").unwrap();
    keep(&path.join("notes/deeper"), "passed over");
    keep(&path.join(".run.x1"), "{");
    assert_eq!(read_names(path), ["loose.json", "b/record.json", "a/record.json"]);
}

#[test]
fn a_damaged_record_among_good_ones_is_an_error_that_names_it() {
    let parent = tempfile::tempdir().unwrap();
    keep(&parent.path().join("good"), text(&run()));
    for name in ["bad/record.json", "bad.json"] {
        let bad = parent.path().join(name);
        fs::create_dir_all(bad.parent().unwrap()).unwrap();
        fs::write(&bad, "{").unwrap();
        let error = record::read_runs(parent.path()).unwrap_err();
        assert_eq!(error.path, bad);
        assert!(error.to_string().contains("line 1 column"), "{error}");
        fs::remove_file(&bad).unwrap();
        let _ = fs::remove_dir(parent.path().join("bad"));
    }
    assert_eq!(read_names(parent.path()), ["good/record.json"]);
}

#[test]
fn where_no_record_is_there_is_no_run() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path();
    assert!(matches!(problem(&path.join("nowhere")), Problem::Io(_)));
    assert!(matches!(problem(path), Problem::NoRecord));
    fs::write(path.join("floor.json"), r#"{"schema": "smbsign.floor/1"}"#).unwrap();
    assert!(matches!(problem(path), Problem::NoRecord));
    keep(&path.join(".run.x1"), text(&run()));
    fs::create_dir(path.join("killed")).unwrap();
    fs::write(path.join("killed/.record.json.x1"), "{").unwrap();
    assert!(matches!(problem(path), Problem::NoRecord));
    assert!(matches!(problem(&path.join("killed")), Problem::NoRecord));
}

#[test]
fn a_directory_with_more_entries_than_anybody_keeps_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    for number in 0..=10_000 {
        fs::write(parent.path().join(number.to_string()), "").unwrap();
    }
    assert!(matches!(problem(parent.path()), Problem::TooManyEntries { .. }));
}

#[cfg(unix)]
#[test]
fn two_names_of_one_file_are_one_run_and_a_loop_of_links_is_an_error() {
    use std::os::unix::fs::symlink;

    let parent = tempfile::tempdir().unwrap();
    let path = parent.path();
    keep(&path.join("run"), text(&run()));
    symlink("run", path.join("latest")).unwrap();
    symlink(".", path.join("here")).unwrap();
    assert_eq!(record::read_runs(path).unwrap().len(), 1);
    symlink("loop.json", path.join("loop.json")).unwrap();
    assert_eq!(record::read_runs(path).unwrap_err().path, path.join("loop.json"));
    fs::remove_file(path.join("loop.json")).unwrap();
    fs::create_dir(path.join("gone")).unwrap();
    symlink("nowhere", path.join("gone/record.json")).unwrap();
    assert_eq!(record::read_runs(path).unwrap_err().path, path.join("gone/record.json"));
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_without_waiting_for_it() {
    use rustix::fs::{CWD, Mode, mkfifoat};

    let parent = tempfile::tempdir().unwrap();
    let pipe = parent.path().join(record::RECORD);
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    for path in [parent.path(), &pipe, Path::new("/dev/zero")] {
        assert!(matches!(problem(path), Problem::NoFile), "{}", path.display());
    }
    assert!(matches!(record::read(parent.path()).unwrap_err().problem, Problem::NoFile));
}

#[test]
fn a_file_longer_than_any_record_is_refused_unread() {
    let parent = tempfile::tempdir().unwrap();
    let file = keep(parent.path(), "");
    // A file with a hole takes no room on the disk.
    fs::File::options().write(true).open(&file).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(problem(&file), Problem::TooLong { .. }));
}

#[test]
fn the_parts_that_differ_are_named_with_both_values() {
    let base = run();
    let parts = |pointer: &str, value: Value| {
        let new = record::parse(with(pointer, value).as_bytes()).unwrap();
        mismatches(&Fingerprint::of(&base), &Fingerprint::of(&new))
    };
    for (pointer, value, part) in [
        ("/machine/cpu", json!("Another CPU"), Part::Cpu),
        ("/machine/features", json!(["aes"]), Part::Features),
        ("/machine/microcode", json!(null), Part::Microcode),
        ("/machine/cores", json!(3), Part::Cores),
        ("/machine/smt", json!(true), Part::Smt),
        ("/machine/hypervisor", json!("Xen"), Part::Hypervisor),
        ("/machine/kernel", json!("6.18.45"), Part::Kernel),
        ("/machine/page_size", json!(16384), Part::PageSize),
        ("/tool/rustc", json!("rustc 1.96.0"), Part::Rustc),
    ] {
        let [mismatch] = parts(pointer, value).try_into().unwrap();
        assert_eq!(mismatch.part, part);
    }
    let [kernel] = parts("/machine/kernel", json!("6.18.45")).try_into().unwrap();
    assert_eq!(kernel.to_string(), r#"kernel: "6.18.44" against "6.18.45""#);
    // What names the machine, or cannot bear on a figure, decides nothing.
    assert_eq!(parts("/machine/id", json!("edited")), []);
    assert_eq!(parts("/tool/commit", json!("0123456789ab")), []);
    assert_eq!(parts("/machine/features", json!(["vaes", "aes", "sha_ni"])), []);
}

#[test]
fn a_cell_tells_what_computed_in_it() {
    let base = &run().measurements[0];
    let new = smbsign::record::Measurement { implementation: "example 2.0".to_owned(), ..base.clone() };
    let [mismatch] = mismatches(&Fingerprint::of_cell(base), &Fingerprint::of_cell(&new)).try_into().unwrap();
    assert_eq!(mismatch.part, Part::Implementation);
}
