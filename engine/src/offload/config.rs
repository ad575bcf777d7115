//! What an engine is started with.

use std::time::Duration;

use super::patience::Waiting;
use crate::kernels::Backend;

/// What an engine is started with; `Config::default()` is one worker that answers as fast as it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whose kernels run. Prepare keys for the same.
    pub backend: Backend,
    /// Worker threads, at least one.
    pub workers: usize,
    /// The cores that workers are pinned to, in turn, as the system numbers them; none pins nothing.
    pub cores: Vec<usize>,
    /// Bursts that a queue pair may have submitted and not polled, at least one.
    pub queue_depth: usize,
    /// Keys that may be registered at a time. Each costs its own size once, and 16 bytes per worker.
    pub max_keys: usize,
    /// How workers wait for work, and [`QueuePair::wait`](super::QueuePair::wait) for bursts.
    pub waiting: Waiting,
    /// How long a burst may wait for others so that lanes fill, at most [`Self::MAX_WAIT`]. Zero runs what is there.
    pub max_wait: Duration,
    /// Messages that are enough not to wait for more.
    pub min_fill: usize,
}

impl Config {
    /// The longest [`Self::max_wait`].
    pub const MAX_WAIT: Duration = Duration::from_millis(1);
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: Backend::detect(),
            workers: 1,
            cores: Vec::new(),
            queue_depth: 32,
            max_keys: 1 << 20,
            waiting: Waiting::SpinThenPark(Duration::from_micros(50)),
            max_wait: Duration::ZERO,
            min_fill: 16,
        }
    }
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An engine without workers would never give a message back.
    #[error("an engine needs a worker")]
    NoWorker,
    /// A queue without room would take no burst.
    #[error("a queue needs room for a burst")]
    NoQueue,
    /// The wait is too long.
    #[error("a burst may wait {limit:?} at most, not {0:?}", limit = Config::MAX_WAIT)]
    WaitTooLong(Duration),
    /// The system lets this process not run there.
    #[error("there is no core {0} to run on")]
    NoSuchCore(usize),
    /// The system gives no thread.
    #[error("no thread for a worker")]
    Thread(#[from] std::io::Error),
}
