//! What measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The program that made a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The package's version.
    pub version: String,
    /// The commit that was built, with `-dirty` if the tree had changes; null when it was not built from a checkout.
    pub commit: Option<String>,
    /// The compiler that built it; null if it would not say.
    pub rustc: Option<String>,
}

impl Tool {
    /// This program.
    #[must_use]
    pub fn current() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("SMBSIGN_COMMIT").map(str::to_owned),
            rustc: option_env!("SMBSIGN_RUSTC").map(str::to_owned),
        }
    }
}
