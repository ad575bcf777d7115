//! What a run is asked for.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Duration;

use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{Arrival, BulkMessage, LinkRate, SetOrder, Wire};

use super::{Mix, ReplayedCapture};
use crate::record::{Direction, Engine, Protection, Transmit};

/// What is sent.
#[derive(Debug, Clone)]
pub enum ProfileChoice {
    /// READ responses: a server that is read from signs them, its client verifies them.
    BulkRead,
    /// WRITE requests: a client that writes signs them, its server verifies them.
    BulkWrite,
    /// Messages of one of the two kinds above, of many lengths: log-uniform in between.
    BulkBetween(BulkMessage, RangeInclusive<usize>),
    /// The exchanges of a table, requests and responses alike.
    Mix(Mix),
    /// The messages of a real capture, both ends' together.
    Capture(ReplayedCapture),
}

impl ProfileChoice {
    /// As the record names it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::BulkRead => "bulk-read".to_owned(),
            Self::BulkWrite => "bulk-write".to_owned(),
            Self::BulkBetween(message, lengths) => {
                let name = match message {
                    BulkMessage::ReadResponse => Self::BulkRead.name(),
                    BulkMessage::WriteRequest => Self::BulkWrite.name(),
                };
                format!("{name}:{}..{}", lengths.start(), lengths.end())
            }
            Self::Mix(mix) => mix.name().to_owned(),
            Self::Capture(capture) => format!("capture:{}", capture.name()),
        }
    }
}

/// Everything that `smbsign run` can be told; [`Settings::default`] is what it does untold.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Dialects; what one does not know of `protections` is left out.
    pub dialects: Vec<Dialect>,
    /// Protections; unsigned is one of them where it is asked for.
    pub protections: Vec<Protection>,
    /// Whether unsigned runs along where it is not asked for.
    pub baseline: Baseline,
    /// Engines; `None` for serial everywhere, and lanes too at max.
    pub engines: Option<Vec<Engine>>,
    /// How long the offload engine may wait for company; each is measured.
    pub max_waits: Vec<Duration>,
    /// Links.
    pub links: Vec<LinkRate>,
    /// Directions.
    pub directions: Vec<Direction>,
    /// What is sent.
    pub profile: ProfileChoice,
    /// Bytes under the MAC of a bulk message.
    pub message_bytes: usize,
    /// Threads, each on a core of its own while there are enough.
    pub workers: usize,
    /// Sessions, spread over the workers, each of which has one at least; `None` for a key of its own for every message
    /// buffer.
    pub sessions: Option<usize>,
    /// Requests that a session has in flight: their messages follow one another.
    pub outstanding: NonZeroUsize,
    /// Kernels.
    pub backend: Backend,
    /// Bytes of message buffers per worker; `None` for a hot set: half a MiB, or two messages where that is more.
    pub set_bytes: Option<usize>,
    /// How the buffers follow each other in memory.
    pub order: SetOrder,
    /// What follows the signature.
    pub transmit: Transmit,
    /// How messages lie on the wire.
    pub wire: Wire,
    /// In which rhythm messages depart at a link.
    pub arrival: Arrival,
    /// CPU seconds per 10⁹ bytes of an unsigned server; `None` for Samba 4.17's.
    pub server_cost: Option<f64>,
    /// Share of the link that is offered.
    pub load: f64,
    /// A trial's window; `None` for 0.4 s at links and 0.1 s at max.
    pub duration: Option<Duration>,
    /// Trials of every cell; `None` for 3 at links and 9 at max.
    pub rounds: Option<u32>,
    /// Where every random choice comes from.
    pub seed: u64,
    /// Whether messages are kept for a dump.
    pub keep: Keep,
    /// A delay of known size.
    #[cfg(feature = "handicap")]
    pub handicap: Option<super::Handicap>,
}

/// What every cell is measured beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// The unsigned cell of its dialect and link.
    Unsigned,
    /// Nothing in this run: another process is what it is compared with.
    Elsewhere,
}

/// Whether the first messages of every signed cell are kept, to be written as a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Some of each cell.
    FirstMessages,
    /// None.
    Nothing,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            dialects: Dialect::ALL.to_vec(),
            protections: Protection::all().collect(),
            baseline: Baseline::Unsigned,
            engines: None,
            max_waits: vec![Duration::ZERO],
            links: vec![LinkRate::ETHERNET[0], LinkRate::ETHERNET[2], LinkRate::Max],
            directions: vec![Direction::Sign],
            profile: ProfileChoice::BulkRead,
            message_bytes: 64 << 10,
            workers: (cores - 1).max(1),
            sessions: None,
            outstanding: NonZeroUsize::MIN,
            backend: Backend::detect(),
            set_bytes: None,
            order: SetOrder::Ascending,
            transmit: Transmit::Copy,
            wire: Wire::default(),
            arrival: Arrival::Paced,
            server_cost: None,
            load: 1.0,
            duration: None,
            rounds: None,
            seed: 1,
            keep: Keep::Nothing,
            #[cfg(feature = "handicap")]
            handicap: None,
        }
    }
}

impl Settings {
    /// A trial's window at this link.
    #[must_use]
    pub fn duration_at(&self, link: LinkRate) -> Duration {
        self.duration.unwrap_or(match link {
            LinkRate::Max => Duration::from_millis(100),
            LinkRate::BitsPerSecond(_) => Duration::from_millis(400),
        })
    }

    /// Engines at this link.
    #[must_use]
    pub fn engines_at(&self, link: LinkRate) -> &[Engine] {
        match (&self.engines, link) {
            (Some(engines), _) => engines,
            (None, LinkRate::Max) => &[Engine::Serial, Engine::Lanes],
            (None, LinkRate::BitsPerSecond(_)) => &[Engine::Serial],
        }
    }

    /// The same, the offload engine once for each time that it may wait.
    pub(super) fn engines_and_waits_at(&self, link: LinkRate) -> Vec<(Engine, Option<Duration>)> {
        let waits = |engine| match engine {
            Engine::Serial | Engine::Lanes => vec![(engine, None)],
            Engine::Offload => self.max_waits.iter().map(|wait| (engine, Some(*wait))).collect(),
        };
        self.engines_at(link).iter().copied().flat_map(waits).collect()
    }

    /// Sessions of the worker with this index.
    #[must_use]
    pub fn sessions_of(&self, worker: usize) -> Option<usize> {
        let sessions = self.sessions?;
        let one_more = usize::from(worker < sessions % self.workers);
        Some((sessions / self.workers + one_more).max(1))
    }

    /// Trials of a cell at this link; at least 1.
    #[must_use]
    pub fn rounds_at(&self, link: LinkRate) -> u32 {
        let default = match link {
            LinkRate::Max => 9,
            LinkRate::BitsPerSecond(_) => 3,
        };
        self.rounds.unwrap_or(default).max(1)
    }
}
