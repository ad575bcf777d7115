//! `smbsign ab`: two binaries on this machine, side by side, and a verdict for each cell.

mod selection;

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::compare::value::{self, FloorChoice};
use super::{compare, run};
use crate::ab::{Contest, Ended, Keeper, Look, Looks, Played, floor, is_decided};
use crate::exit::Exit;
use crate::interruption::Interruption;
use crate::output::{OutputOptions, writable};
use crate::progress::Progress;
use crate::record::Machine;
use crate::regression::{CompareError, Comparison, Floor, Verdict};
use crate::report::{self, ComparisonFormat};
use selection::Selection;

/// Compare two smbsign binaries on this machine: is NEW slower than OLD?
///
/// Each round starts a fresh process of either; they take turns, a slice of a trial each, in an order that is random and
/// balanced. After the rounds of `--looks` the result is looked at, and the comparison ends once no cell is inconclusive.
///
/// Exit codes: 1 a cell regressed, 3 a cell is inconclusive (see --fail-on). Ctrl-C ends both sides, shows what was
/// measured until then and exits with 3; a second one ends it at once.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The binary to compare with
    old: PathBuf,
    /// The binary that is judged
    new: PathBuf,
    /// Rounds after which to look, fixed beforehand: ascending, the first at least 20
    #[arg(long, value_name = "LIST", default_value = "20,30,40")]
    looks: Looks,
    /// The change that matters, as 3% or 0.5%
    #[arg(long, value_name = "PERCENT", default_value = "3%", value_parser = value::percent)]
    threshold: f64,
    /// Verdicts that fail, if any cell has one: regressed, improved and unchanged with exit code 1, inconclusive with 3
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "regressed,inconclusive", value_parser = value::verdict)]
    fail_on: Vec<Verdict>,
    /// What two builds of one source differ by on this machine, or none
    /// [default: results/floor-MACHINE.json, if it is there]
    #[arg(long, value_name = "FILE")]
    floor: Option<FloorChoice>,
    /// OLD and NEW are builds of one source that differ in layout alone: play all rounds and write what they differ by
    /// [FILE: results/floor-MACHINE.json]
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "floor")]
    record_floor: Option<Option<PathBuf>>,
    /// Parts that each side's time in a cell and round is cut into; the sides take turns part by part
    #[arg(long, value_name = "N", default_value = "8")]
    slices: NonZeroU32,
    /// Seed of keys, file data and orders
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How long a side may say nothing [default: 30s more than a slice takes]
    #[arg(long, value_name = "TIME", value_parser = run::duration)]
    patience: Option<Duration>,
    /// Keep every round's records in a new directory DIR/DATE-MACHINE, up to date while rounds go on [DIR: results]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "results")]
    record: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    output: OutputOptions<ComparisonFormat>,
}

/// Plays, judges and reports.
///
/// # Errors
///
/// Options that `run` refuses, a destination that cannot be written, a side that gives no record.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let selection = args.selection.arguments(args.slices);
    let trials = run::trials_in_step(&selection)?;
    let output = args.output.open()?;
    let floors = Floors::open(args)?;
    let keeper =
        args.record.as_deref().map(Keeper::create).transpose().context("cannot write to --record")?;
    let progress =
        output.progress(2 * u64::from(args.looks.last()) * u64::from(args.slices.get()) * trials.cells);
    if let Some(keeper) = &keeper {
        progress.note(format_args!("recording in {}", keeper.directory().display()));
    }
    let contest = Contest {
        old: program(&args.old)?,
        new: program(&args.new)?,
        selection,
        slices: args.slices.get(),
        seed: args.seed,
        patience: args.patience.unwrap_or(trials.longest + Duration::from_secs(30)),
    };
    let watched = Match { args, contest, floor: floors.known.as_ref(), keeper: keeper.as_ref(), progress };
    let (comparison, rounds, ended) = watched.play()?;
    if let Some(keeper) = &keeper {
        keeper.conclude(&comparison).context("cannot write to --record")?;
    }
    if ended == Ended::Complete {
        floors.record(&rounds)?;
    }
    let (format, colour) = (output.format(), output.colour());
    output.write(|sink| report::comparison(&comparison, format, colour, sink))?;
    Ok(match ended {
        Ended::Interrupted => Exit::Inconclusive,
        Ended::Complete => compare::exit(&comparison, &args.fail_on),
    })
}

