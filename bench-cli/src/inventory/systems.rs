//! The defaults of systems: a data file, and a user's over it.

use std::path::Path;

use serde::Deserialize;
use smbsign_engine::policy::Change;

use super::{Machine, Origin};

/// What comes with the tool.
const SHIPPED: &str = include_str!("systems.toml");

/// A file of defaults that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemsError {
    /// It cannot be read.
    #[error("cannot read {file}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not of the form.
    #[error("{file}: {reason}")]
    Form {
        /// The file.
        file: String,
        /// What the parser says, with the line.
        reason: String,
    },
    /// A system builds on one that is not there, or on itself.
    #[error("{system:?} is like {like:?}, which is no system before it")]
    Like {
        /// The system.
        system: String,
        /// What it names.
        like: String,
    },
    /// No system has the name.
    #[error("unknown system {name:?}: one of {}", .known.join(", "))]
    Unknown {
        /// As it was asked for.
        name: String,
        /// Those that have a word with it in common, or all.
        known: Vec<String>,
    },
}

/// Every system that is known.
#[derive(Debug, Clone)]
pub struct Systems {
    systems: Vec<System>,
    domain_controller: Group,
}

/// A system, with all that it has from others.
#[derive(Debug, Clone)]
pub struct System {
    /// Its name and the others that it goes by.
    pub names: Vec<String>,
    /// Its defaults, in the order in which they apply.
    pub defaults: Vec<Group>,
}

/// Settings that one source speaks of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The settings.
    #[serde(rename = "set", deserialize_with = "changes")]
    pub changes: Vec<Change>,
    /// Who says so.
    pub source: String,
    /// When, as `2024-10-25`.
    pub date: jiff::civil::Date,
    /// What another source has.
    pub disagrees: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    domain_controller: Option<Group>,
    #[serde(default)]
    system: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    also: Vec<String>,
    like: Option<String>,
    #[serde(default)]
    default: Vec<Group>,
}

fn changes<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Vec<Change>, D::Error> {
    let texts = Vec::<String>::deserialize(reader)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

impl Systems {
    /// What comes with the tool.
    #[must_use]
    pub fn shipped() -> Self {
        let file: File = toml::from_str(SHIPPED).expect("the shipped file is read in every test");
        let domain_controller = file.domain_controller.expect("the shipped file has it");
        let mut systems = Self { systems: Vec::new(), domain_controller };
        for entry in file.system {
            systems.add(entry).expect("the shipped file is whole");
        }
        systems
    }

    /// Reads a user's file over these.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not of the form.
    pub fn read_over(&mut self, path: &Path) -> Result<(), SystemsError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| SystemsError::Unreadable { file: name.clone(), source })?;
        self.parse_over(&name, &text)
    }

    /// Reads the text of a user's file over these; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// The text is not of the form.
    pub fn parse_over(&mut self, file: &str, text: &str) -> Result<(), SystemsError> {
        let form = |error: toml::de::Error| SystemsError::Form {
            file: file.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        };
        let parsed: File = toml::from_str(text).map_err(form)?;
        if let Some(group) = parsed.domain_controller {
            self.domain_controller = group;
        }
        parsed.system.into_iter().try_for_each(|entry| self.add(entry))
    }

    fn add(&mut self, entry: Entry) -> Result<(), SystemsError> {
        let mut defaults = match &entry.like {
            None => Vec::new(),
            Some(like) => match self.known(like) {
                Some(system) => system.defaults.clone(),
                None => return Err(SystemsError::Like { system: entry.name, like: like.clone() }),
            },
        };
        defaults.extend(entry.default);
        let names: Vec<_> = std::iter::once(entry.name).chain(entry.also).collect();
        for known in &mut self.systems {
            known.names.retain(|known| !names.iter().any(|name| same(known, name)));
        }
        self.systems.retain(|known| !known.names.is_empty());
        self.systems.push(System { names, defaults });
        Ok(())
    }

    /// Every system, in the order of the files.
    #[must_use]
    pub fn all(&self) -> &[System] {
        &self.systems
    }

    /// The machine that a name stands for: `Windows 11 24H2 Pro`, `Windows Server 2025 DC`, `Samba 4.17`.
    ///
    /// # Errors
    ///
    /// No system has the name.
    pub fn machine(&self, name: &str) -> Result<Machine, SystemsError> {
        let mut machine = Machine::unknown();
        if let Some(system) = self.known(name) {
            apply(&mut machine, name, &system.defaults);
            return Ok(machine);
        }
        let of_dc = without_dc(name).and_then(|base| self.known(base));
        let system = of_dc.ok_or_else(|| self.unknown(name))?;
        apply(&mut machine, name, &system.defaults);
        apply(&mut machine, name, std::slice::from_ref(&self.domain_controller));
        Ok(machine)
    }

    fn known(&self, name: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.names.iter().any(|known| same(known, name)))
    }

    fn unknown(&self, name: &str) -> SystemsError {
        let all = || self.systems.iter().flat_map(|system| &system.names);
        let words: Vec<_> = name.split_whitespace().map(str::to_lowercase).collect();
        let shared = |known: &str| {
            let known = known.to_lowercase();
            words.iter().filter(|word| known.split_whitespace().any(|other| other == *word)).count()
        };
        let best = all().map(|known| shared(known)).max().unwrap_or(0);
        let known = if best == 0 {
            self.systems.iter().filter_map(|system| system.names.first().cloned()).collect()
        } else {
            all().filter(|known| shared(known) == best).cloned().collect()
        };
        SystemsError::Unknown { name: name.to_owned(), known }
    }
}

fn apply(machine: &mut Machine, system: &str, groups: &[Group]) {
    for group in groups {
        let disagrees = group.disagrees.iter().map(|other| format!("; but {other}")).collect::<String>();
        let source = format!("{}, {}{disagrees}", group.source, group.date);
        for change in &group.changes {
            let origin = Origin::Default { system: system.to_owned(), source: source.clone() };
            machine.set(change.side, &change.setting, origin);
        }
    }
}

/// Names are the same whatever their case and blanks.
fn same(one: &str, other: &str) -> bool {
    let words = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    words(one) == words(other)
}

fn without_dc(name: &str) -> Option<&str> {
    let name = name.trim_end();
    let lower = name.to_ascii_lowercase();
    let ends = ["domain controller", "ad dc", "dc"];
    let end = ends.into_iter().find(|end| lower.ends_with(&format!(" {end}")))?;
    Some(name[..name.len() - end.len()].trim_end())
}
