//! What a message costs apart from its bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smbsign_engine::protocol::Dialect;

use super::{Direction, Engine, LaterKeys, Protection, Transmit, named};

/// The line through the cells of a run that differ in size alone, at max: time per message = fixed + slope × bytes.
///
/// Least squares of relative distances over the cells' medians; errors are the jackknife's standard errors over sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = LaterKeys(&["max_wait_us"]))]
pub struct Fit {
    /// The dialects of its cells.
    #[serde(with = "named::list")]
    #[schemars(schema_with = "named::list_of_dialects")]
    pub dialects: Vec<Dialect>,
    /// What protects the messages.
    #[serde(with = "named")]
    #[schemars(schema_with = "named::protections")]
    pub protection: Protection,
    /// How they reach the MAC.
    pub engine: Engine,
    /// How long that may wait for company, in microseconds; null where it has no such choice.
    #[serde(default)]
    pub max_wait_us: Option<f64>,
    /// The crate or kernel that computes.
    pub implementation: String,
    /// The backend's name.
    pub backend: String,
    /// Threads that sign; times are summed over them.
    pub workers: usize,
    /// Sessions; null when every message has a key of its own.
    pub sessions: Option<usize>,
    /// Requests that a session has in flight.
    pub outstanding: Option<usize>,
    /// Signing or verifying.
    pub direction: Direction,
    /// `bulk-read` or `bulk-write`.
    pub profile: String,
    /// What follows the signature.
    pub transmit: Transmit,
    /// Which time it is of.
    pub time: FittedTime,
    /// The sizes that it goes through.
    pub message_bytes: Vec<u64>,
    /// The fixed cost of a message.
    pub ns_per_message: f64,
    /// Its standard error.
    pub ns_per_message_error: f64,
    /// The cost of a byte under the MAC.
    pub ns_per_byte: f64,
    /// Its standard error.
    pub ns_per_byte_error: f64,
    /// How far the farthest cell lies from the line, as a share of its time.
    pub largest_residual: f64,
}

/// A time that a line was fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FittedTime {
    /// Busy time beyond unsigned.
    Added,
    /// Busy time: of the unsigned baseline itself, or where none ran along.
    Busy,
}
