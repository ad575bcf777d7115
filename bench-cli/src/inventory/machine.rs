//! A machine as its defaults and exports make it, and where each setting comes from.

use std::fmt;

use smbsign_engine::policy::{Client, Server, Setting, Side};

use super::{Layer, Place, Statement};

/// Where a setting of a machine comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The system's default: its name, and who says so.
    Default {
        /// The system.
        system: String,
        /// Who says so, and when.
        source: String,
    },
    /// A line of an export, an option, an entry of fleet.toml.
    Stated {
        /// How far it reaches.
        layer: Layer,
        /// Where it stands.
        place: Place,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default { system, source } => write!(f, "default of {system} ({source})"),
            Self::Stated { layer: Layer::GroupPolicy, place } => write!(f, "Group Policy, {place}"),
            Self::Stated { place, .. } => write!(f, "{place}"),
        }
    }
}

/// Both sides of a machine, with the origin of every setting that was stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Outgoing connections.
    pub client: Client,
    /// Incoming connections.
    pub server: Server,
    origins: Vec<(Side, Setting, Origin)>,
}

impl Machine {
    /// A machine that nothing is known of: a Windows of today before 24H2.
    #[must_use]
    pub fn unknown() -> Self {
        Self { client: Client::windows(), server: Server::windows(), origins: Vec::new() }
    }

    /// Takes over a setting, with its origin.
    pub fn set(&mut self, side: Side, setting: &Setting, origin: Origin) {
        match side {
            Side::Client => self.client.apply(setting),
            Side::Server => self.server.apply(setting),
        }
        self.origins.retain(|(known, other, _)| *known != side || !setting.replaces(other));
        self.origins.push((side, setting.clone(), origin));
    }

    /// Takes over what exports state: lower layers first, within a layer in their order.
    pub fn take(&mut self, statements: &[Statement]) {
        let mut ordered: Vec<_> = statements.iter().collect();
        ordered.sort_by_key(|statement| statement.layer);
        for Statement { change, layer, place } in ordered {
            let origin = Origin::Stated { layer: *layer, place: place.clone() };
            self.set(change.side, &change.setting, origin);
        }
    }

    /// Where a setting comes from; none where nothing stated it.
    #[must_use]
    pub fn origin(&self, side: Side, setting: &Setting) -> Option<&Origin> {
        let mut known = self.origins.iter();
        let found = known.find(|(known, other, _)| *known == side && setting.replaces(other));
        found.map(|(_, _, origin)| origin)
    }
}
