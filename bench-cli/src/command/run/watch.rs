//! What happens beside a run: progress is shown, the record is kept, Ctrl-C is heard.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context;

use super::turn::Pace;
use crate::fit::fits;
use crate::interruption::Interruption;
use crate::measure::{Cell, Observer, Plan};
use crate::progress::Progress;
use crate::record::{Engine, Measurement, RECORD, Run, State, Store};
use crate::report;

/// Watches a run and holds what it has measured so far.
pub(super) struct Watch {
    run: Run,
    /// The measurements of plans that ended; those of the plan under way stand behind them and change.
    settled: usize,
    store: Option<Store>,
    /// Whether the store holds what was last put there.
    is_kept: bool,
    progress: Progress,
    interruption: Interruption,
    pace: Pace,
    /// What the cells of the plan under way share, for their names.
    traffic: String,
}

impl Watch {
    /// Makes the record's directory below `parent`, if one is wanted, so that a bad path fails before anything is measured.
    pub(super) fn start(
        mut run: Run,
        parent: Option<&Path>,
        progress: Progress,
        interruption: Interruption,
        pace: Pace,
    ) -> anyhow::Result<Self> {
        run.fits = fits(&run.measurements);
        run.findings = report::findings(&run.measurements);
        let create = |parent: &Path| {
            Store::create(parent, &run, |store| put(&run, store))
                .with_context(|| format!("cannot write to --record {}", parent.display()))
        };
        let store = parent.map(create).transpose()?;
        if let Some(store) = &store {
            progress.note(format_args!("recording in {}", store.directory().display()));
        }
        let traffic = String::new();
        Ok(Self { run, settled: 0, store, is_kept: true, progress, interruption, pace, traffic })
    }

    /// The next trials are those of this plan.
    pub(super) fn plan_starts(&mut self, plan: &Plan) {
        let settings = plan.settings();
        self.traffic = format!(
            "{} {} B {} {} x{}",
            settings.profile.name(),
            settings.message_bytes,
            settings.transmit,
            settings.arrival,
            settings.workers
        );
    }

    /// A plan was measured, or as much of it as there was time for.
    pub(super) fn plan_ends(&mut self, rows: &[Measurement]) {
        self.show(rows);
        self.settled = self.run.measurements.len();
    }

    /// The run, and whether its record could be kept.
    pub(super) fn end(mut self) -> (Run, anyhow::Result<()>) {
        if self.run.state == State::Measuring {
            self.run.state = State::Complete;
        }
        let kept = self.keep();
        (self.run, kept)
    }

    fn show(&mut self, rows: &[Measurement]) {
        self.run.measurements.truncate(self.settled);
        self.run.measurements.extend_from_slice(rows);
    }

    /// Puts the run into the store as it stands.
    fn keep(&mut self) -> anyhow::Result<()> {
        self.run.fits = fits(&self.run.measurements);
        self.run.findings = report::findings(&self.run.measurements);
        let Some(store) = &self.store else { return Ok(()) };
        put(&self.run, store).with_context(|| format!("cannot write to {}", store.directory().display()))
    }

    /// The same while the run goes on: what fails now may succeed later, and is told once.
    fn keep_up(&mut self, rows: &[Measurement]) {
        self.show(rows);
        match self.keep() {
            Ok(()) => self.is_kept = true,
            Err(error) => {
                if self.is_kept {
                    self.progress.error(format_args!("smbsign: {error:#}"));
                }
                self.is_kept = false;
            }
        }
    }
}

/// The record, and what people read of it.
fn put(run: &Run, store: &Store) -> io::Result<()> {
    store.put(RECORD, |sink| report::json(run, sink))?;
    store.put("README.md", |sink| report::markdown(run, sink))
}

impl Observer for Watch {
    fn trial_starts(&mut self, cell: &Cell, _done: usize) -> ControlFlow<()> {
        // Older builds, which `ab` compares with, know one engine and do not name it.
        let engine = match (cell.engine, cell.max_wait) {
            (Engine::Serial, _) => String::new(),
            (engine, Some(wait)) if !wait.is_zero() => format!(" by {engine} waiting {wait:?}"),
            (engine, _) => format!(" by {engine}"),
        };
        let name = format_args!(
            "{} {}{engine} {} at {} {}",
            cell.dialect, cell.protection, cell.direction, cell.link, self.traffic
        );
        if self.pace.wait(name).is_break() || self.interruption.is_asked_for() {
            self.run.state = State::Interrupted;
            return ControlFlow::Break(());
        }
        self.progress
            .doing(format_args!("{} {} {} at {}", cell.dialect, cell.protection, cell.engine, cell.link));
        self.progress.step();
        ControlFlow::Continue(())
    }

    fn round_ends(&mut self, rows: &[Measurement]) {
        if self.store.is_some() {
            self.keep_up(rows);
        }
    }

    fn cell_ends(&mut self, rows: &dyn Fn() -> Vec<Measurement>) {
        if self.store.is_some() {
            self.keep_up(&rows());
        }
    }
}
