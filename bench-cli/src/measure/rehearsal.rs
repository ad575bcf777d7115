//! A worker before a clock that only counts how often it was read.
//!
//! A trial's work depends on the machine's pace: it does as many messages as fit its window. Here the clock goes on by a
//! microsecond whenever somebody reads it, so that the same cell does the same work, instruction for instruction, every
//! time: what can be counted instead of timed.

use std::cell;
use std::rc::Rc;
use std::time::Duration;

use smbsign_engine::traffic;

use super::plan::{Cell, Plan};
use super::settings::Keep;
use super::trial::{self, Place, TrialError};
use super::worker::{Share, Worker};

/// The first worker of a cell, ready to start.
#[derive(Debug)]
pub struct Rehearsal {
    worker: Worker<ReadingsClock>,
    share: Option<Share>,
    window: Duration,
}

/// A worker that could not be prepared, or a message that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct RehearsalError(#[from] TrialError);

impl Rehearsal {
    /// Prepares what a trial of this cell would; the plan's window is the clock's time, a microsecond a reading.
    ///
    /// # Errors
    /// A key that the cell's protection cannot have, or received messages that cannot be made.
    pub fn new(plan: &Plan, cell: Cell) -> Result<Self, RehearsalError> {
        let settings = plan.settings();
        let (seed, clock) = (settings.seed, ReadingsClock::default());
        let place = Place { sessions: settings.sessions_of(0), seed, keep: Keep::Nothing };
        let (worker, _) = trial::prepare_worker(plan, cell, place, &clock, 0.0)?;
        let share = trial::share(plan, cell, (0, settings.workers), seed, &worker.place.generator);
        Ok(Self { worker, share, window: settings.duration_at(cell.link) })
    }

    /// Works for the window, and says how many messages were done.
    ///
    /// # Errors
    /// A message that could not be signed, or did not verify.
    pub fn run(self) -> Result<u64, RehearsalError> {
        let Worker { mut place, watch } = self.worker;
        let done = watch.run(&mut place.hands(), 0, self.window, self.share).map_err(TrialError::from)?;
        Ok(done.messages)
    }
}

/// A microsecond for each reading, by whichever copy.
#[derive(Debug, Clone, Default)]
struct ReadingsClock(Rc<cell::Cell<u64>>);

impl traffic::Clock for ReadingsClock {
    fn now(&self) -> u64 {
        self.0.set(self.0.get() + 1_000);
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use smbsign_engine::protocol::Dialect;
    use smbsign_engine::traffic::LinkRate;

    use super::*;
    use crate::measure::Settings;
    use crate::record::Protection;

    #[test]
    fn the_same_cell_does_the_same_number_of_messages_every_time() {
        let settings = Settings {
            dialects: vec![Dialect::Smb311],
            protections: vec![Protection::Null],
            links: vec![LinkRate::ETHERNET[2], LinkRate::Max],
            message_bytes: 128,
            workers: 1,
            duration: Some(Duration::from_micros(100)),
            ..Settings::default()
        };
        let plan = Plan::new(settings).unwrap();
        for &cell in plan.cells() {
            let messages = || Rehearsal::new(&plan, cell).unwrap().run().unwrap();
            assert_eq!(messages(), messages());
            // 100 µs of 10GbE are 563 messages of 128 bytes.
            assert!(cell.link == LinkRate::Max || (500..=570).contains(&messages()), "{}", messages());
        }
    }
}
