//! One cell's row, and the trials that it summarises.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smbsign_engine::protocol::Dialect;

use super::{Direction, Engine, Latency, LaterKeys, Protection, Transmit, named};

/// One cell: what was asked, and the median over its trials of what came out.
///
/// `null` means not measured, or a question that the cell does not answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = LaterKeys(&["memory_read_mbytes_per_s", "memory_copy_mbytes_per_s"]))]
pub struct Measurement {
    /// The dialect of the messages, of unsigned ones too.
    #[serde(with = "named")]
    #[schemars(schema_with = "named::dialects")]
    pub dialect: Dialect,
    /// What protects them.
    #[serde(with = "named")]
    #[schemars(schema_with = "named::protections")]
    pub protection: Protection,
    /// How they reach the MAC.
    pub engine: Engine,
    /// The crate or kernel that computes, with its version.
    pub implementation: String,
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
    /// `bulk-read`, `bulk-write`, `capture:FILE` …
    pub profile: String,
    /// Bytes that the MAC covers, from the protocol id to the end; the mean where sizes are mixed.
    pub message_bytes: u64,
    /// Bytes on the wire per message, framing, TCP/IP, Ethernet and the gap included; the mean.
    pub wire_bytes_per_message: f64,
    /// Bytes of message buffers in use.
    pub set_bytes: u64,
    /// What one thread reads of these messages by itself, 10⁶ bytes per second; null where they may lie in a cache.
    #[serde(default)]
    pub memory_read_mbytes_per_s: Option<f64>,
    /// What one thread copies of them into a transmit buffer, likewise.
    #[serde(default)]
    pub memory_copy_mbytes_per_s: Option<f64>,
    /// What follows the signature.
    pub transmit: Transmit,
    /// `paced`, `poisson`, `burst:N`; null at `max`, where the next message departs when the last is done.
    pub arrival: Option<String>,
    /// How long the engine may wait for company, in microseconds; null where it has no such choice.
    pub max_wait_us: Option<f64>,
    /// The link's rate, or `max`.
    pub link: String,
    /// Asked: bits on the wire per second, in 10⁹; null at `max`.
    pub offered_gbps: Option<f64>,
    /// Reached: bits on the wire per second, in 10⁹.
    pub achieved_gbps: f64,
    /// Whether the line was kept full, with Poisson arrivals: whether all that departed was done; null at `max` or below
    /// full load.
    pub line_rate_held: Option<bool>,
    /// How late the last message was when the window closed; null at `max`.
    pub backlog_ms_end: Option<f64>,
    /// Messages per second.
    pub messages_per_s: f64,
    /// What the MAC covers, 10⁶ bytes per second.
    pub signed_mbytes_per_s: f64,
    /// File data alone, 10⁶ bytes per second.
    pub payload_mbytes_per_s: f64,
    /// Achieved ÷ what unsigned achieved in the same round; null at `max`.
    pub vs_unsigned: Option<f64>,
    /// Busy time beyond unsigned, per message.
    pub added_cpu_ns_per_message: Option<f64>,
    /// Busy time beyond unsigned, per 10⁹ bytes under the MAC.
    pub added_cpu_s_per_gb: Option<f64>,
    /// S ÷ (S + added), S being the CPU seconds per 10⁹ bytes of a named unsigned server.
    pub vs_server: Option<f64>,
    /// Busy time of signing and transmit ÷ window.
    pub cores_used: f64,
    /// Busy time of the pacer ÷ window; null where nothing is paced.
    pub pacer_cores: Option<f64>,
    /// CPU time of the signing threads as the system counts it, waiting loops included.
    pub thread_cpu_s: Option<f64>,
    /// Core cycles of busy time per byte under the MAC; null where the clock could not be found.
    pub cycles_per_byte: Option<f64>,
    /// Busy lanes ÷ lanes; null where there are no lanes.
    pub occupancy: Option<f64>,
    /// From the intended departure; null at `max` and where the line was not held.
    pub latency_ns: Option<Latency>,
    /// The trials, in the order in which they were run.
    pub trials: Vec<Trial>,
    /// How many of them the machine disturbed. The row's figures are medians over the others, over all where there are none.
    pub disturbed_trials: usize,
    /// `achieved_gbps` over all trials, disturbed ones too.
    pub achieved_gbps_all_trials: f64,
    /// Rounds that were run.
    pub rounds: u32,
    /// Messages that a second implementation checked.
    pub verified: u64,
    /// What the reader should know before trusting the row.
    pub warnings: Vec<String>,
    /// Why there is no figure.
    pub error: Option<String>,
}

/// One timed window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// Which round, from 0.
    pub round: u32,
    /// Its place within the round's shuffled order, from 0.
    pub order: u32,
    /// Messages done within the window.
    pub messages: u64,
    /// Their bytes under the MAC.
    pub bytes: u64,
    /// The window.
    pub wall_ns: u64,
    /// Time in signing and transmit, summed over workers.
    pub busy_ns: u64,
    /// CPU time of the workers as the system counts it.
    pub cpu_ns: Option<u64>,
    /// The machine probe beside this trial.
    pub probe_ns: Option<u64>,
    /// Busy time of the unsigned baseline of the same round, for as many messages.
    pub unsigned_ns: Option<u64>,
    /// The core's clock during the trial.
    pub clock_ghz: Option<f64>,
    /// Time that the hypervisor gave to others.
    pub steal_ns: Option<u64>,
    /// How often the system took a core from the workers.
    #[serde(default)]
    pub involuntary_switches: Option<u64>,
    /// Whether the fixed rule rejects it.
    pub disturbed: bool,
}

impl Measurement {
    /// Whether every trial was disturbed, so that the row's figures are the machine's rather than the cell's.
    #[must_use]
    pub fn is_disturbed(&self) -> bool {
        !self.trials.is_empty() && self.disturbed_trials == self.trials.len()
    }

    /// The trials that the machine left alone.
    pub fn quiet_trials(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| !trial.disturbed)
    }
}

impl Trial {
    /// Busy time beyond unsigned.
    #[must_use]
    pub fn added_ns(&self) -> Option<f64> {
        Some(self.busy_ns as f64 - self.unsigned_ns? as f64)
    }
}
