//! Single settings with a value, and the words in which people write them: `server.require=1`.

use std::fmt;
use std::str::FromStr;

use super::{
    Client, Eagerness, Encryption, Endpoint, Generation, Guests, HardenedPath, Presence, Role, Server, Side,
};
use crate::protocol::{Cipher, Dialect, SigningAlgorithm};

/// A setting and its value. What bears on one side alone says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// `RequireSecuritySignature`, a REG_DWORD.
    Require(u32),
    /// `EnableSecuritySignature`, a REG_DWORD; SMB1 alone looks at it.
    Enable(u32),
    /// SMB1 installed and switched on.
    Smb1(Presence),
    /// SMB1's behaviour before or since 2008.
    Smb1Generation(Generation),
    /// The lowest dialect of SMB 2.0.2 and later.
    MinDialect(Dialect),
    /// The highest dialect; SMB1 where there is nothing later.
    MaxDialect(Dialect),
    /// What is offered under 3.1.1, best first; empty for no SIGNING_CAPABILITIES.
    SigningAlgorithms(Vec<SigningAlgorithm>),
    /// Ciphers, best first; empty for none.
    Ciphers(Vec<Cipher>),
    /// Encryption of all shares.
    Encryption(Encryption),
    /// Clients: when they sign under SMB 2.0.2 and later.
    Signing(Eagerness),
    /// Clients: what they do as guests.
    Guests(Guests),
    /// Clients: demands on shares; an entry replaces one of the same pattern.
    Hardened(HardenedPath),
    /// Servers: what they are in the domain.
    Role(Role),
    /// Servers: encryption of one share.
    ShareEncryption(String, Encryption),
}

/// One setting of one side. Written `client.require=1`, `server.encryption=required`,
/// `client.hardened=\\*\SYSVOL: RequireIntegrity=1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// Whose setting.
    pub side: Side,
    /// Which, and its value.
    pub setting: Setting,
}

/// A text that is no [`Change`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAChange {
    /// It is not `side.setting=value`.
    #[error("{0:?} is no setting: client.NAME=VALUE or server.NAME=VALUE")]
    Form(String),
    /// The side has no such setting.
    #[error("{name:?} is no setting of a {}: one of {}", .side.name(), Setting::names(*.side).join(", "))]
    Name {
        /// Whose.
        side: Side,
        /// As it was written.
        name: String,
    },
    /// The setting has no such value.
    #[error("{value:?} is no value of {name}: {accepted}")]
    Value {
        /// Of which setting.
        name: String,
        /// As it was written.
        value: String,
        /// What may stand there.
        accepted: &'static str,
    },
}

const NAMES: [(&str, &str); 14] = [
    ("require", SWITCH),
    ("enable", SWITCH),
    ("smb1", "present or removed"),
    ("smb1-generation", "current or legacy"),
    ("min-dialect", DIALECT),
    ("max-dialect", DIALECT),
    ("signing-algorithms", "a list of aes-128-gmac, aes-128-cmac, hmac-sha256, or none"),
    ("ciphers", "a list of aes-128-gcm, aes-128-ccm, aes-256-gcm, aes-256-ccm, or none"),
    ("encryption", ENCRYPTION),
    ("signing", "when-required or whenever-possible"),
    ("guests", "accepted or refused"),
    ("hardened", r"\\*\SYSVOL: RequireMutualAuthentication=1, RequireIntegrity=1"),
    ("role", "member or domain-controller"),
    ("share-encryption", "SHARE: off, desired or required"),
];
const SWITCH: &str = "true, false or a REG_DWORD";
const DIALECT: &str = "SMB1, 2.0.2, 2.1, 3.0, 3.0.2 or 3.1.1";
const ENCRYPTION: &str = "off, desired or required";

