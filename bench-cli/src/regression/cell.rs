//! Which cells of two records are the same.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smbsign_engine::protocol::Dialect;

use crate::record::{Direction, Engine, Measurement, Protection, Transmit, named};

/// The coordinates of a cell: two measurements that agree in all of them ask the same question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// The dialect of the messages.
    #[serde(with = "named")]
    #[schemars(schema_with = "named::dialects")]
    pub dialect: Dialect,
    /// What protects them.
    #[serde(with = "named")]
    #[schemars(schema_with = "named::protections")]
    pub protection: Protection,
    /// How they reach the MAC.
    pub engine: Engine,
    /// The backend's name.
    pub backend: String,
    /// Threads that sign.
    pub workers: usize,
    /// Sessions, each with its own key; null when every message has a key of its own.
    pub sessions: Option<usize>,
    /// Messages in flight; null where nothing queues.
    pub outstanding: Option<usize>,
    /// Signing or verifying.
    pub direction: Direction,
    /// `bulk-read`, `capture:FILE` …
    pub profile: String,
    /// Bytes that the MAC covers.
    pub message_bytes: u64,
    /// Bytes of message buffers in use.
    pub set_bytes: u64,
    /// What follows the signature.
    pub transmit: Transmit,
    /// `paced`, `poisson`, `burst:N`; null at `max`.
    pub arrival: Option<String>,
    /// How long the engine waits for company, in microseconds.
    pub max_wait_us: Option<f64>,
    /// The link's rate, or `max`.
    pub link: String,
}

impl Cell {
    /// Where a measurement stands.
    #[must_use]
    pub fn of(measurement: &Measurement) -> Self {
        Self {
            dialect: measurement.dialect,
            protection: measurement.protection,
            engine: measurement.engine,
            backend: measurement.backend.clone(),
            workers: measurement.workers,
            sessions: measurement.sessions,
            outstanding: measurement.outstanding,
            direction: measurement.direction,
            profile: measurement.profile.clone(),
            message_bytes: measurement.message_bytes,
            set_bytes: measurement.set_bytes,
            transmit: measurement.transmit,
            arrival: measurement.arrival.clone(),
            max_wait_us: measurement.max_wait_us,
            link: measurement.link.clone(),
        }
    }

    /// The same for the same cell, in memory of this process.
    pub(super) fn key(&self) -> String {
        format!("{self:?}")
    }

    /// The question that this cell answers, whichever kernels were offered.
    pub(super) fn with_any_backend(&self) -> Self {
        Self { backend: String::new(), ..self.clone() }
    }

    /// Cells that may be expected to differ by as much from run to run: the same work, whatever the dialect.
    pub(super) fn kind(&self) -> String {
        Self { dialect: Dialect::Smb311, ..self.clone() }.key()
    }
}

/// What tells it from the others of an ordinary run.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dialect, protection, link, .. } = self;
        write!(f, "{dialect} {protection} at {link}")
    }
}
