//! Machines that are alike, and how they come together.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::hash::Hash;

use smbsign_engine::policy::{Account, Client};

use super::Machine;

/// Clients that are alike.
#[derive(Debug, Clone)]
pub struct ClientGroup {
    /// The group's name.
    pub name: String,
    /// How many there are.
    pub count: u64,
    /// The machines' names, where they are known one by one; else the group's.
    pub members: Vec<String>,
    /// What one of them is.
    pub machine: Machine,
    /// Who logs on there.
    pub account: Account,
    /// Whether its traffic passes a WAN optimiser.
    pub wan_optimiser: bool,
}

/// Servers that are alike.
#[derive(Debug, Clone)]
pub struct ServerGroup {
    /// The group's name; the server's in UNC paths.
    pub name: String,
    /// How many there are.
    pub count: u64,
    /// The machines' names, where they are known one by one; else the group's.
    pub members: Vec<String>,
    /// What one of them is.
    pub machine: Machine,
    /// The shares that are looked at.
    pub shares: Vec<String>,
}

/// `ws001 +1399`: the first, and how many are alike.
fn group_name(members: &[String]) -> String {
    match members {
        [] => String::new(),
        [only] => only.clone(),
        [first, others @ ..] => format!("{first} +{}", others.len()),
    }
}

impl ServerGroup {
    pub(super) fn take(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.members.extend(other.members);
        self.name = group_name(&self.members);
    }
}

impl ClientGroup {
    pub(super) fn take(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.members.extend(other.members);
        self.name = group_name(&self.members);
    }

    /// The client side.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.machine.client
    }
}

/// Has the first group of each key take the others, and keeps the order.
pub(super) fn merge<G, K: Hash + Eq>(groups: &mut Vec<G>, key: impl Fn(&G) -> K, take: impl Fn(&mut G, G)) {
    let mut kept: Vec<G> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for group in groups.drain(..) {
        match places.entry(key(&group)) {
            Occupied(place) => {
                if let Some(first) = kept.get_mut(*place.get()) {
                    take(first, group);
                }
            }
            Vacant(place) => {
                place.insert(kept.len());
                kept.push(group);
            }
        }
    }
    *groups = kept;
}
