//! Which cells are measured, and in which order their trials run.

use std::time::Duration;

use smbsign_engine::batch::LaneKernel;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{BulkMessage, Envelope, LinkRate, Profile, ProfileError, RecordedMessage};

use super::{Baseline, ProfileChoice, Settings};
use crate::record::{Direction, Engine, Protection};

/// One cell of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cell {
    /// Dialect of its messages.
    pub dialect: Dialect,
    /// What protects them.
    pub protection: Protection,
    /// How they reach the MAC.
    pub engine: Engine,
    /// How long the engine may wait for company; none where it has no such choice.
    pub max_wait: Option<Duration>,
    /// The link.
    pub link: LinkRate,
    /// Signing or verifying.
    pub direction: Direction,
}

impl Cell {
    /// The unsigned cell that this one is compared with.
    #[must_use]
    pub const fn baseline(self) -> Self {
        Self { protection: Protection::Unsigned, ..self }
    }
}

/// A trial's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scheduled {
    /// Index of the cell.
    pub(super) cell: usize,
    /// Which of the cell's rounds, from 0.
    pub(super) round: u32,
    /// Its place in the round's shuffled order, from 0.
    pub(super) order: u32,
}

/// Everything that will be measured.
#[derive(Debug)]
pub struct Plan {
    pub(super) settings: Settings,
    pub(super) cells: Vec<Cell>,
    pub(super) profiles: Vec<(Dialect, Profile)>,
    left_out: Vec<LeftOut>,
}

/// A dialect that the profile has nothing for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{dialect} is left out: {reason}")]
pub struct LeftOut {
    /// The dialect.
    pub dialect: Dialect,
    /// Why.
    #[source]
    pub reason: ProfileError,
}

/// A run that cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Nothing is left to measure.
    #[error("nothing to measure: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NoCells(Vec<LeftOut>),
    /// A value that makes no sense.
    #[error("{option} cannot be {value}")]
    OutOfBounds {
        /// What was set.
        option: &'static str,
        /// To what.
        value: String,
    },
}

impl Plan {
    /// The cells of these settings: every dialect with each of its protections, at every link, in every direction, each
    /// with its unsigned baseline where that runs along.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(settings: Settings) -> Result<Self, PlanError> {
        check(&settings)?;
        let (mut profiles, mut left_out) = (Vec::new(), Vec::new());
        for &dialect in &settings.dialects {
            match profile(&settings, dialect) {
                Ok(profile) => profiles.push((dialect, profile)),
                Err(reason) => left_out.push(LeftOut { dialect, reason }),
            }
        }
        let mut cells = Vec::new();
        for &link in &settings.links {
            for &direction in &settings.directions {
                for (engine, max_wait) in settings.engines_and_waits_at(link) {
                    for &(dialect, _) in &profiles {
                        let protections = protections(&settings, dialect, engine);
                        cells.extend(protections.map(|protection| Cell {
                            dialect,
                            protection,
                            engine,
                            max_wait,
                            link,
                            direction,
                        }));
                    }
                }
            }
        }
        if cells.is_empty() {
            return Err(PlanError::NoCells(left_out));
        }
        Ok(Self { settings, cells, profiles, left_out })
    }

    /// What was asked for.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The cells, in the order of the record.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Dialects that the profile has nothing for.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// How many trials there are.
    #[must_use]
    pub fn trial_count(&self) -> usize {
        self.cells.iter().map(|cell| self.settings.rounds_at(cell.link) as usize).sum()
    }

    /// The sum of all windows, preparation not counted.
    #[must_use]
    pub fn measured_time(&self) -> Duration {
        let of = |cell: &Cell| self.settings.duration_at(cell.link) * self.settings.rounds_at(cell.link);
        self.cells.iter().map(of).sum()
    }

    /// Every trial, round by round.
    ///
    /// Each round visits its cells in an order of its own, so that a slow minute of the machine spreads over all cells,
    /// and a signed cell stands beside its baseline. Cells with fewer rounds than others spread theirs over the run.
    pub(super) fn rounds(&self) -> Vec<Vec<Scheduled>> {
        let rounds_of = |cell: &Cell| self.settings.rounds_at(cell.link);
        let most = self.cells.iter().map(rounds_of).max().unwrap_or(0);
        let mut rounds = vec![Vec::new(); most as usize];
        for (cell, coordinates) in self.cells.iter().enumerate() {
            let own = rounds_of(coordinates);
            for round in 0..own {
                let at = u64::from(round) * u64::from(most) / u64::from(own);
                rounds[at as usize].push(Scheduled { cell, round, order: 0 });
            }
        }
        let mut random = fastrand::Rng::with_seed(self.settings.seed);
        for round in &mut rounds {
            random.shuffle(round);
            for (order, trial) in round.iter_mut().enumerate() {
                trial.order = order as u32;
            }
        }
        rounds
    }

    pub(super) fn profile_of(&self, dialect: Dialect) -> Option<&Profile> {
        self.profiles.iter().find_map(|(of, profile)| (*of == dialect).then_some(profile))
    }

    /// Bytes of message buffers that a generator makes: a buffer for each job of those under way, and as many again. What is
    /// compared within a dialect lies in as much memory, so that its widest kernel decides. One generator feeds all workers of
    /// the offload engine, each of which has a round in its lanes while the next one waits.
    pub(super) fn set_bytes(&self, cell: Cell, profile: &Profile) -> usize {
        const HOT: usize = 512 << 10;
        const HOTTEST: usize = 256 << 20;
        let lanes = || {
            let algorithms = cell.dialect.signing_algorithms().iter();
            let kernels = algorithms.filter_map(|one| LaneKernel::of(*one, self.settings.backend));
            kernels.map(LaneKernel::lanes).max().unwrap_or(1)
        };
        let (jobs, workers) = match cell.engine {
            Engine::Serial => (1, 1),
            Engine::Lanes => (lanes(), 1),
            Engine::Offload => (2 * lanes(), self.settings.workers),
        };
        let longest = profile.longest_message();
        let hot = || HOT.max((2 * jobs * longest).min(HOTTEST)).max(2 * longest);
        self.settings.set_bytes.unwrap_or_else(hot).saturating_mul(workers)
    }
}

