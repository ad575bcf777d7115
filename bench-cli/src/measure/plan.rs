//! What is to be measured: a list of cells. Everything in it has been checked before anything runs.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{BulkMessage, LinkRate, Wire};

use crate::record::{Direction, Engine, Protection, Transmit};

/// Everything that one invocation measures.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// In the order in which results are reported. Each protected cell's unsigned [baseline](Cell::baseline) is among them.
    pub cells: Vec<Cell>,
    /// Seed of file data and of the rounds' order.
    pub seed: u64,
    /// Where messages of the measured trials are to be written, as a pcap.
    pub dump: Option<PathBuf>,
}

/// One point of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The link, or none.
    pub link: LinkRate,
    /// What is sent.
    pub workload: Workload,
    /// Signing or verifying.
    pub direction: Direction,
    /// How messages reach the MAC.
    pub engine: Engine,
    /// Whose kernels.
    pub backend: Backend,
    /// Threads that sign.
    pub workers: NonZeroUsize,
    /// Sessions; none for a key per message buffer.
    pub sessions: Option<NonZeroUsize>,
    /// How much memory the messages lie in.
    pub set: WorkingSet,
    /// What follows the signature.
    pub transmit: Transmit,
    /// MTU and packing.
    pub wire: Wire,
    /// The dialect.
    pub dialect: Dialect,
    /// What protects the messages.
    pub protection: Protection,
    /// One trial's window.
    pub duration: Duration,
    /// Trials, one a round.
    pub rounds: NonZeroU32,
}

impl Cell {
    /// The cell with which this one is compared: the same without protection.
    #[must_use]
    pub fn baseline(&self) -> Self {
        Self { protection: Protection::Unsigned, ..self.clone() }
    }
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Workload {
    /// READ responses or WRITE requests of one length, from the protocol id to the end.
    Bulk(BulkMessage, usize),
    /// The messages of a capture.
    Capture(PathBuf),
}

/// The profile's name in records.
impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bulk(BulkMessage::ReadResponse, _) => f.write_str("bulk-read"),
            Self::Bulk(BulkMessage::WriteRequest, _) => f.write_str("bulk-write"),
            Self::Capture(path) => write!(f, "capture:{}", path.display()),
        }
    }
}

/// How much memory the messages lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkingSet {
    /// As little as distinct buffers need: it stays in the caches.
    Hot,
    /// 256 MiB: every message comes from memory.
    Cold,
    /// So many bytes at least.
    Bytes(usize),
}

impl WorkingSet {
    /// Bytes for messages of this length. Hot is max(512 KiB, 2 × message): the serial engine has one lane.
    #[must_use]
    pub const fn bytes(self, message_bytes: usize) -> usize {
        const HOT: usize = 512 << 10;
        const COLD: usize = 256 << 20;
        match self {
            Self::Hot if 2 * message_bytes > HOT => 2 * message_bytes,
            Self::Hot => HOT,
            Self::Cold => COLD,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl fmt::Display for WorkingSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hot => f.write_str("hot"),
            Self::Cold => f.write_str("cold"),
            Self::Bytes(bytes) => write!(f, "{bytes}"),
        }
    }
}
