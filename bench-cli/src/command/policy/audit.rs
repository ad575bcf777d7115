//! `smbsign policy audit`: a fleet.

use std::path::PathBuf;

use smbsign_engine::policy::Change;

use super::Defaults;
use crate::audit::{Audit, Requirement};
use crate::exit::Exit;
use crate::inventory::Fleet;
use crate::output::OutputOptions;
use crate::report::{self, DocumentFormat};

/// Audit a fleet: what every group of clients gets from every share, and what stands out
///
/// FLEET is a fleet.toml, or a directory of exports: in it, every directory and every file is a machine, and a GptTmpl.inf or
/// Registry.pol beside them is for all. What the exports say is taken in this order, the later over the earlier: the
/// system's defaults, the local registry or smb.conf, Group Policy, what the running services answer, fleet.toml.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// fleet.toml, or a directory of exports
    #[arg(value_name = "FLEET")]
    fleet: PathBuf,
    /// What would this change do, made on every client or every server: "server.require=true"; may be given again
    #[arg(long, value_name = "SETTING")]
    what_if: Vec<Change>,
    /// Exit with 1 unless every pair that connects is signed, or encrypted; or unless every pair connects. With --what-if,
    /// of the changed fleet
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    require: Vec<Requirement>,
    #[command(flatten)]
    defaults: Defaults,
    #[command(flatten)]
    output: OutputOptions<DocumentFormat>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let systems = args.defaults.systems(None)?;
    let output = args.output.open()?;
    let fleet = Fleet::read(&args.fleet, systems)?;
    let progress = output.progress(0);
    for warning in &fleet.warnings {
        progress.note(format_args!("warning: {warning}"));
    }
    let audit = Audit::of(&fleet, &args.what_if, &args.require);
    drop(progress);
    let (format, colour) = (output.format(), output.colour());
    output.write(|sink| report::audit(&audit, format, colour, sink))?;
    Ok(if audit.required.iter().all(|required| required.met) { Exit::Good } else { Exit::Bad })
}
