//! `smbsign policy`: who signs with whom.

mod audit;
mod explain;
mod matrix;

use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::inventory::{Systems, SystemsError};

pub use explain::{CostRow, DecidedBy, ExplainReport, ReasonReport, WayReport};
pub use matrix::MatrixReport;

/// Who signs with whom: the published tables, one pair explained, a fleet audited
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Matrix(matrix::Args),
    Explain(Box<explain::Args>),
    Audit(Box<audit::Args>),
}

/// Answers.
///
/// # Errors
///
/// An option or a file cannot be used, or a destination cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Matrix(args) => matrix::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Audit(args) => audit::run(args),
    }
}

/// Where defaults come from.
#[derive(Debug, clap::Args)]
struct Defaults {
    /// Read defaults of systems from this file over those that come with the tool
    #[arg(long, value_name = "FILE")]
    defaults: Option<PathBuf>,
}

impl Defaults {
    fn systems(&self, of_fleet: Option<&Path>) -> Result<Systems, SystemsError> {
        let mut systems = Systems::shipped();
        for file in of_fleet.into_iter().chain(self.defaults.as_deref()) {
            systems.read_over(file)?;
        }
        Ok(systems)
    }
}
