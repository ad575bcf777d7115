//! `smbsign policy matrix`: the tables as the article prints them.

use schemars::JsonSchema;
use serde::Serialize;
use smbsign_engine::policy::{Footnote, Matrix, MatrixCell};

use crate::exit::Exit;
use crate::output::OutputOptions;
use crate::report::{self, DocumentFormat};

/// The effective-behaviour tables: SMB2, SMB1, and SMB1 before the change of 2008
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    output: OutputOptions<DocumentFormat>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let output = args.output.open()?;
    let (format, colour) = (output.format(), output.colour());
    output.write(|sink| report::matrices(&MatrixReport::new(), format, colour, sink))?;
    Ok(Exit::Good)
}

/// The three tables, by the names of DESIGN's contract.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MatrixReport {
    /// SMB 2.0.2 and later.
    pub smb2: Vec<CellReport>,
    /// SMB1 of current Windows.
    pub smb1: Vec<CellReport>,
    /// SMB1 before the change of 2008.
    pub smb1_legacy: Vec<CellReport>,
}

/// One cell.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CellReport {
    /// The client's setting: `required`, `enabled`, `disabled` or `not-required`.
    pub client: &'static str,
    /// The server's setting.
    pub server: &'static str,
    /// `signed`, `not-signed` or `fails-to-connect`.
    pub outcome: &'static str,
    /// What the article's footnote says of the cell.
    pub default_for: Option<&'static str>,
}

impl MatrixReport {
    /// All three.
    #[must_use]
    pub fn new() -> Self {
        let cells = |matrix: Matrix| matrix.cells().iter().map(CellReport::new).collect();
        Self { smb2: cells(Matrix::Smb2), smb1: cells(Matrix::Smb1), smb1_legacy: cells(Matrix::Smb1Legacy) }
    }
}

impl Default for MatrixReport {
    fn default() -> Self {
        Self::new()
    }
}

impl CellReport {
    fn new(cell: &MatrixCell) -> Self {
        let default_for = cell.footnote.map(|footnote| match footnote {
            Footnote::DomainControllerDefault => "domain-controller-traffic",
            Footnote::OtherDefault => "other-traffic",
        });
        Self { client: cell.client, server: cell.server, outcome: cell.outcome.name(), default_for }
    }
}
