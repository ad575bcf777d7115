//! A fleet's effective matrix, what it shows, and what a change would do.
//!
//! Groups are paired, not machines: a hundred thousand clients in fifty groups are fifty rows.

mod cell;
mod finding;
mod observed;
mod requirement;
mod what_if;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use smbsign_engine::policy::{Assumption, Change, Outcome};

pub use cell::Cell;
pub use finding::{Finding, Severity};
pub use observed::ObservedPair;
pub use requirement::{Requirement, RequirementReport};
pub use what_if::{ChangedCell, WhatIf};

use crate::inventory::Fleet;

/// Everything that `policy audit` tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Audit {
    /// `smbsign.policy.audit/1`.
    pub schema: &'static str,
    /// How large the fleet is.
    pub fleet: FleetSize,
    /// Pairs by outcome, dialect and algorithm.
    pub totals: Totals,
    /// Every group of clients with every share of every group of servers, in the order of their names.
    pub cells: Vec<Cell>,
    /// What stands out, the most severe first.
    pub findings: Vec<Finding>,
    /// What was seen on the wire, beside what the settings say.
    pub observed: Vec<ObservedPair>,
    /// What the names in the cells' assumptions stand for.
    pub assumptions: BTreeMap<&'static str, &'static str>,
    /// What --what-if would do.
    pub what_if: Option<WhatIf>,
    /// What --require asked for; with --what-if, of the changed fleet.
    pub required: Vec<RequirementReport>,
    /// What could not be used in the exports, as `FILE:LINE: what`.
    pub warnings: Vec<String>,
}

/// How large a fleet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FleetSize {
    /// Machines that connect.
    pub clients: u64,
    /// Groups of them.
    pub client_groups: usize,
    /// Machines that are connected to.
    pub servers: u64,
    /// Groups of them.
    pub server_groups: usize,
    /// A client with a share of a server.
    pub pairs: u64,
}

/// Pairs, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// By outcome: all four are there.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// By dialect, where there is a connection.
    pub dialects: BTreeMap<&'static str, u64>,
    /// By signing algorithm, where there are signatures.
    pub algorithms: BTreeMap<&'static str, u64>,
}

impl Totals {
    /// Counts.
    #[must_use]
    pub fn of(cells: &[Cell]) -> Self {
        let mut totals = Self {
            outcomes: Outcome::ALL.map(|outcome| (outcome.name(), 0)).into(),
            dialects: BTreeMap::new(),
            algorithms: BTreeMap::new(),
        };
        let add = |count: &mut BTreeMap<_, u64>, name, pairs| {
            let sum = count.entry(name).or_insert(0);
            *sum = sum.saturating_add(pairs);
        };
        for cell in cells {
            add(&mut totals.outcomes, cell.outcome.name(), cell.pairs);
            if let Some(dialect) = cell.dialect.filter(|_| cell.outcome != Outcome::FailsToConnect) {
                add(&mut totals.dialects, dialect.name(), cell.pairs);
            }
            if let Some(algorithm) = cell.algorithm {
                add(&mut totals.algorithms, algorithm.name(), cell.pairs);
            }
        }
        totals
    }
}

impl Audit {
    /// The form's name.
    pub const SCHEMA: &str = "smbsign.policy.audit/1";

    /// Looks at a fleet, and at what changes would make of it.
    #[must_use]
    pub fn of(fleet: &Fleet, changes: &[Change], requirements: &[Requirement]) -> Self {
        let cells = cell::cells(fleet);
        let totals = Totals::of(&cells);
        let observed = observed::pairs(fleet, &cells);
        let (what_if, changed) = match changes {
            [] => (None, None),
            changes => {
                let (what_if, changed) = what_if::of(fleet, &cells, changes);
                (Some(what_if), Some(changed))
            }
        };
        let judged = changed.as_ref().unwrap_or(&cells);
        let required =
            requirements.iter().map(|requirement| RequirementReport::of(*requirement, judged)).collect();
        let assumed = cells.iter().chain(changed.iter().flatten()).flat_map(|cell| &cell.assumptions);
        let pairs = cells.iter().fold(0_u64, |sum, cell| sum.saturating_add(cell.pairs));
        Self {
            schema: Self::SCHEMA,
            fleet: FleetSize {
                clients: fleet.client_count(),
                client_groups: fleet.clients.len(),
                servers: fleet.server_count(),
                server_groups: fleet.servers.len(),
                pairs,
            },
            findings: finding::findings(fleet, &cells, &observed),
            observed,
            assumptions: assumed.map(|assumed: &Assumption| (assumed.name(), assumed.statement())).collect(),
            totals,
            cells,
            what_if,
            required,
            warnings: fleet.warnings.iter().map(ToString::to_string).collect(),
        }
    }
}
