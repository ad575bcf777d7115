//! The recorded runs in `results/`: whole, readable, and each with its sentence in the index.

use std::fs;
use std::path::{Path, PathBuf};

use smbsign::record::{self, State};

fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../results")
}

/// Whether the index has a row for a run, with a number in what it says of it.
fn is_told(index: &str, name: &str) -> bool {
    let says_a_number = |row: &str| row.chars().any(|letter| letter.is_ascii_digit());
    index.lines().any(|line| {
        line.split_once(name).is_some_and(|(_, row)| says_a_number(row.replace(name, "").as_str()))
    })
}

/// What another binary keeps: its file, its form, and what the form lists. They belong to `benches`, which depends on this
/// package.
const OTHERS: [(&str, &str, &str); 2] =
    [("peers.json", "smbsign.peers/1", "rows"), ("bars.json", "smbsign.bars/1", "figures")];

/// What one of [`OTHERS`] was called with.
fn command_of_other(run: &Path) -> Option<String> {
    let (path, schema, list) = OTHERS
        .map(|(file, schema, list)| (run.join(file), schema, list))
        .into_iter()
        .find(|(path, ..)| path.exists())?;
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(kept["schema"], schema);
    assert!(!kept[list].as_array().unwrap().is_empty());
    Some(kept["command"].as_str().unwrap().to_owned())
}

#[test]
fn a_sentence_without_a_number_tells_nothing() {
    let index = "| [2026-01-02-example](2026-01-02-example) | 10GbE takes 0.8 cores |\n| 2026-01-03-example | faster |";
    assert!(is_told(index, "2026-01-02-example"));
    assert!(!is_told(index, "2026-01-03-example"));
    assert!(!is_told(index, "2026-01-04-example"));
}

#[test]
fn every_recorded_run_is_whole_and_has_its_sentence_in_the_index() {
    let index = fs::read_to_string(results().join("README.md")).unwrap();
    let entries = fs::read_dir(results()).unwrap().map(|entry| entry.unwrap().path());
    let runs: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    println!("{} recorded runs", runs.len());
    for run in runs {
        let name = run.file_name().unwrap().to_str().unwrap();
        let command = command_of_other(&run).unwrap_or_else(|| {
            let record = record::read(&run.join(record::RECORD)).unwrap();
            assert_eq!(record.state, State::Complete, "{name}");
            record.command
        });
        let readme = fs::read_to_string(run.join("README.md")).unwrap();
        assert!(readme.contains(&command), "{name}");
        assert!(is_told(&index, name), "results/README.md says nothing of {name}, or no number");
    }
}
