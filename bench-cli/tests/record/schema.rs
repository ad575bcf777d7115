//! The published JSON Schemas: as the types say, and true of what is written.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use smbsign::record::{RECORD, SCHEMA};
use smbsign::regression::{CellFloor, Comparison, Floor, Options, compare_runs};
use smbsign::{report, schema};

use crate::kept::{run, started, with};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn published(form: &str) -> Validator {
    let published = schema::published().into_iter().find(|published| published.form == form).unwrap();
    let text = fs::read_to_string(project().join("schema").join(published.file_name())).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn errors(validator: &Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let directory = project().join("schema");
    let mut files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    for published in schema::published() {
        let file = directory.join(published.file_name());
        let mut made = Vec::new();
        report::json(&published.schema, &mut made).unwrap();
        let kept = fs::read(&file).unwrap_or_default();
        assert!(made == kept, "{}: write it anew: cargo run -p smbsign --example schemas", file.display());
        files.retain(|other| *other != file);
    }
    assert_eq!(files, Vec::<PathBuf>::new(), "schemas of no form");
}

#[test]
fn recorded_runs_are_as_the_schema_says() {
    let validator = published(SCHEMA);
    let entries = fs::read_dir(project().join("results")).unwrap();
    let records: Vec<_> =
        entries.map(|entry| entry.unwrap().path().join(RECORD)).filter(|record| record.exists()).collect();
    println!("{} recorded runs", records.len());
    for record in records {
        let document = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
        assert_eq!(errors(&validator, &document), Vec::<String>::new(), "{}", record.display());
    }
}

#[test]
fn a_fresh_run_is_as_the_schema_says() {
    let arguments = "run --dialect=SMB1,3.1.1 --link=1GbE,max --rounds=1 --duration=10ms --workers=1 \
        --message-size=4KiB --direction=all --format=json";
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("smbsign");
    let output = command.args(arguments.split_whitespace()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let document = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(errors(&published(SCHEMA), &document), Vec::<String>::new());
}

#[test]
fn a_comparison_and_a_floor_are_as_their_schemas_say() {
    let mut runs: Vec<_> = (0..3).map(|hour| started(&format!("0{hour}:00:00"))).collect();
    runs[0].measurements[2].error = Some("a message does not verify".to_owned());
    let options = Options { threshold: 0.03, floor: None, ignored: Vec::new() };
    let comparison = compare_runs(&runs, &runs, &options).unwrap();
    assert!(!comparison.cells.is_empty() && !comparison.unjudged.is_empty(), "{comparison:?}");
    assert_eq!(errors(&published(Comparison::SCHEMA), &json!(comparison)), Vec::<String>::new());
    let floor = Floor {
        schema: Floor::SCHEMA.to_owned(),
        machine: runs[0].machine.clone(),
        tool: runs[0].tool.clone(),
        cells: vec![CellFloor {
            cell: comparison.cells[0].cell.clone(),
            shift: 0.0,
            spread: 0.02,
            rounds: 20,
        }],
    };
    assert_eq!(errors(&published(Floor::SCHEMA), &json!(floor)), Vec::<String>::new());
    assert_ne!(errors(&published(Floor::SCHEMA), &json!(comparison)), Vec::<String>::new());
}

#[test]
fn the_schema_refuses_what_no_record_says() {
    let validator = published(SCHEMA);
    assert_eq!(errors(&validator, &json!(run())), Vec::<String>::new());
    for (pointer, value) in [
        ("/schema", json!("smbsign.run/2")),
        ("/started", json!(0)),
        ("/state", json!("done")),
        ("/measurements/0/dialect", json!("SMB2")),
        ("/measurements/0/protection", json!("rot13")),
        ("/measurements/0/engine", json!("warp")),
        ("/measurements/0/achieved_gbps", json!(null)),
        ("/measurements/0/latency_ns/p50", json!("48 us")),
        ("/measurements/0/trials/0/wall_ns", json!(-1)),
        ("/measurements/0/trials/0", json!({})),
    ] {
        let document = serde_json::from_str(&with(pointer, value)).unwrap();
        assert_ne!(errors(&validator, &document), Vec::<String>::new(), "{pointer}");
    }
}
