//! A fleet: from `fleet.toml`, or from a directory of exports.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use smbsign_engine::policy::{Account, Change, Role, Server, Side};

use super::groups::{ClientGroup, ServerGroup, merge};
use super::read::{entries, is_export};
use super::{
    Layer, Machine, Observation, Place, Source, Statement, Systems, SystemsError, Unreadable, Warning, read,
    read_all,
};

/// A fleet that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// A file or directory cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// `fleet.toml` is not of the form.
    #[error("{file}: {reason}")]
    Form {
        /// The file.
        file: String,
        /// What the parser says, with the line.
        reason: String,
    },
    /// A system is not known, or the file of defaults cannot be used.
    #[error("{of}: {source}")]
    System {
        /// Whose system.
        of: String,
        /// Why.
        source: SystemsError,
    },
    /// There is nothing in it.
    #[error("{0}: no clients or no servers")]
    Empty(String),
}

/// Something that was seen at a machine.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The machine or group.
    pub machine: String,
    /// What.
    pub observation: Observation,
}

/// Everything that `policy audit` looks at.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    /// Those who connect.
    pub clients: Vec<ClientGroup>,
    /// Those who are connected to.
    pub servers: Vec<ServerGroup>,
    /// What was seen.
    pub seen: Vec<Seen>,
    /// What could not be used.
    pub warnings: Vec<Warning>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    defaults: Option<PathBuf>,
    #[serde(default)]
    group_policy: Vec<PathBuf>,
    #[serde(default)]
    client: Vec<Entry>,
    #[serde(default)]
    server: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default = "one")]
    count: u64,
    system: Option<String>,
    #[serde(default)]
    exports: Vec<PathBuf>,
    #[serde(default)]
    set: Vec<String>,
    #[serde(default)]
    shares: Vec<String>,
    #[serde(default)]
    guest: bool,
    #[serde(default)]
    wan_optimiser: bool,
}

const fn one() -> u64 {
    1
}

impl Fleet {
    /// Reads `fleet.toml`, or a directory in which every directory, and every file beside them, is a machine.
    ///
    /// # Errors
    ///
    /// Something cannot be read, or names a system that is not known.
    pub fn read(path: &Path, systems: Systems) -> Result<Self, FleetError> {
        let fleet =
            if path.is_dir() { Self::of_exports(path, &systems)? } else { Self::of_file(path, systems)? };
        if fleet.clients.is_empty() || fleet.servers.is_empty() {
            return Err(FleetError::Empty(path.display().to_string()));
        }
        Ok(fleet)
    }

    fn of_file(path: &Path, mut systems: Systems) -> Result<Self, FleetError> {
        let text = fs::read_to_string(path).map_err(|error| Unreadable::new(path, error))?;
        let name = path.display().to_string();
        let form = |reason: String| FleetError::Form { file: name.clone(), reason };
        let file: File =
            toml::from_str(&text).map_err(|error| form(error.to_string().trim_end().to_owned()))?;
        let beside = |other: &PathBuf| path.parent().unwrap_or(Path::new("")).join(other);
        if let Some(defaults) = &file.defaults {
            let of = name.clone();
            systems.read_over(&beside(defaults)).map_err(|source| FleetError::System { of, source })?;
        }
        let mut fleet = Self::default();
        let mut policies = Vec::new();
        for policy in &file.group_policy {
            policies.extend(read_all(&beside(policy))?);
        }
        for policy in &policies {
            fleet.warnings.extend(policy.warnings.iter().cloned());
        }
        for (side, entry) in file
            .client
            .iter()
            .map(|one| (Side::Client, one))
            .chain(file.server.iter().map(|one| (Side::Server, one)))
        {
            let mut sources = Vec::new();
            for export in &entry.exports {
                sources.extend(read_all(&beside(export))?);
            }
            let given = entry.given(side, &name).map_err(form)?;
            let machine = fleet.machine(&systems, entry, &sources, &policies, given)?;
            fleet.add(side, entry, machine);
        }
        Ok(fleet)
    }

    fn machine(
        &mut self,
        systems: &Systems,
        entry: &Entry,
        sources: &[Source],
        policies: &[Source],
        given: Vec<Statement>,
    ) -> Result<Machine, FleetError> {
        let system =
            entry.system.as_deref().or_else(|| sources.iter().find_map(|source| source.system.as_deref()));
        let mut machine = match system {
            Some(system) => systems
                .machine(system)
                .map_err(|source| FleetError::System { of: entry.name.clone(), source })?,
            None => Machine::unknown(),
        };
        // Samba and its kin take no Group Policy.
        let windows = system.is_none_or(|system| system.to_lowercase().starts_with("windows"));
        let policies = policies.iter().filter(|_| windows);
        let statements = sources.iter().chain(policies).flat_map(|source| source.statements.iter().cloned());
        machine.take(&statements.chain(given).collect::<Vec<_>>());
        for source in sources {
            self.warnings.extend(source.warnings.iter().cloned());
            self.seen.extend(
                source.observations.iter().map(|observation| Seen {
                    machine: entry.name.clone(),
                    observation: observation.clone(),
                }),
            );
        }
        Ok(machine)
    }

