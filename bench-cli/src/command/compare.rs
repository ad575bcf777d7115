//! `smbsign compare`: did it get slower from one set of records to another?

pub(super) mod value;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::Exit;
use crate::output::OutputOptions;
use crate::record::{Machine, Part, Run, content, read_runs};
use crate::regression::{Comparison, Floor, Options, Verdict, compare_runs};
use crate::report::{self, ComparisonFormat};
use value::FloorChoice;

/// Compare records: is NEW slower than BASE?
///
/// BASE and NEW are each a record, a run's directory, or a directory of these. With at least three runs a side the spread
/// of the runs decides; with fewer, the spread that was recorded for this machine (`--floor`), and without one nothing is
/// called.
///
/// Exit codes: 1 a cell regressed, 3 a cell is inconclusive (see --fail-on), 4 the records cannot be compared.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to compare with
    base: PathBuf,
    /// What is judged
    new: PathBuf,
    /// The change that matters, as 3% or 0.5%
    #[arg(long, value_name = "PERCENT", default_value = "3%", value_parser = value::percent)]
    threshold: f64,
    /// Verdicts that fail, if any cell has one: regressed, improved and unchanged with exit code 1, inconclusive with 3
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "regressed,inconclusive", value_parser = value::verdict)]
    fail_on: Vec<Verdict>,
    /// What this machine's own measurements differ by, or none [default: results/floor-MACHINE.json, if it is there]
    #[arg(long, value_name = "FILE")]
    floor: Option<FloorChoice>,
    /// What may differ between the records all the same: cpu, cpu-features, microcode, cores, smt, hypervisor, kernel,
    /// page-size, rustc, backend, implementation
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = value::part)]
    ignore: Vec<Part>,
    #[command(flatten)]
    output: OutputOptions<ComparisonFormat>,
}

/// Reads, compares and reports.
///
/// # Errors
///
/// Records that cannot be read, or not be compared; a destination that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let output = args.output.open()?;
    let (base, new) = (runs(&args.base)?, runs(&args.new)?);
    let floor = floor(args.floor.as_ref(), base.first().map(|run| &run.machine))?;
    let options = Options { threshold: args.threshold, floor, ignored: args.ignore.clone() };
    let comparison = compare_runs(&base, &new, &options)?;
    let (format, colour) = (output.format(), output.colour());
    output.write(|sink| report::comparison(&comparison, format, colour, sink))?;
    Ok(exit(&comparison, &args.fail_on))
}

fn runs(path: &Path) -> anyhow::Result<Vec<Run>> {
    Ok(read_runs(path)?.into_iter().map(|kept| kept.run).collect())
}

/// The floor that was chosen, or the machine's usual one, if it is there.
pub(super) fn floor(
    choice: Option<&FloorChoice>,
    machine: Option<&Machine>,
) -> anyhow::Result<Option<Floor>> {
    let path = match (choice, machine) {
        (Some(FloorChoice::None), _) | (None, None) => return Ok(None),
        (Some(FloorChoice::File(path)), _) => path.clone(),
        (None, Some(machine)) => {
            let usual = usual_floor(machine);
            if !usual.exists() {
                return Ok(None);
            }
            usual
        }
    };
    let floor = Floor::parse(&content(&path)?).with_context(|| format!("the floor {}", path.display()))?;
    Ok(Some(floor))
}

/// Where a machine's floor is kept.
pub(super) fn usual_floor(machine: &Machine) -> PathBuf {
    Path::new("results").join(format!("floor-{}.json", machine.short_name()))
}

/// What a comparison amounts to for a script: the gravest of the verdicts that were asked for and that a cell has.
pub(super) fn exit(comparison: &Comparison, fail_on: &[Verdict]) -> Exit {
    let failed =
        fail_on.iter().filter(|verdict| **verdict == comparison.verdict || comparison.count(**verdict) > 0);
    match failed.min() {
        None => Exit::Good,
        Some(Verdict::Inconclusive) => Exit::Inconclusive,
        Some(_) => Exit::Bad,
    }
}
