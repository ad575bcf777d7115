//! The CPU time of workers that have nothing to do.

use std::time::{Duration, Instant};
use std::{fs, io, thread};

use fastrand::Rng;
use smbsign_engine::kernels::Backend;
use smbsign_engine::offload::{Config, OffloadEngine, Waiting};
use smbsign_engine::protocol::SigningAlgorithm;

use super::letter::{Belonging, Letter, Sessions};

/// How long nothing is done.
const IDLE: Duration = Duration::from_secs(1);

/// An engine of one worker with so many registered keys, which has nothing to do.
pub(super) struct Parked {
    _engine: OffloadEngine<Letter>,
    _sessions: Sessions,
}

impl Parked {
    pub(super) fn new(waiting: Waiting, keys: usize, backend: Backend, rng: &mut Rng) -> Self {
        let engine = OffloadEngine::start(Config { backend, waiting, ..Config::default() })
            .expect("a thread for a worker");
        let of = (keys, Belonging::Fixed);
        let sessions = Sessions::register(&engine, SigningAlgorithm::AesCmac, of, rng);
        // The worker learns of the keys, and goes to sleep.
        thread::sleep(Duration::from_millis(50));
        Self { _engine: engine, _sessions: sessions }
    }

    /// The workers' time on a core, and the time that passed, both in microseconds.
    pub(super) fn round(&self) -> io::Result<(f64, f64)> {
        let (before, start) = (workers_ns()?, Instant::now());
        thread::sleep(IDLE);
        Ok(((workers_ns()? - before) as f64 / 1e3, start.elapsed().as_secs_f64() * 1e6))
    }
}

/// Nanoseconds that this process's workers have been on a core, as Linux tells them (proc_pid_schedstat(5)).
fn workers_ns() -> io::Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if !fs::read_to_string(task.join("comm"))?.starts_with("smbsign-") {
            continue;
        }
        let account = fs::read_to_string(task.join("schedstat"))?;
        let on_core = account.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok());
        sum += on_core.ok_or(io::ErrorKind::InvalidData)?;
    }
    Ok(sum)
}
