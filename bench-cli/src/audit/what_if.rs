//! What a change of settings would do.

use schemars::JsonSchema;
use serde::Serialize;
use smbsign_engine::policy::{Change, Role};

use super::cell::cells;
use super::{Cell, Totals};
use crate::inventory::Fleet;

/// The fleet with changed settings.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WhatIf {
    /// The changes, made on every machine of their side.
    pub set: Vec<String>,
    /// Pairs afterwards.
    pub totals: Totals,
    /// The cells whose outcome, dialect, algorithm or cipher would be another.
    pub changes: Vec<ChangedCell>,
    /// What speaks against the changes, with who says so.
    pub advised_against: Vec<String>,
}

/// A cell before and after.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ChangedCell {
    /// The clients' group.
    pub client: String,
    /// The servers' group.
    pub server: String,
    /// The share.
    pub share: String,
    /// How many pairs.
    pub pairs: u64,
    /// Before: `not-signed`, `signed aes-128-cmac 3.0` …
    pub from: String,
    /// After.
    pub to: String,
    /// Why there would be no connection, in a word.
    pub failure: Option<String>,
}

pub(super) fn of(fleet: &Fleet, before: &[Cell], changes: &[Change]) -> (WhatIf, Vec<Cell>) {
    let mut changed = fleet.clone();
    changes.iter().for_each(|change| changed.apply(change));
    let after = cells(&changed);
    let same_place = |cell: &&Cell, other: &Cell| {
        (&cell.client, &cell.server, &cell.share) == (&other.client, &other.server, &other.share)
    };
    let differing = before.iter().zip(&after).filter(|(one, other)| same_place(one, other));
    let differing = differing.map(|(one, other)| (one, other, words(one), words(other)));
    let differing =
        differing.filter(|(_, _, from, to)| from != to).map(|(one, other, from, to)| ChangedCell {
            client: one.client.clone(),
            server: one.server.clone(),
            share: one.share.clone(),
            pairs: one.pairs,
            from,
            to,
            failure: other.failure.map(|failure| failure.to_string()),
        });
    let mut advised_against = Vec::new();
    let has_dc = fleet.servers.iter().any(|group| group.machine.server.role == Role::DomainController);
    let role = if has_dc { Role::DomainController } else { Role::Member };
    for advice in changes.iter().filter_map(|change| change.advised_against(role)) {
        let text = format!("{} ({})", advice.text, advice.source);
        if !advised_against.contains(&text) {
            advised_against.push(text);
        }
    }
    let what_if = WhatIf {
        set: changes.iter().map(ToString::to_string).collect(),
        totals: Totals::of(&after),
        changes: differing.collect(),
        advised_against,
    };
    (what_if, after)
}

/// The outcome with what signs or encrypts it, and the dialect.
fn words(cell: &Cell) -> String {
    let dialect = cell.dialect.map(smbsign_engine::protocol::Dialect::name);
    let words = [Some(cell.outcome.name()), cell.protected_by(), dialect];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
