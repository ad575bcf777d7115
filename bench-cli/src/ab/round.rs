//! One round: a fresh process of each binary, turn by turn.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::order;
use super::side::{Name, Record, Said, Side, SideError, Unheard};
use crate::interruption::Interruption;

/// Two binaries, and what both of them are to run.
#[derive(Debug, Clone)]
pub struct Contest {
    /// What it is compared with.
    pub old: PathBuf,
    /// What is compared.
    pub new: PathBuf,
    /// What `run` is asked for on both sides, seed and rounds apart.
    pub selection: Vec<OsString>,
    /// Trials of each cell in a round.
    pub slices: u32,
    /// Where orders, keys and file data come from.
    pub seed: u64,
    /// How long a side may say nothing.
    pub patience: Duration,
}

/// What came of a round.
#[derive(Debug)]
pub struct Played {
    /// What each side recorded; of a round that did not come to its end, what there is.
    pub old: Option<Record>,
    /// The same of the other.
    pub new: Option<Record>,
    /// How it ended.
    pub ended: Result<Ended, SideError>,
}

/// How a round ended that no side spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With all of its trials.
    Complete,
    /// Early, since somebody asked for it.
    Interrupted,
}

impl Contest {
    /// Plays round `round`, counted from 0; `trial` hears of every trial before it starts.
    pub fn play(&self, round: u32, interruption: &Interruption, trial: &mut dyn FnMut(&str)) -> Played {
        let mut played = Played { old: None, new: None, ended: Ok(Ended::Complete) };
        let mut table = Table { sides: Vec::new(), records: [None, None] };
        played.ended = match table.play(self, round, interruption, trial) {
            Ok(()) => Ok(Ended::Complete),
            Err(Stop::Interrupted) => Ok(Ended::Interrupted),
            Err(Stop::Spoilt(error)) => Err(error),
        };
        if !matches!(played.ended, Ok(Ended::Complete)) {
            table.save();
        }
        [played.old, played.new] = table.records;
        played
    }

    fn program(&self, name: Name) -> &PathBuf {
        match name {
            Name::Old => &self.old,
            Name::New => &self.new,
        }
    }

    fn arguments(&self, round: u32) -> Vec<OsString> {
        let mut seeds = fastrand::Rng::with_seed(self.seed);
        let seed = (0..=round).fold(0, |_, _| seeds.u64(..));
        let own = ["--in-step", "--format=json", "--quiet"].map(OsString::from);
        let counts = [format!("--rounds={}", self.slices), format!("--seed={seed}")].map(OsString::from);
        ["run".into()].into_iter().chain(self.selection.iter().cloned()).chain(own).chain(counts).collect()
    }
}

enum Stop {
    Interrupted,
    Spoilt(SideError),
}

impl From<SideError> for Stop {
    fn from(error: SideError) -> Self {
        Self::Spoilt(error)
    }
}

/// Where the two sit.
struct Table {
    /// OLD, then NEW.
    sides: Vec<Side>,
    records: [Option<Record>; 2],
}

impl Table {
    fn play(
        &mut self,
        contest: &Contest,
        round: u32,
        interruption: &Interruption,
        trial: &mut dyn FnMut(&str),
    ) -> Result<(), Stop> {
        let arguments = contest.arguments(round);
        let mut waiting = [None, None];
        let mut turns: HashMap<String, u32> = HashMap::new();
        // One prepares itself while the other is not there yet, or sits and waits.
        for (at, name) in Name::BOTH.into_iter().enumerate() {
            self.sides.push(Side::start(name, contest.program(name), &arguments, contest.patience)?);
            waiting[at] = self.hear(at, interruption)?;
        }
        loop {
            match &waiting {
                [None, None] => return Ok(()),
                [Some(old), Some(new)] if old == new => {
                    if interruption.is_asked_for() {
                        return Err(Stop::Interrupted);
                    }
                    let cell = old.clone();
                    let turn = turns.entry(cell.clone()).or_insert(round * contest.slices);
                    let first = order::first(contest.seed, &cell, *turn);
                    *turn += 1;
                    for name in [first, first.other()] {
                        trial(&cell);
                        let at = name as usize;
                        self.sides[at].go();
                        waiting[at] = self.hear(at, interruption)?;
                    }
                }
                [old, new] => {
                    let name =
                        |cell: &Option<String>| cell.clone().unwrap_or_else(|| "nothing more".to_owned());
                    return Err(SideError::DifferentCells { old: name(old), new: name(new) }.into());
                }
            }
        }
    }

    /// Waits until a side waits for its turn, or has ended with a record.
    fn hear(&mut self, at: usize, interruption: &Interruption) -> Result<Option<String>, Stop> {
        match self.sides[at].next(interruption) {
            Ok(Said::Turn(cell)) => Ok(Some(cell)),
            Ok(Said::Rest(text)) => {
                self.records[at] = Some(self.sides[at].conclude(text)?);
                Ok(None)
            }
            Err(Unheard::Interrupted) => Err(Stop::Interrupted),
            Err(Unheard::Silent) => Err(self.sides[at].silent().into()),
        }
    }

    /// Saves what those have measured who are still there.
    fn save(&mut self) {
        for (side, record) in self.sides.iter_mut().zip(&mut self.records) {
            if record.is_none() {
                *record = side.dismiss().ok();
            }
        }
    }
}
