//! The coordinates of a cell that the command line and the record share.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smbsign_engine::protocol::{Cipher, Dialect, SigningAlgorithm};

/// What is done to a message: nothing, a signature, or encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protection {
    /// The message goes out as it is; every other cell is compared with this one.
    Unsigned,
    /// A signature over the whole message.
    Signed(SigningAlgorithm),
    /// SMB3 encryption, which authenticates too.
    Sealed(Cipher),
    /// Signing with a MAC that costs nothing: the harness's own cost. Part of no list; who wants it names it.
    Null,
}

impl Protection {
    /// Every protection: unsigned first, then by algorithm.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Unsigned)
            .chain(SigningAlgorithm::ALL.map(Self::Signed))
            .chain(Cipher::ALL.map(Self::Sealed))
    }

    /// What a dialect knows, unsigned first (MS-SMB2 2.2.3.1.2 and 2.2.3.1.7).
    pub fn of(dialect: Dialect) -> impl Iterator<Item = Self> {
        std::iter::once(Self::Unsigned)
            .chain(dialect.signing_algorithms().iter().copied().map(Self::Signed))
            .chain(dialect.ciphers().iter().copied().map(Self::Sealed))
    }

    /// Whether a dialect has it.
    #[must_use]
    pub fn is_known_to(self, dialect: Dialect) -> bool {
        self == Self::Null || Self::of(dialect).any(|known| known == self)
    }

    /// The name in records and on the command line; `none` says unsigned.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "none",
            Self::Signed(algorithm) => algorithm.name(),
            Self::Sealed(cipher) => cipher.name(),
            Self::Null => "null",
        }
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Protection {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let mut named = Self::all().chain([Self::Null]);
        named.find(|protection| protection.name().eq_ignore_ascii_case(name)).ok_or_else(|| UnknownName {
            what: "protection",
            name: name.to_owned(),
            known: Self::all().map(Self::name).collect::<Vec<_>>().join(", "),
        })
    }
}

/// How the messages of a cell reach the MAC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Engine {
    /// One message after another with the best single-stream code, as servers do today.
    Serial,
    /// All messages that are due together, in the lanes of vectors.
    Lanes,
    /// The same in threads of their own, which another thread hands messages to.
    Offload,
}

impl Engine {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Serial, Self::Lanes, Self::Offload];

    /// Whether it is made for a protection: lanes sign, and encrypt nothing; what costs nothing is not handed over.
    #[must_use]
    pub const fn runs(self, protection: Protection) -> bool {
        match (self, protection) {
            (Self::Lanes | Self::Offload, Protection::Sealed(_)) | (Self::Offload, Protection::Null) => false,
            (Self::Serial | Self::Lanes | Self::Offload, _) => true,
        }
    }
}

/// Which side of signing is measured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Signatures are made (or messages sealed).
    Sign,
    /// Signatures are checked (or messages opened).
    Verify,
}

/// What happens to a message after its signature stands in it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Transmit {
    /// It is copied into a transmit buffer, as a socket does.
    Copy,
    /// Nothing: the network card would read the signed buffer itself.
    None,
}

/// A name that is no value's, with those that are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {name:?}: one of {known}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: String,
}

/// Writes and reads the names that serde and clap use.
macro_rules! named_values {
    ($($type:ty = $what:literal),+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = self.to_possible_value();
                f.pad(value.as_ref().map_or("", |value| value.get_name()))
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                <Self as ValueEnum>::from_str(name, true).map_err(|_| UnknownName {
                    what: $what,
                    name: name.to_owned(),
                    known: Self::value_variants().iter().map(Self::to_string).collect::<Vec<_>>().join(", "),
                })
            }
        }
    )+};
}
named_values!(Engine = "engine", Direction = "direction", Transmit = "transmit");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protection_is_read_back_from_its_name() {
        for protection in Protection::all() {
            assert_eq!(protection.name().parse(), Ok(protection));
        }
    }

    #[test]
    fn an_unknown_protection_is_answered_with_the_known_ones() {
        let error = "sha1".parse::<Protection>().unwrap_err().to_string();
        for protection in Protection::all() {
            assert!(error.contains(protection.name()), "{error}");
        }
    }

    #[test]
    fn values_print_as_they_are_recorded() {
        assert_eq!(serde_json::to_value(Direction::Verify).unwrap(), Direction::Verify.to_string());
        assert_eq!(serde_json::to_value(Engine::Serial).unwrap(), Engine::Serial.to_string());
        assert_eq!(serde_json::to_value(Transmit::None).unwrap(), Transmit::None.to_string());
        assert_eq!("none".parse(), Ok(Transmit::None));
    }
}