    fn add(&mut self, side: Side, entry: &Entry, machine: Machine) {
        match side {
            Side::Client => self.clients.push(ClientGroup {
                name: entry.name.clone(),
                count: entry.count,
                members: vec![entry.name.clone()],
                machine,
                account: if entry.guest { Account::Guest } else { Account::User },
                wan_optimiser: entry.wan_optimiser,
            }),
            Side::Server => {
                let shares = if entry.shares.is_empty() {
                    usual_shares(&machine.server)
                } else {
                    entry.shares.clone()
                };
                self.servers.push(ServerGroup {
                    name: entry.name.clone(),
                    count: entry.count,
                    members: vec![entry.name.clone()],
                    machine,
                    shares,
                });
            }
        }
    }

    fn of_exports(path: &Path, systems: &Systems) -> Result<Self, FleetError> {
        let mut fleet = Self::default();
        let mut policies = Vec::new();
        let mut machines: Vec<(String, Vec<Source>)> = Vec::new();
        for entry in entries(path)? {
            let sources = if entry.is_dir() {
                read_all(&entry)?
            } else if is_export(&entry) {
                vec![read(&entry)?]
            } else {
                continue;
            };
            let is_policy = |source: &Source| {
                !source.statements.is_empty()
                    && source.statements.iter().all(|statement| statement.layer == Layer::GroupPolicy)
            };
            // What lies beside the machines and is a policy alone is for all of them.
            if !entry.is_dir() && sources.iter().all(is_policy) {
                policies.extend(sources);
                continue;
            }
            let named = sources.iter().find_map(|source| source.machine.clone()).filter(|_| !entry.is_dir());
            let stem = || entry.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let name = named.or_else(stem).unwrap_or_default();
            match machines.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                Some((_, known)) => known.extend(sources),
                None => machines.push((name, sources)),
            }
        }
        fleet.warnings.extend(policies.iter().flat_map(|policy| policy.warnings.iter().cloned()));
        for (name, sources) in machines {
            let entry = Entry::of_export(name);
            let machine = fleet.machine(systems, &entry, &sources, &policies, Vec::new())?;
            fleet.add(Side::Client, &entry, machine.clone());
            fleet.add(Side::Server, &entry, machine);
        }
        fleet.group();
        Ok(fleet)
    }

    /// Puts machines that are alike into one group, named after the first: thousands of exports are a few groups.
    fn group(&mut self) {
        merge(&mut self.clients, |group| group.machine.client.clone(), ClientGroup::take);
        // Where a client has demands of single servers, alike servers are not alike to it.
        let hardened = self.clients.iter().flat_map(|group| &group.machine.client.hardened_paths);
        if hardened.into_iter().any(|entry| entry.pattern.names_a_server()) {
            return;
        }
        merge(&mut self.servers, |group| group.machine.server.clone(), ServerGroup::take);
    }

    /// Every client side and every server side, to be changed.
    pub fn apply(&mut self, change: &Change) {
        for group in &mut self.clients {
            if change.side == Side::Client {
                group.machine.client.apply(&change.setting);
            }
        }
        for group in &mut self.servers {
            if change.side == Side::Server {
                group.machine.server.apply(&change.setting);
            }
        }
    }

    /// How many clients there are.
    #[must_use]
    pub fn client_count(&self) -> u64 {
        self.clients.iter().fold(0, |sum, group| sum.saturating_add(group.count))
    }

    /// How many servers there are.
    #[must_use]
    pub fn server_count(&self) -> u64 {
        self.servers.iter().fold(0, |sum, group| sum.saturating_add(group.count))
    }
}

impl Entry {
    fn of_export(name: String) -> Self {
        Self {
            name,
            count: 1,
            system: None,
            exports: Vec::new(),
            set: Vec::new(),
            shares: Vec::new(),
            guest: false,
            wan_optimiser: false,
        }
    }

    /// `set`, where the side may be left out: it is the entry's.
    fn given(&self, side: Side, file: &str) -> Result<Vec<Statement>, String> {
        let mut given = Vec::new();
        for text in &self.set {
            let change = text.parse::<Change>().or_else(|_| format!("{}.{text}", side.name()).parse());
            let change = change.map_err(|error| format!("{} {:?}: {error}", side.name(), self.name))?;
            let place = Place::file(&format!("{file}, {} {:?}", side.name(), self.name));
            given.push(Statement { change, layer: Layer::Given, place });
        }
        Ok(given)
    }
}

/// Domain controllers serve Group Policy; of others, one share stands for all that have no settings of their own.
fn usual_shares(server: &Server) -> Vec<String> {
    let mut shares: Vec<String> = match server.role {
        Role::DomainController => vec!["SYSVOL".to_owned(), "NETLOGON".to_owned()],
        Role::Member => vec!["share".to_owned()],
    };
    shares.extend(server.share_encryption.iter().map(|(share, _)| share.clone()));
    shares
}
