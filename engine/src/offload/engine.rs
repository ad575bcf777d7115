//! Threads that sign for others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::closing::Closing;
use super::config::{Config, StartError};
use super::keys::{KeyId, Registry, TooManyKeys, UnknownKey};
use super::pair::QueuePair;
use super::parcel::Parcel;
use super::patience::Patience;
use super::shared::{Change, Shared};
use super::stats::{Counters, Stats};
use super::sync::thread::{self, JoinHandle};
use super::worker::Worker;
use crate::kernels::Backend;
use crate::mac::PreparedKey;

/// Threads that sign and verify messages of type `P` for others, many at a time.
///
/// Dropped, it shuts down as [`Self::shutdown`] does.
pub struct OffloadEngine<P: Parcel> {
    shared: Arc<Shared<P>>,
    registry: Mutex<Registry>,
    next_pair: AtomicUsize,
    workers: Vec<JoinHandle<()>>,
}

/// A run of short messages lies on the stack within one of long ones; in an unoptimised build each takes more than a megabyte.
const STACK_BYTES: usize = 8 << 20;

impl<P: Parcel> OffloadEngine<P> {
    /// Starts the worker threads, `smbsign-0` and so on.
    ///
    /// # Errors
    /// [`StartError`]; no thread is left then.
    pub fn start(config: Config) -> Result<Self, StartError> {
        check(&config)?;
        let count = config.workers;
        let patiences: Vec<_> = (0..count).map(|_| Patience::new(config.waiting)).collect();
        let mut engine = Self {
            registry: Mutex::new(Registry::new(config.max_keys)),
            next_pair: AtomicUsize::new(0),
            workers: Vec::with_capacity(count),
            shared: Arc::new(Shared {
                counters: Arc::new(Counters::new(count)),
                bells: patiences.iter().map(Patience::bell).collect(),
                inboxes: (0..count).map(|_| Default::default()).collect(),
                closing: Closing::new(count),
                faults: Default::default(),
                config,
            }),
        };
        for (number, patience) in patiences.into_iter().enumerate() {
            let shared = Arc::clone(&engine.shared);
            let core = shared.config.cores.get(number % shared.config.cores.len().max(1)).copied();
            let thread = thread::Builder::new().name(format!("smbsign-{number}")).stack_size(STACK_BYTES);
            let started = thread.spawn(move || {
                if let Some(id) = core {
                    core_affinity::set_for_current(core_affinity::CoreId { id });
                }
                Worker::new(shared, number, patience).run();
            });
            engine.workers.push(started?);
        }
        Ok(engine)
    }

    /// Whose kernels run.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.shared.config.backend
    }

    /// Registers a session's key. Messages submitted from now on find it.
    ///
    /// # Errors
    /// [`TooManyKeys`].
    pub fn register(&self, key: PreparedKey) -> Result<KeyId, TooManyKeys> {
        let key = Arc::new(key);
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let id = registry.issue()?;
        // Under the lock, so that every worker learns of a slot's changes in their order.
        self.shared.tell_workers(|| Change::Insert(id, Arc::clone(&key)));
        Ok(id)
    }

    /// Removes a session's key. Messages submitted from now on do not find it, and of those that are out, only the ones
    /// that a worker has begun: poll a session's last response before its key is removed. The key is erased as soon as no
    /// round uses it.
    ///
    /// # Errors
    /// [`UnknownKey`] if it is not registered (any more).
    pub fn remove(&self, key: KeyId) -> Result<(), UnknownKey> {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.revoke(key)?;
        self.shared.tell_workers(|| Change::Remove(key));
        Ok(())
    }

    /// A way into the engine and back, for one thread.
    #[must_use]
    pub fn queue_pair(&self) -> QueuePair<P> {
        QueuePair::new(Arc::clone(&self.shared), self.next_pair.fetch_add(1, Ordering::Relaxed))
    }

    /// What was done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.counters.stats()
    }

    /// Accepts no more, completes what was accepted, and ends the threads. Queue pairs can still be polled for what they
    /// have out: a burst that another thread submitted at this very moment may come back
    /// [`ShutDown`](super::Failure::ShutDown).
    pub fn shutdown(mut self) -> Stats {
        self.stop();
        self.stats()
    }

    fn stop(&mut self) {
        self.shared.closing.begin(&self.shared.bells);
        for worker in self.workers.drain(..) {
            // A worker's panics end in its own loop.
            let _ = worker.join();
        }
    }

    #[cfg(test)]
    pub(super) fn faults(&self) -> &super::fault::Faults {
        &self.shared.faults
    }
}

impl<P: Parcel> Drop for OffloadEngine<P> {
    fn drop(&mut self) {
        self.stop();
    }
}

fn check(config: &Config) -> Result<(), StartError> {
    if config.workers == 0 {
        return Err(StartError::NoWorker);
    }
    if config.queue_depth == 0 {
        return Err(StartError::NoQueue);
    }
    if config.max_wait > Config::MAX_WAIT {
        return Err(StartError::WaitTooLong(config.max_wait));
    }
    if config.cores.is_empty() {
        return Ok(());
    }
    let allowed = core_affinity::get_core_ids().unwrap_or_default();
    match config.cores.iter().find(|core| allowed.iter().all(|id| id.id != **core)) {
        Some(core) => Err(StartError::NoSuchCore(*core)),
        None => Ok(()),
    }
}
