//! What was seen, beside what the settings say.

use std::collections::HashMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;
use smbsign_engine::policy::{Outcome, Side};

use super::Cell;
use crate::inventory::{Fleet, Observed, Seen};

/// A connection that was seen, and the cell that it belongs to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ObservedPair {
    /// The client, or its group.
    pub client: String,
    /// The server, or its group.
    pub server: String,
    /// The share, where it was told.
    pub share: Option<String>,
    /// What was seen: `signed`, `encrypted`, `not-signed`; null where the tool does not tell.
    pub observed: Option<&'static str>,
    /// The dialect that was seen.
    pub observed_dialect: Option<&'static str>,
    /// What the settings give; null where the other end is not in the fleet.
    pub configured: Option<&'static str>,
    /// The dialect that the settings give.
    pub configured_dialect: Option<&'static str>,
    /// Whether the two agree in what both tell; null where nothing can be compared.
    pub agrees: Option<bool>,
    /// Where it was read.
    pub place: String,
}

pub(super) fn pairs(fleet: &Fleet, cells: &[Cell]) -> Vec<ObservedPair> {
    let mut groups = Groups::default();
    for group in &fleet.clients {
        groups.clients.extend(group.members.iter().map(|name| (host(name), group.name.as_str())));
    }
    for group in &fleet.servers {
        groups.servers.extend(group.members.iter().map(|name| (host(name), group.name.as_str())));
    }
    for cell in cells {
        groups.cells.entry((&cell.client, &cell.server)).or_default().push(cell);
    }
    let mut pairs: Vec<_> = fleet.seen.iter().filter_map(|seen| pair(seen, &groups)).collect();
    pairs.sort_by(|one, other| {
        (&one.client, &one.server, &one.place).cmp(&(&other.client, &other.server, &other.place))
    });
    pairs
}

/// Which groups the hosts belong to, and the cells of each pair of groups.
#[derive(Default)]
struct Groups<'a> {
    clients: HashMap<String, &'a str>,
    servers: HashMap<String, &'a str>,
    cells: HashMap<(&'a str, &'a str), Vec<&'a Cell>>,
}

impl<'a> Groups<'a> {
    fn cells(&self, client: &str, server: &str) -> &[&'a Cell] {
        let groups = self.clients.get(&host(client)).zip(self.servers.get(&host(server)));
        let cells = groups.and_then(|(client, server)| self.cells.get(&(*client, *server)));
        cells.map(Vec::as_slice).unwrap_or_default()
    }
}

fn pair(seen: &Seen, groups: &Groups<'_>) -> Option<ObservedPair> {
    let Observed::Connection { side, peer, share, dialect, signed, encrypted } = &seen.observation.observed
    else {
        return None;
    };
    let (client, server) = match side {
        Side::Client => (&seen.machine, peer),
        Side::Server => (peer, &seen.machine),
    };
    let observed = match (encrypted, signed) {
        (Some(true), _) => Some(Outcome::Encrypted),
        (_, Some(true)) => Some(Outcome::Signed),
        (Some(false), Some(false)) => Some(Outcome::NotSigned),
        _ => None,
    };
    let of_pair = groups.cells(client, server);
    let of_share =
        |cell: &&&Cell| share.as_ref().is_some_and(|share| share.eq_ignore_ascii_case(&cell.share));
    let cell = of_pair.iter().find(of_share).or(of_pair.first());
    let configured = cell.map(|cell| cell.outcome);
    let configured_dialect = cell.and_then(|cell| cell.dialect);
    let compared = [
        observed.zip(configured).map(|(one, other)| one == other),
        dialect.zip(configured_dialect).map(|(one, other)| one == other),
    ];
    let agrees = compared.into_iter().flatten().reduce(|one, other| one && other);
    Some(ObservedPair {
        client: client.clone(),
        server: server.clone(),
        share: share.clone(),
        observed: observed.map(Outcome::name),
        observed_dialect: dialect.map(smbsign_engine::protocol::Dialect::name),
        configured: configured.map(Outcome::name),
        configured_dialect: configured_dialect.map(smbsign_engine::protocol::Dialect::name),
        agrees,
        place: seen.observation.place.to_string(),
    })
}

/// What `files`, `FILES` and `files.corp.example` have in common; an address stays whole.
fn host(name: &str) -> String {
    let is_address = name.parse::<IpAddr>().is_ok();
    let short = if is_address { name } else { name.split('.').next().unwrap_or_default() };
    short.to_lowercase()
}
