//! What `smbsign policy` shows.

mod audit;
mod explain;
mod html;
mod matrix;

use clap::ValueEnum;

pub use audit::audit;
pub use explain::explanation;
pub use matrix::matrices;

/// The forms of an answer that is a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DocumentFormat {
    /// For people.
    Table,
    /// For a wiki.
    Markdown,
    /// For programs: one document with everything.
    Json,
    /// For a browser: a page without scripts.
    Html,
    /// For spreadsheets.
    Csv,
}

/// The words that people read for an outcome's name.
fn outcome_words(name: &str) -> &str {
    match name {
        "signed" => "Signed",
        "encrypted" => "Encrypted",
        "not-signed" => "Not signed",
        "fails-to-connect" => "Fails to connect",
        other => other,
    }
}

/// A setting's name as the article writes it: `Not Required`.
fn setting_words(name: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => String::new(),
    };
    name.split('-').map(word).collect::<Vec<_>>().join(" ")
}
