//! Why there is no record to be had.

use std::io;
use std::path::{Path, PathBuf};

use super::SCHEMA;

/// A path without a record that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct ReadError {
    /// The file or directory.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The system does not let it be read.
    #[error("{0}")]
    Io(io::Error),
    /// It is a pipe, a device or a directory.
    #[error("is no regular file")]
    NoFile,
    /// The directory holds no record.
    #[error("holds no record: no record.json, no directory with one, no *.json of {SCHEMA}")]
    NoRecord,
    /// The directory holds too much.
    #[error("has more than {limit} entries")]
    TooManyEntries {
        /// So many would do.
        limit: usize,
    },
    /// The file is too long.
    #[error("is longer than {limit} bytes, the most that a record may have")]
    TooLong {
        /// So many bytes would do.
        limit: u64,
    },
    /// The text is no JSON, or not of the shape that a record has.
    #[error("is no {SCHEMA} that this version can read: {message}")]
    Json {
        /// What is wrong, and in which line and column.
        message: String,
    },
    /// It is JSON, but does not say of which form.
    #[error("has no \"schema\"; a record has {SCHEMA:?}")]
    NoForm,
    /// A record, but of a version that is not known here.
    #[error("is of {found:?}; this version reads {SCHEMA:?}")]
    OtherVersion {
        /// What it says that it is.
        found: String,
    },
    /// Something else than a record.
    #[error("is of {found:?}, which is no record; a record is of {SCHEMA:?}")]
    OtherForm {
        /// What it says that it is.
        found: String,
    },
    /// A value that cannot be.
    #[error("{place} {wrong}")]
    Value {
        /// Where it stands: `measurements[3].trials[0].wall_ns`.
        place: String,
        /// What is wrong with it.
        wrong: String,
    },
}

impl Problem {
    pub(super) fn at(self, path: &Path) -> ReadError {
        ReadError { path: path.to_owned(), problem: self }
    }

    /// The same one level further out.
    pub(super) fn within(self, outer: &str) -> Self {
        match self {
            Self::Value { place, wrong } => Self::Value { place: format!("{outer}.{place}"), wrong },
            other => other,
        }
    }

    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::Json { message: printable(&error.to_string()) }
    }
}

/// What stands in a stranger's file, fit for a terminal: without control characters, its middle left out if it is long.
/// The end stays, since there it says in which line and column.
pub(super) fn printable(text: &str) -> String {
    const END: usize = 120;
    let letters: Vec<char> = text
        .chars()
        .map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter })
        .collect();
    match (letters.first_chunk::<END>(), letters.last_chunk::<END>()) {
        (Some(start), Some(end)) if letters.len() > 2 * END => {
            start.iter().chain(&[' ', '…', ' ']).chain(end).collect()
        }
        _ => letters.into_iter().collect(),
    }
}
