//! Writes the JSON Schemas of all published forms to `schema/`.

use std::fs::File;
use std::path::Path;

use smbsign::{report, schema};

fn main() -> std::io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema");
    for published in schema::published() {
        let mut file = File::create(directory.join(published.file_name()))?;
        report::json(&published.schema, &mut file)?;
    }
    Ok(())
}
