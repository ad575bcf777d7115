//! What a reader makes of one export.

use std::fmt;

use smbsign_engine::policy::{Change, Side};
use smbsign_engine::protocol::Dialect;

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1; none where a file has no lines, as Registry.pol.
    pub line: Option<usize>,
}

impl Place {
    /// A line of a file.
    #[must_use]
    pub fn line(file: &str, line: usize) -> Self {
        Self { file: file.to_owned(), line: Some(line) }
    }

    /// A file as a whole.
    #[must_use]
    pub fn file(file: &str) -> Self {
        Self { file: file.to_owned(), line: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// How far a statement reaches: a higher layer wins over a lower one, whatever the order of the files. Within a layer, the
/// later statement wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// What the system does where nothing is set.
    System,
    /// The local registry, smb.conf: what the machine itself says.
    Local,
    /// Group Policy, which writes over the local registry at every refresh.
    GroupPolicy,
    /// What the running services answer (`Get-SmbServerConfiguration`): policy and registry are in it already.
    Running,
    /// What the command line or fleet.toml says.
    Given,
}

/// A setting that an export gives a value to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The side, the setting and its value.
    pub change: Change,
    /// How far it reaches.
    pub layer: Layer,
    /// Where it stands.
    pub place: Place,
}

/// Something that was seen rather than configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What.
    pub observed: Observed,
    /// Where it stands.
    pub place: Place,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observed {
    /// An open connection of this machine's client side (`Get-SmbConnection`) or server side (`Get-SmbSession`).
    Connection {
        /// The side of the machine that tells.
        side: Side,
        /// The other end, as it is named there.
        peer: String,
        /// The share; sessions have none.
        share: Option<String>,
        /// What they speak.
        dialect: Option<Dialect>,
        /// Whether the messages are signed, where the tool tells.
        signed: Option<bool>,
        /// Whether the messages are encrypted, where the tool tells.
        encrypted: Option<bool>,
    },
    /// An audit event: a peer that cannot do what may soon be required.
    Audit {
        /// What the peer lacks.
        lacks: Audited,
        /// The side of the machine that wrote the event.
        side: Side,
        /// The other end, as it is named there; none where the event does not say.
        peer: Option<String>,
    },
}

/// What the audit events of Windows Server 2025 and Windows 11 24H2 report of the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audited {
    /// Server event 3021, client event 31998: no signing.
    Signing,
    /// Server event 3022, client event 31999: no encryption.
    Encryption,
}

/// Something in an export that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where it stands.
    pub place: Place,
    /// What is wrong, in a sentence.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// What one export says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The machine's name, where the export tells (`PSComputerName`, smb.conf's `netbios name`).
    pub machine: Option<String>,
    /// The system, where the export tells: a name of the defaults' list, such as `Samba 4.17`.
    pub system: Option<String>,
    /// Settings, in the order of the file.
    pub statements: Vec<Statement>,
    /// What was seen.
    pub observations: Vec<Observation>,
    /// What could not be used.
    pub warnings: Vec<Warning>,
}

impl Source {
    /// Notes what could not be used.
    pub fn warn(&mut self, place: Place, text: impl Into<String>) {
        self.warnings.push(Warning { place, text: text.into() });
    }

    /// Notes a setting.
    pub fn state(&mut self, change: Change, layer: Layer, place: Place) {
        self.statements.push(Statement { change, layer, place });
    }
}
