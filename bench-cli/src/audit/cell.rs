//! One group of clients with one share of one group of servers.

use std::collections::HashSet;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use smbsign_engine::policy::{Assumption, Failure, Outcome, Rule, UncPath, negotiate};
use smbsign_engine::protocol::{Cipher, Dialect, SigningAlgorithm};

use crate::inventory::Fleet;

/// What becomes of the sessions of one group at another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cell {
    /// The clients' group.
    pub client: String,
    /// How many there are.
    pub clients: u64,
    /// The servers' group.
    pub server: String,
    /// How many there are.
    pub servers: u64,
    /// The share.
    pub share: String,
    /// Clients × servers, a machine with itself left out.
    pub pairs: u64,
    /// `signed`, `encrypted`, `not-signed` or `fails-to-connect`.
    #[serde(serialize_with = "name")]
    #[schemars(schema_with = "outcomes")]
    pub outcome: Outcome,
    /// What they speak.
    #[serde(serialize_with = "optional_name")]
    #[schemars(with = "Option<String>")]
    pub dialect: Option<Dialect>,
    /// What signs.
    #[serde(serialize_with = "optional_name")]
    #[schemars(with = "Option<String>")]
    pub algorithm: Option<SigningAlgorithm>,
    /// What encrypts.
    #[serde(serialize_with = "optional_name")]
    #[schemars(with = "Option<String>")]
    pub cipher: Option<Cipher>,
    /// Why there is no connection.
    #[serde(serialize_with = "optional_name")]
    #[schemars(with = "Option<String>")]
    pub failure: Option<Failure>,
    /// The rules that led here, by their names.
    #[serde(serialize_with = "rule_names")]
    #[schemars(with = "Vec<String>")]
    pub because: Vec<Rule>,
    /// What was assumed, by name.
    #[serde(serialize_with = "assumption_names")]
    #[schemars(with = "Vec<String>")]
    pub assumptions: Vec<Assumption>,
}

impl Cell {
    /// What signs or encrypts, by its name.
    #[must_use]
    pub fn protected_by(&self) -> Option<&'static str> {
        self.algorithm.map(SigningAlgorithm::name).or(self.cipher.map(Cipher::name))
    }
}

fn name<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.name())
}

fn outcomes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Outcome::ALL.map(Outcome::name) })
}

fn optional_name<T: ToString, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

fn rule_names<S: Serializer>(rules: &[Rule], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rules.iter().map(|rule| rule.name()))
}

fn assumption_names<S: Serializer>(assumptions: &[Assumption], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(assumptions.iter().map(|assumption| assumption.name()))
}

/// Every cell, in the order of the names.
pub(super) fn cells(fleet: &Fleet) -> Vec<Cell> {
    let mut cells = Vec::new();
    for client in &fleet.clients {
        let members: HashSet<_> = client.members.iter().map(String::as_str).collect();
        for server in &fleet.servers {
            // A machine does not connect to itself.
            let common = server.members.iter().filter(|name| members.contains(name.as_str())).count();
            let own = to_u64(common).saturating_mul(client.count / to_u64(members.len()).max(1));
            let pairs = client.count.saturating_mul(server.count);
            let pairs = pairs.saturating_sub(own);
            for share in server.shares.iter().filter(|_| pairs > 0) {
                let host = server.members.first().unwrap_or(&server.name);
                let path = UncPath::new(host, share);
                let decision = negotiate(client.client(), &server.machine.server, &path, client.account);
                cells.push(Cell {
                    client: client.name.clone(),
                    clients: client.count,
                    server: server.name.clone(),
                    servers: server.count,
                    share: share.clone(),
                    pairs,
                    outcome: decision.outcome,
                    dialect: decision.dialect,
                    algorithm: decision.algorithm,
                    cipher: decision.cipher,
                    failure: decision.failure,
                    because: decision.because.iter().map(|reason| reason.rule).collect(),
                    assumptions: decision.assumptions,
                });
            }
        }
    }
    cells.sort_by(|one, other| {
        fn key(cell: &Cell) -> (&str, &str, &str) {
            (&cell.client, &cell.server, &cell.share)
        }
        key(one).cmp(&key(other))
    });
    cells
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
