//! Groups that get the same everywhere, shown as one: what keeps fifty groups and two hundred servers on a page.

use std::collections::BTreeMap;

use crate::audit::{Audit, Cell};
use crate::report::figures::{NO_FIGURE, grouped};

/// How many names a class shows.
const NAMES_SHOWN: usize = 3;

/// One line of the matrix.
pub(super) struct Row {
    clients: String,
    servers: String,
    share: String,
    pairs: u64,
    /// The outcome's name.
    pub(super) outcome: &'static str,
    dialect: &'static str,
    with: &'static str,
    why_not: &'static str,
}

impl Row {
    /// What stands in the columns.
    pub(super) fn words(&self) -> [String; 8] {
        [
            self.clients.clone(),
            self.servers.clone(),
            self.share.clone(),
            grouped(&self.pairs.to_string()),
            super::outcome_words(self.outcome).to_owned(),
            self.dialect.to_owned(),
            self.with.to_owned(),
            self.why_not.to_owned(),
        ]
    }
}

/// What is the same for all members of a class.
type What = (&'static str, &'static str, &'static str, &'static str);

/// The clients' class, the servers', the share.
type Place<'a> = (usize, usize, &'a str, What);

fn what(cell: &Cell) -> What {
    (
        cell.outcome.name(),
        cell.dialect.map_or(NO_FIGURE, |dialect| dialect.name()),
        cell.protected_by().unwrap_or(NO_FIGURE),
        cell.failure.map_or(NO_FIGURE, |failure| failure.name()),
    )
}

/// The matrix by classes: servers that all clients find alike, then clients that find all servers alike.
pub(super) fn rows(audit: &Audit) -> Vec<Row> {
    let of_server =
        classes(&audit.cells, |cell| &cell.server, |cell| (cell.client.as_str(), cell.share.as_str()));
    let of_client =
        classes(&audit.cells, |cell| &cell.client, |cell| (cell.server.as_str(), cell.share.as_str()));
    let mut rows: BTreeMap<Place<'_>, (Vec<&Cell>, u64)> = BTreeMap::new();
    for cell in &audit.cells {
        let classes = of_client.get(cell.client.as_str()).zip(of_server.get(cell.server.as_str()));
        let Some((client, server)) = classes else { continue };
        let row = rows.entry((*client, *server, &cell.share, what(cell))).or_default();
        row.0.push(cell);
        row.1 = row.1.saturating_add(cell.pairs);
    }
    rows.into_iter()
        .map(|((_, _, share, (outcome, dialect, with, why_not)), (cells, pairs))| Row {
            clients: named(cells.iter().map(|cell| (cell.client.as_str(), cell.clients))),
            servers: named(cells.iter().map(|cell| (cell.server.as_str(), cell.servers))),
            share: share.to_owned(),
            pairs,
            outcome,
            dialect,
            with,
            why_not,
        })
        .collect()
}

/// Every name's class: names for which the other side's cells are the same.
fn classes<'a>(
    cells: &'a [Cell],
    name: impl Fn(&'a Cell) -> &'a str,
    other: impl Fn(&'a Cell) -> (&'a str, &'a str),
) -> BTreeMap<&'a str, usize> {
    let mut vectors: BTreeMap<&str, BTreeMap<(&str, &str), What>> = BTreeMap::new();
    for cell in cells {
        vectors.entry(name(cell)).or_default().insert(other(cell), what(cell));
    }
    let mut known: BTreeMap<BTreeMap<(&str, &str), What>, usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (name, vector) in vectors {
        let next = known.len();
        found.insert(name, *known.entry(vector).or_insert(next));
    }
    found
}

/// `laptops (60,000)`, or the first names and how many more.
fn named<'a>(members: impl Iterator<Item = (&'a str, u64)>) -> String {
    let members: BTreeMap<_, _> = members.collect();
    let sum = members.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let mut names: Vec<_> = members.keys().take(NAMES_SHOWN).map(ToString::to_string).collect();
    if let more @ 1.. = members.len().saturating_sub(NAMES_SHOWN) {
        names.push(format!("{more} more"));
    }
    let names = names.join(", ");
    if sum == 1 { names } else { format!("{names} ({})", grouped(&sum.to_string())) }
}
