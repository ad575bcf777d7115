//! A run that was never measured, and places to keep it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use smbsign::record::{Protection, RECORD, Run, SCHEMA, State, Tool};
use smbsign_engine::protocol::{Dialect, SigningAlgorithm};

use crate::example::{cell, machine};

/// Two cells at a link and two at max, complete.
pub(crate) fn run() -> Run {
    let cmac = Protection::Signed(SigningAlgorithm::AesCmac);
    Run {
        schema: SCHEMA.to_owned(),
        tool: Tool { version: "0.1.0".to_owned(), commit: None, rustc: Some("rustc 1.95.0".to_owned()) },
        machine: machine(),
        command: "smbsign run --link 10GbE,max".to_owned(),
        started: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        state: State::Complete,
        config: serde_json::json!({"rounds": [1], "dump": null}),
        measurements: ["10GbE", "max"]
            .into_iter()
            .flat_map(|link| {
                [Protection::Unsigned, cmac].map(|protection| cell(Dialect::Smb311, protection, link))
            })
            .collect(),
        fits: Vec::new(),
        findings: vec!["AES-128-CMAC keeps 10GbE full.".to_owned()],
    }
}

/// The same that started at another time of the day.
pub(crate) fn started(time: &str) -> Run {
    Run { started: format!("2026-01-02T{time}Z").parse().unwrap(), ..run() }
}

/// The record with the value at a JSON pointer replaced.
pub(crate) fn with(pointer: &str, value: Value) -> String {
    let mut record = serde_json::to_value(run()).unwrap();
    *record.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    serde_json::to_string_pretty(&record).unwrap()
}

pub(crate) fn text(run: &Run) -> String {
    serde_json::to_string_pretty(run).unwrap()
}

/// Keeps a record as a run's directory does.
pub(crate) fn keep(directory: &Path, text: impl AsRef<[u8]>) -> PathBuf {
    fs::create_dir_all(directory).unwrap();
    let file = directory.join(RECORD);
    fs::write(&file, text).unwrap();
    file
}