/// A file that is there, wherever it lies; else a name that the system looks for.
fn program(path: &Path) -> io::Result<PathBuf> {
    if path.is_file() { std::path::absolute(path) } else { Ok(path.to_owned()) }
}

/// The floor that the verdicts rest on, and the file that a new one goes to.
struct Floors {
    known: Option<Floor>,
    file: Option<PathBuf>,
}

impl Floors {
    fn open(args: &Args) -> anyhow::Result<Self> {
        let machine = Machine::read();
        let Some(file) = &args.record_floor else {
            let known = compare::floor(args.floor.as_ref(), Some(&machine))?;
            if let Some(of_another) = known.as_ref().filter(|floor| floor.machine.cpu != machine.cpu) {
                let (floor, records) = (of_another.machine.cpu.clone(), machine.cpu);
                return Err(CompareError::FloorOfAnotherMachine { floor, records }.into());
            }
            return Ok(Self { known, file: None });
        };
        let file = file.clone().unwrap_or_else(|| compare::usual_floor(&machine));
        writable("--record-floor", &file)?;
        Ok(Self { known: None, file: Some(file) })
    }

    fn record(&self, rounds: &[Played]) -> anyhow::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        // What stands there is no floor where it is empty; what is broken is not worth keeping.
        let before = std::fs::read(file).ok().and_then(|json| Floor::parse(&json).ok());
        let mut json = serde_json::to_string_pretty(&floor(rounds, before))?;
        json.push('\n');
        std::fs::write(file, json).with_context(|| format!("cannot write to {}", file.display()))
    }
}

/// A comparison under way.
struct Match<'a> {
    args: &'a Args,
    contest: Contest,
    floor: Option<&'a Floor>,
    keeper: Option<&'a Keeper>,
    progress: Progress,
}

impl Match<'_> {
    fn play(self) -> anyhow::Result<(Comparison, Vec<Played>, Ended)> {
        let interruption = Interruption::listen()?;
        let looks = &self.args.looks;
        let mut rounds: Vec<Played> = Vec::new();
        loop {
            let round = rounds.len() as u32;
            let mut played = self.contest.play(round, &interruption, &mut |cell| {
                self.progress.doing(cell);
                self.progress.step();
            });
            if let Some(keeper) = self.keeper {
                keeper.keep(round, &played).context("cannot write to --record")?;
            }
            let ended = std::mem::replace(&mut played.ended, Ok(Ended::Complete));
            let ended = ended.with_context(|| self.spoilt(round))?;
            rounds.push(played);
            let count = rounds.len() as u32;
            if ended == Ended::Interrupted {
                let mut comparison = self.look(&rounds);
                comparison.notes.push(format!("interrupted in round {count} of at most {}", looks.last()));
                return Ok((comparison, rounds, ended));
            }
            if looks.includes(count) {
                let comparison = self.look(&rounds);
                let is_decided = is_decided(&comparison) && self.args.record_floor.is_none();
                if is_decided || count == looks.last() {
                    return Ok((comparison, rounds, ended));
                }
            }
        }
    }

    fn look(&self, rounds: &[Played]) -> Comparison {
        let share = self.args.looks.share_at(rounds.len() as u32);
        Look { threshold: self.args.threshold, floor: self.floor, share }.judge(rounds)
    }

    fn spoilt(&self, round: u32) -> String {
        let kept = self
            .keeper
            .map(|keeper| format!("; what was measured is kept in {}", keeper.directory().display()));
        format!("the comparison ended in round {}{}", round + 1, kept.unwrap_or_default())
    }
}
