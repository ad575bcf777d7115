//! Which reader a file is for.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Place, Source, audit_events, gpt_tmpl, powershell, reg_file, registry_pol, samba};

/// A file or directory that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct Unreadable {
    path: String,
    source: std::io::Error,
}

impl Unreadable {
    pub(super) fn new(path: &Path, source: std::io::Error) -> Self {
        Self { path: path.display().to_string(), source }
    }
}

/// Reads an export, by its ending and else by how it begins.
///
/// # Errors
///
/// The file cannot be read. What is in it never is an error: see [`Source::warnings`].
pub fn read(path: &Path) -> Result<Source, Unreadable> {
    let bytes = fs::read(path).map_err(|error| Unreadable::new(path, error))?;
    let file = path.display().to_string();
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    Ok(match ending.as_deref() {
        Some("reg") => reg_file(&file, &bytes),
        Some("inf") => gpt_tmpl(&file, &bytes),
        Some("pol") => registry_pol(&file, &bytes),
        Some("json") => powershell(&file, &bytes),
        Some("csv") => audit_events(&file, &bytes),
        Some("conf") => samba(&file, &bytes),
        _ => by_beginning(&file, &bytes),
    })
}

fn by_beginning(file: &str, bytes: &[u8]) -> Source {
    let mut unsaid = Source::default();
    let text = super::text::decoded(bytes.get(..4096).unwrap_or(bytes), file, &mut unsaid);
    let begins = |start: &str| text.trim_start().starts_with(start);
    if bytes.starts_with(b"PReg") {
        registry_pol(file, bytes)
    } else if begins("Windows Registry Editor") || begins("REGEDIT4") {
        reg_file(file, bytes)
    } else if begins("{") || begins("[{") || begins("[\n") || begins("[\r") {
        powershell(file, bytes)
    } else if text.contains("[Registry Values]") || begins("[Unicode]") {
        gpt_tmpl(file, bytes)
    } else if text.contains("[global]") {
        samba(file, bytes)
    } else {
        let mut source = Source::default();
        source.warn(Place::file(file), "no export that is known: .reg, GptTmpl.inf, Registry.pol, PowerShell JSON, audit events as CSV, smb.conf");
        source
    }
}

/// Reads an export, or all of a directory and those below it, in the order of their names. Of a directory, files of no known
/// kind are left aside.
///
/// # Errors
///
/// A file or directory cannot be read.
pub fn read_all(path: &Path) -> Result<Vec<Source>, Unreadable> {
    if !path.is_dir() {
        return Ok(vec![read(path)?]);
    }
    let mut sources = Vec::new();
    for entry in entries(path)? {
        if entry.is_dir() {
            sources.extend(read_all(&entry)?);
        } else if is_export(&entry) {
            sources.push(read(&entry)?);
        }
    }
    Ok(sources)
}

/// What is in a directory, in the order of the names.
pub(super) fn entries(path: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    let unreadable = |error| Unreadable::new(path, error);
    let listed = fs::read_dir(path).map_err(unreadable)?;
    let mut entries =
        listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort();
    Ok(entries)
}

/// Whether a file's ending is that of an export.
pub(super) fn is_export(path: &Path) -> bool {
    let endings = ["reg", "inf", "pol", "json", "csv", "conf"];
    path.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
