//! JSON, as it is kept.

use std::io::{self, Write};

use serde::Serialize;

/// Writes one document, indented, ending in a newline.
///
/// # Errors
///
/// Those of the writer.
pub fn json(document: &impl Serialize, sink: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *sink, document)?;
    writeln!(sink)
}
