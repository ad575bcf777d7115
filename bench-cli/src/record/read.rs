//! From a path to the runs that are kept there.
//!
//! A record may come from anywhere. Whatever the bytes are, the answer is a [`Run`] that can be relied on or a
//! [`ReadError`] that names the file and the place in it, in bounded time and memory.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::{Problem, ReadError};
use super::shape::Shape;
use super::{FORM, Run, SCHEMA, check};

/// A run's file within its directory.
pub const RECORD: &str = "record.json";

/// The longest record: a hundred cells of some thousand trials.
const FILE_BYTES: u64 = 256 << 20;
/// What a directory may hold.
const DIRECTORY_ENTRIES: usize = 10_000;

/// A run and the file that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub run: Run,
}

/// Reads one record file.
///
/// # Errors
///
/// The file cannot be read, is no record of a version that is known here, or says what cannot be.
pub fn read(path: &Path) -> Result<Run, ReadError> {
    parse(&content(path)?).map_err(|problem| problem.at(path))
}

/// Reads every run at a path, the earliest first: that of a record file or of a run's directory, or those in a directory
/// of both.
///
/// In a directory, the directories that hold a `record.json` are runs, and so are files named `*.json` unless they say
/// that they are of another form. What is hidden is not looked at, since it is being
/// written, or was when its process ended.
///
/// # Errors
///
/// Those of [`read`] for any record among them, since a verdict over the others would hide it; no record at all.
pub fn read_runs(path: &Path) -> Result<Vec<Kept>, ReadError> {
    if !metadata(path)?.is_dir() {
        return Ok(vec![kept(path)?]);
    }
    let own = path.join(RECORD);
    if is_there(&own)? {
        return Ok(vec![kept(&own)?]);
    }
    let mut runs = Vec::new();
    // Two names of one file are one run.
    let mut seen = BTreeSet::new();
    for entry in entries(path)? {
        let Some(kept) = entry_run(&entry)? else { continue };
        let file = kept.path.canonicalize().map_err(|error| Problem::Io(error).at(&kept.path))?;
        if seen.insert(file) {
            runs.push(kept);
        }
    }
    if runs.is_empty() {
        return Err(Problem::NoRecord.at(path));
    }
    runs.sort_by(|one, other| (one.run.started, &one.path).cmp(&(other.run.started, &other.path)));
    Ok(runs)
}

/// A regular file's bytes, if there are no more than a record may have. Pipes and devices are not opened: that alone can
/// wait for ever.
///
/// # Errors
///
/// The file cannot be read, is none, or is too long.
pub fn content(path: &Path) -> Result<Vec<u8>, ReadError> {
    let metadata = metadata(path)?;
    if !metadata.is_file() {
        return Err(Problem::NoFile.at(path));
    }
    if metadata.len() > FILE_BYTES {
        return Err(Problem::TooLong { limit: FILE_BYTES }.at(path));
    }
    let mut bytes = Vec::new();
    // What is appended meanwhile is not read.
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES).read_to_end(&mut bytes))
        .map_err(|error| Problem::Io(error).at(path))?;
    Ok(bytes)
}

/// A record from its bytes.
///
/// # Errors
///
/// The bytes are no record of a version that is known here, or say what cannot be.
pub fn parse(bytes: &[u8]) -> Result<Run, Problem> {
    match Shape::of(bytes)?.form {
        Some(form) if form == SCHEMA => {}
        Some(found) if found.starts_with(FORM) => return Err(Problem::OtherVersion { found }),
        Some(found) => return Err(Problem::OtherForm { found }),
        None => return Err(Problem::NoForm),
    }
    let run = serde_json::from_slice(bytes).map_err(|error| Problem::json(&error))?;
    check::run(&run)?;
    Ok(run)
}

/// The run of a directory's entry, if it is one.
fn entry_run(path: &Path) -> Result<Option<Kept>, ReadError> {
    if metadata(path)?.is_dir() {
        let record = path.join(RECORD);
        return if is_there(&record)? { kept(&record).map(Some) } else { Ok(None) };
    }
    if path.extension().is_none_or(|extension| extension != "json") {
        return Ok(None);
    }
    match kept(path) {
        Err(ReadError { problem: Problem::OtherForm { .. }, .. }) => Ok(None),
        read => read.map(Some),
    }
}

fn kept(path: &Path) -> Result<Kept, ReadError> {
    Ok(Kept { path: path.to_owned(), run: read(path)? })
}

fn metadata(path: &Path) -> Result<fs::Metadata, ReadError> {
    fs::metadata(path).map_err(|error| Problem::Io(error).at(path))
}

/// Whether there is something of this name; a link that leads nowhere is.
fn is_there(path: &Path) -> Result<bool, ReadError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Problem::Io(error).at(path)),
    }
}

/// What is in a directory, hidden files left out.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |error| Problem::Io(error).at(directory);
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if paths.len() == DIRECTORY_ENTRIES {
            return Err(Problem::TooManyEntries { limit: DIRECTORY_ENTRIES }.at(directory));
        }
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}