impl Setting {
    /// The names of a side's settings.
    #[must_use]
    pub fn names(side: Side) -> Vec<&'static str> {
        NAMES.iter().map(|(name, _)| *name).filter(|name| !is_of_the_other(side, name)).collect()
    }

    /// The name, as it stands behind `client.` or `server.`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Require(_) => "require",
            Self::Enable(_) => "enable",
            Self::Smb1(_) => "smb1",
            Self::Smb1Generation(_) => "smb1-generation",
            Self::MinDialect(_) => "min-dialect",
            Self::MaxDialect(_) => "max-dialect",
            Self::SigningAlgorithms(_) => "signing-algorithms",
            Self::Ciphers(_) => "ciphers",
            Self::Encryption(_) => "encryption",
            Self::Signing(_) => "signing",
            Self::Guests(_) => "guests",
            Self::Hardened(_) => "hardened",
            Self::Role(_) => "role",
            Self::ShareEncryption(..) => "share-encryption",
        }
    }

    /// Reads a value: what stands behind `=`.
    ///
    /// # Errors
    ///
    /// The side has no setting of that name, or the setting no such value.
    pub fn parse(side: Side, name: &str, value: &str) -> Result<Self, NotAChange> {
        let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((known, accepted)) = known.filter(|(known, _)| !is_of_the_other(side, known)) else {
            return Err(NotAChange::Name { side, name: name.to_owned() });
        };
        value_of(known, value.trim()).ok_or_else(|| NotAChange::Value {
            name: format!("{}.{known}", side.name()),
            value: value.trim().to_owned(),
            accepted,
        })
    }

    fn value(&self) -> String {
        match self {
            Self::Require(value) | Self::Enable(value) => value.to_string(),
            Self::Smb1(Presence::Present) => "present".to_owned(),
            Self::Smb1(Presence::Removed) => "removed".to_owned(),
            Self::Smb1Generation(generation) => generation.to_string(),
            Self::MinDialect(dialect) | Self::MaxDialect(dialect) => dialect.to_string(),
            Self::SigningAlgorithms(algorithms) => list(algorithms),
            Self::Ciphers(ciphers) => list(ciphers),
            Self::Encryption(encryption) => encryption.name().to_owned(),
            Self::Signing(Eagerness::WhenRequired) => "when-required".to_owned(),
            Self::Signing(Eagerness::WheneverPossible) => "whenever-possible".to_owned(),
            Self::Guests(Guests::Accepted) => "accepted".to_owned(),
            Self::Guests(Guests::Refused) => "refused".to_owned(),
            Self::Hardened(entry) => entry.to_string(),
            Self::Role(Role::Member) => "member".to_owned(),
            Self::Role(Role::DomainController) => "domain-controller".to_owned(),
            Self::ShareEncryption(share, encryption) => format!("{share}: {}", encryption.name()),
        }
    }

    /// Whether another value of the same setting takes this one's place.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Hardened(one), Self::Hardened(other)) => one.pattern == other.pattern,
            (Self::ShareEncryption(one, _), Self::ShareEncryption(other, _)) => one == other,
            _ => self.name() == other.name(),
        }
    }

    fn apply_to_endpoint(&self, endpoint: &mut Endpoint) {
        match self {
            Self::Require(value) => endpoint.signing.require = Some(*value),
            Self::Enable(value) => endpoint.signing.enable = Some(*value),
            Self::Smb1(presence) => endpoint.dialects.smb1 = *presence,
            Self::Smb1Generation(generation) => endpoint.smb1_generation = *generation,
            Self::MinDialect(dialect) => endpoint.dialects.minimum = *dialect,
            Self::MaxDialect(dialect) => endpoint.dialects.maximum = *dialect,
            Self::SigningAlgorithms(algorithms) => endpoint.signing_algorithms.clone_from(algorithms),
            Self::Ciphers(ciphers) => endpoint.ciphers.clone_from(ciphers),
            Self::Encryption(encryption) => endpoint.encryption = *encryption,
            Self::Signing(_)
            | Self::Guests(_)
            | Self::Hardened(_)
            | Self::Role(_)
            | Self::ShareEncryption(..) => {}
        }
    }
}

impl Client {
    /// Takes over a setting; one that servers alone have changes nothing.
    pub fn apply(&mut self, setting: &Setting) {
        match setting {
            Setting::Signing(eagerness) => self.eagerness = *eagerness,
            Setting::Guests(guests) => self.guests = *guests,
            Setting::Hardened(entry) => {
                self.hardened_paths.retain(|other| other.pattern != entry.pattern);
                self.hardened_paths.push(entry.clone());
            }
            other => other.apply_to_endpoint(&mut self.endpoint),
        }
    }
}

impl Server {
    /// Takes over a setting; one that clients alone have changes nothing.
    pub fn apply(&mut self, setting: &Setting) {
        match setting {
            Setting::Role(role) => self.role = *role,
            Setting::ShareEncryption(share, encryption) => {
                self.share_encryption.retain(|(name, _)| name != share);
                self.share_encryption.push((share.clone(), *encryption));
            }
            other => other.apply_to_endpoint(&mut self.endpoint),
        }
    }
}

impl FromStr for Change {
    type Err = NotAChange;

    fn from_str(text: &str) -> Result<Self, NotAChange> {
        let form = || NotAChange::Form(text.to_owned());
        let (place, value) = text.split_once('=').ok_or_else(form)?;
        let (side, name) = place.trim().split_once('.').ok_or_else(form)?;
        let sides = [Side::Client, Side::Server];
        let side =
            sides.into_iter().find(|known| known.name().eq_ignore_ascii_case(side)).ok_or_else(form)?;
        Ok(Self { side, setting: Setting::parse(side, name, value)? })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}={}", self.side.name(), self.setting.name(), self.setting.value())
    }
}

