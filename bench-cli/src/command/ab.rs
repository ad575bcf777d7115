//! `smbsign ab`: two binaries on this machine, side by side, and a verdict for each cell.

mod selection;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use super::run;
use crate::ab::{Contest, Ended, Keeper, Looks, Played, paired};
use crate::exit::Exit;
use crate::interruption::Interruption;
use crate::output::OutputOptions;
use crate::progress::Progress;
use crate::regression::{BetweenRuns, CellVerdict, Comparison, Rule, Verdict, judge};
use selection::Selection;

/// Compare two smbsign binaries on this machine, turn by turn
///
/// Each round starts a fresh process of either; they take turns trial by trial, in an order that is random and balanced.
/// After the rounds of `--looks` the result is looked at, and the comparison ends once no cell is inconclusive.
///
/// Ctrl-C ends both sides, shows what was measured until then and exits with 3; a second one ends it at once.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The binary to compare with
    old: PathBuf,
    /// The binary that is compared
    new: PathBuf,
    /// Rounds after which to look, fixed beforehand: ascending, the first at least 20
    #[arg(long, value_name = "LIST", default_value = "20,30,40")]
    looks: Looks,
    /// Parts that each side's time in a cell is cut into, round by round; the sides take turns part by part
    #[arg(long, value_name = "N", default_value = "4")]
    slices: NonZeroU32,
    /// The change that matters
    #[arg(long, value_name = "PERCENT", default_value_t = 3.0)]
    threshold: f64,
    /// Seed of keys, file data and orders
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How long a side may say nothing [default: 30s more than a trial takes]
    #[arg(long, value_name = "TIME", value_parser = run::duration)]
    patience: Option<Duration>,
    /// Keep every round's records in a new directory DIR/DATE-MACHINE, up to date while rounds go on [DIR: results]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "results")]
    record: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    output: OutputOptions,
}

/// The error that a whole comparison may make.
const LEVEL: f64 = 0.05;

/// Plays, judges and reports.
///
/// # Errors
///
/// Options that `run` refuses, a destination that cannot be written, a side that gives no record.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let selection = args.selection.arguments(args.slices);
    let trials = run::trials_in_step(&selection)?;
    let output = args.output.open()?;
    let keeper = args.record.as_deref().map(Keeper::create).transpose().context("cannot write to --record")?;
    let progress = output.progress(u64::from(args.looks.last()) * 2 * u64::from(args.slices.get()) * trials.count);
    if let Some(keeper) = &keeper {
        progress.note(format_args!("recording in {}", keeper.directory().display()));
    }
    let contest = Contest {
        old: args.old.clone(),
        new: args.new.clone(),
        selection,
        slices: args.slices.get(),
        seed: args.seed,
        patience: args.patience.unwrap_or(trials.longest + Duration::from_secs(30)),
    };
    let match_ = play(args, &contest, keeper.as_ref(), &progress)?;
    drop(progress);
    let comparison = match_.comparison;
    if let Some(keeper) = &keeper {
        keeper.conclude(|sink| serde_json::to_writer_pretty(sink, &comparison).map_err(Into::into))?;
    }
    output.write(|sink| {
        serde_json::to_writer_pretty(&mut *sink, &comparison)?;
        writeln!(sink)
    })?;
    Ok(match (match_.ended, comparison.verdict) {
        (Ended::Interrupted, _) | (_, Verdict::Inconclusive) => Exit::Inconclusive,
        (_, Verdict::Regressed) => Exit::Bad,
        _ => Exit::Good,
    })
}

struct Match {
    comparison: Comparison,
    ended: Ended,
}

fn play(
    args: &Args,
    contest: &Contest,
    keeper: Option<&Keeper>,
    progress: &Progress,
) -> anyhow::Result<Match> {
    let interruption = Interruption::listen()?;
    let mut rounds: Vec<Played> = Vec::new();
    loop {
        let round = rounds.len() as u32;
        let mut played = contest.play(round, &interruption, &mut |cell| {
            progress.doing(cell);
            progress.step();
        });
        if let Some(keeper) = keeper {
            keeper.keep(round, &played).context("cannot write to --record")?;
        }
        let ended = std::mem::replace(&mut played.ended, Ok(Ended::Complete));
        rounds.push(played);
        let ended = ended.with_context(|| format!("in round {}", round + 1))?;
        let count = rounds.len() as u32;
        if ended == Ended::Complete && !args.looks.includes(count) {
            continue;
        }
        let comparison = look(args, &rounds);
        let is_last = count >= args.looks.last() || comparison_is_decided(&comparison);
        if is_last || ended == Ended::Interrupted {
            return Ok(Match { comparison, ended });
        }
    }
}

fn comparison_is_decided(comparison: &Comparison) -> bool {
    comparison.cells.iter().all(|cell| cell.judgement.verdict != Verdict::Inconclusive)
}

fn look(args: &Args, rounds: &[Played]) -> Comparison {
    let cells = paired(rounds);
    let share = args.looks.share_at(rounds.len() as u32);
    let rule = Rule {
        threshold: args.threshold / 100.0,
        level: LEVEL * share / cells.len().max(1) as f64,
        between_runs: BetweenRuns::Shown,
        shift: 0.0,
    };
    let verdicts = cells.into_iter().filter_map(|cell| {
        Some(CellVerdict { judgement: judge(&[cell.pairs], &rule)?, cell: cell.cell })
    });
    Comparison::of(rule.threshold, verdicts.collect(), Vec::new())
}