/// What stands around the frames of a protection.
pub(super) const fn envelope(protection: Protection) -> Envelope {
    match protection {
        Protection::Sealed(_) => Envelope::Transform,
        Protection::Unsigned | Protection::Signed(_) | Protection::Null => Envelope::Clear,
    }
}

/// What is measured of a dialect by an engine: of what was asked for that which it runs, and unsigned beside it.
fn protections(settings: &Settings, dialect: Dialect, engine: Engine) -> impl Iterator<Item = Protection> {
    let known = || Protection::of(dialect).chain([Protection::Null]);
    let is_asked_for =
        move |protection: &Protection| engine.runs(*protection) && settings.protections.contains(protection);
    let runs_along = settings.baseline == Baseline::Unsigned && known().any(|one| is_asked_for(&one));
    known().filter(move |protection| {
        is_asked_for(protection) || (runs_along && *protection == Protection::Unsigned)
    })
}

fn profile(settings: &Settings, dialect: Dialect) -> Result<Profile, ProfileError> {
    match &settings.profile {
        ProfileChoice::BulkRead => Profile::bulk(BulkMessage::ReadResponse, dialect, settings.message_bytes),
        ProfileChoice::BulkWrite => Profile::bulk(BulkMessage::WriteRequest, dialect, settings.message_bytes),
        ProfileChoice::BulkBetween(message, lengths) => {
            Profile::bulk_of_lengths(*message, dialect, lengths.clone())
        }
        ProfileChoice::Mix(mix) => mix.profile(dialect),
        ProfileChoice::Capture(capture) => Profile::replay(
            dialect,
            capture.conversations().map(|messages| messages.iter().map(RecordedMessage::from)),
        ),
    }
}

fn check(settings: &Settings) -> Result<(), PlanError> {
    let out_of_bounds = |option, value: String| Err(PlanError::OutOfBounds { option, value });
    if settings.workers == 0 {
        return out_of_bounds("the number of workers", "0".to_owned());
    }
    if settings.sessions == Some(0) {
        return out_of_bounds("the number of sessions", "0".to_owned());
    }
    if !(settings.load > 0.0 && settings.load <= 1.0) {
        return out_of_bounds("the load", settings.load.to_string());
    }
    if settings.server_cost.is_some_and(|cost| !(cost > 0.0 && cost.is_finite())) {
        return out_of_bounds("the server's cost", settings.server_cost.unwrap_or(0.0).to_string());
    }
    if settings.duration.is_some_and(|duration| duration.is_zero()) {
        return out_of_bounds("the duration", "0".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_plan_covers_every_dialect_and_protection_and_takes_well_below_two_minutes() {
        let plan = Plan::new(Settings::default()).unwrap();
        for dialect in Dialect::ALL {
            for protection in Protection::of(dialect) {
                let cells = plan
                    .cells()
                    .iter()
                    .filter(|cell| (cell.dialect, cell.protection) == (dialect, protection));
                let in_lanes = usize::from(Engine::Lanes.runs(protection));
                assert_eq!(cells.count(), 3 + in_lanes, "{dialect} {protection}");
            }
        }
        // Of twenty protections, unsigned among them, six encrypt: these have no lanes.
        assert_eq!(plan.cells().len(), 20 * 3 + 14);
        assert_eq!(plan.trial_count(), 20 * (3 + 3 + 9) + 14 * 9);
        // Preparation, warm-up and probes take about 20 ms more for each trial.
        let whole = plan.measured_time() + Duration::from_millis(20) * plan.trial_count() as u32;
        assert!(whole < Duration::from_secs(105), "{whole:?}");
    }

    #[test]
    fn every_cell_has_its_trials_and_each_baseline_the_same_rounds() {
        let plan = Plan::new(Settings::default()).unwrap();
        let rounds = plan.rounds();
        assert_eq!(rounds.iter().map(Vec::len).sum::<usize>(), plan.trial_count());
        for round in &rounds {
            for trial in round {
                let baseline = plan.cells()[trial.cell].baseline();
                let beside = |other: &&Scheduled| plan.cells()[other.cell] == baseline;
                assert_eq!(round.iter().find(beside).unwrap().round, trial.round);
            }
        }
        assert_ne!(rounds[0].iter().map(|trial| trial.cell).collect::<Vec<_>>(), (0..74).collect::<Vec<_>>());
    }

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let rounds = |seed| Plan::new(Settings { seed, ..Settings::default() }).unwrap().rounds();
        assert_eq!(rounds(7), rounds(7));
        assert_ne!(rounds(7), rounds(8));
    }

    #[test]
    fn a_length_that_a_dialect_cannot_send_leaves_it_out_and_says_so() {
        let plan = Plan::new(Settings { message_bytes: 1 << 20, ..Settings::default() }).unwrap();
        assert!(plan.cells().iter().all(|cell| cell.dialect != Dialect::Smb1));
        assert_eq!(plan.left_out().len(), 1);
        assert!(Plan::new(Settings { message_bytes: 3, ..Settings::default() }).is_err());
    }
}