fn is_of_the_other(side: Side, name: &str) -> bool {
    match side {
        Side::Client => ["role", "share-encryption"].contains(&name),
        Side::Server => ["signing", "guests", "hardened"].contains(&name),
    }
}

fn value_of(name: &str, value: &str) -> Option<Setting> {
    let lower = value.to_ascii_lowercase();
    Some(match name {
        "require" => Setting::Require(switch(&lower)?),
        "enable" => Setting::Enable(switch(&lower)?),
        "smb1" => {
            Setting::Smb1(one_of(&lower, [("present", Presence::Present), ("removed", Presence::Removed)])?)
        }
        "smb1-generation" => {
            let known = [Generation::Current, Generation::Legacy].map(|known| (known.name(), known));
            Setting::Smb1Generation(one_of(&lower, known)?)
        }
        "min-dialect" => Setting::MinDialect(value.parse().ok()?),
        "max-dialect" => Setting::MaxDialect(value.parse().ok()?),
        "signing-algorithms" => {
            let known = [SigningAlgorithm::AesGmac, SigningAlgorithm::AesCmac, SigningAlgorithm::HmacSha256];
            Setting::SigningAlgorithms(all_of(&lower, &known.map(|known| (known.name(), known)))?)
        }
        "ciphers" => Setting::Ciphers(all_of(&lower, &Cipher::ALL.map(|known| (known.name(), known)))?),
        "encryption" => Setting::Encryption(encryption(&lower)?),
        "signing" => {
            let known = [
                ("when-required", Eagerness::WhenRequired),
                ("whenever-possible", Eagerness::WheneverPossible),
            ];
            Setting::Signing(one_of(&lower, known)?)
        }
        "guests" => {
            Setting::Guests(one_of(&lower, [("accepted", Guests::Accepted), ("refused", Guests::Refused)])?)
        }
        "hardened" => {
            let (pattern, demands) = value.split_once(':')?;
            Setting::Hardened(HardenedPath::parse(pattern.trim(), demands).ok()?)
        }
        "role" => {
            let known = [("member", Role::Member), ("domain-controller", Role::DomainController)];
            Setting::Role(one_of(&lower, known)?)
        }
        "share-encryption" => {
            let (share, wanted) = lower.split_once(':')?;
            Setting::ShareEncryption(share.trim().to_owned(), encryption(wanted.trim())?)
        }
        _ => return None,
    })
}

fn switch(value: &str) -> Option<u32> {
    match value {
        "true" => Some(1),
        "false" => Some(0),
        number => number.parse().ok(),
    }
}

fn encryption(value: &str) -> Option<Encryption> {
    let known = [Encryption::Off, Encryption::Desired, Encryption::Required];
    one_of(value, known.map(|known| (known.name(), known)))
}

fn one_of<T, const N: usize>(value: &str, known: [(&str, T); N]) -> Option<T> {
    known.into_iter().find_map(|(name, known)| (name == value).then_some(known))
}

fn all_of<T: Copy>(value: &str, known: &[(&str, T)]) -> Option<Vec<T>> {
    if value == "none" {
        return Some(Vec::new());
    }
    let one = |word: &str| known.iter().find_map(|(name, known)| (*name == word.trim()).then_some(*known));
    value.split(',').map(one).collect()
}

fn list(values: &[impl fmt::Display]) -> String {
    if values.is_empty() {
        return "none".to_owned();
    }
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "client.require=1",
            "server.enable=0",
            "server.smb1=removed",
            "server.smb1-generation=legacy",
            "client.min-dialect=3.0",
            "server.max-dialect=SMB1",
            "server.signing-algorithms=aes-128-cmac,hmac-sha256",
            "client.ciphers=none",
            "server.encryption=desired",
            "client.signing=whenever-possible",
            "client.guests=refused",
            r"client.hardened=\\*\sysvol: RequireMutualAuthentication=1, RequireIntegrity=1, RequirePrivacy=0",
            "server.role=domain-controller",
            "server.share-encryption=finance: required",
        ] {
            assert_eq!(text.parse::<Change>().map(|change| change.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("server.require=true".parse::<Change>().unwrap().setting, Setting::Require(1));
    }

    #[test]
    fn a_wrong_text_is_answered_with_what_is_accepted() {
        for (text, accepted) in [
            ("require=1", "client.NAME"),
            ("server.guests=refused", "share-encryption"),
            ("server.require=perhaps", "REG_DWORD"),
            ("client.max-dialect=4", "3.1.1"),
        ] {
            let error = text.parse::<Change>().unwrap_err().to_string();
            assert!(error.contains(accepted), "{error}");
        }
    }
}
