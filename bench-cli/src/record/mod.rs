//! What one invocation of `smbsign run` found out, as the JSON that is kept: `smbsign.run/1`.
//!
//! The key names are a contract: other commands, and people's scripts, read records of older versions. Keys may be added.
//! What was not measured is `null`, never absent and never zero.

mod cell;
mod check;
mod error;
mod fingerprint;
mod fit;
mod latency;
mod machine;
mod measurement;
pub(crate) mod named;
mod read;
mod shape;
mod store;
mod tool;

use jiff::Timestamp;
use schemars::transform::Transform;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use cell::{Direction, Engine, Protection, Transmit, UnknownName};
pub use error::{Problem, ReadError};
pub use fingerprint::{Fingerprint, Mismatch, Part, mismatches};
pub use fit::{Fit, FittedTime};
pub use latency::{Latency, Percentiles};
pub use machine::Machine;
pub use measurement::{Measurement, Trial};
pub use read::{Kept, RECORD, content, parse, read, read_runs};
pub use store::Store;
pub use tool::Tool;

/// The name of the record's form; it changes when a key is renamed or changes its meaning.
pub const SCHEMA: &str = "smbsign.run/1";
/// What the names of all its versions begin with.
const FORM: &str = "smbsign.run/";

/// One invocation and all that it measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = LaterKeys(&["fits"]))]
pub struct Run {
    /// The name of this form and its version.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// What measured.
    pub tool: Tool,
    /// Where it measured.
    pub machine: Machine,
    /// The command line, as typed, words with blanks quoted.
    pub command: String,
    /// When the measurement began.
    #[serde(with = "named")]
    #[schemars(with = "Timestamp")]
    pub started: Timestamp,
    /// How far the run came.
    pub state: State,
    /// The options in force, defaults included.
    pub config: Value,
    /// One entry per cell, in the order of the plan.
    pub measurements: Vec<Measurement>,
    /// The fixed cost of a message and the cost of its bytes, where at least three sizes were measured at max.
    #[serde(default)]
    pub fits: Vec<Fit>,
    /// What the measurements show, in sentences.
    pub findings: Vec<String>,
}

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Trials were still to come when this was written: the run goes on, or was killed.
    Measuring,
    /// Somebody ended the run early; what it had measured by then is here.
    Interrupted,
    /// Every trial was run.
    Complete,
}

/// Keys that came after the first records were kept, which lack them.
pub(super) struct LaterKeys(pub(super) &'static [&'static str]);

impl Transform for LaterKeys {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|key| !key.as_str().is_some_and(|key| self.0.contains(&key)));
        }
    }
}

impl Run {
    /// A run that starts now, here, and has measured nothing yet.
    #[must_use]
    pub fn start(command: String, config: Value) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            tool: Tool::current(),
            machine: Machine::read(),
            command,
            started: Timestamp::now(),
            state: State::Measuring,
            config,
            measurements: Vec::new(),
            fits: Vec::new(),
            findings: Vec::new(),
        }
    }
}
