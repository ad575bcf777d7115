//! The coordinates of a cell that the command line and the record share.

use std::fmt;
use std::str::FromStr;

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

    /// The name in records and on the command line; `none` says unsigned.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "none",
            Self::Signed(algorithm) => algorithm.name(),
            Self::Sealed(cipher) => cipher.name(),
        }
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no protection's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown protection {0:?}: one of {names}", names = names())]
pub struct UnknownProtection(String);

fn names() -> String {
    Protection::all().map(Protection::name).collect::<Vec<_>>().join(", ")
}

impl FromStr for Protection {
    type Err = UnknownProtection;

    fn from_str(name: &str) -> Result<Self, UnknownProtection> {
        Self::all()
            .find(|protection| protection.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownProtection(name.to_owned()))
    }
}

/// How the messages of a cell reach the MAC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Engine {
    /// One message after another with the best single-stream code, as servers do today.
    Serial,
}

/// Which side of signing is measured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
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
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Transmit {
    /// It is copied into a transmit buffer, as a socket does.
    Copy,
    /// Nothing: the network card would read the signed buffer itself.
    None,
}

/// Displays the name that serde and clap use.
macro_rules! display_as_value {
    ($($type:ty),+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = clap::ValueEnum::to_possible_value(self);
                f.pad(value.as_ref().map_or("", |value| value.get_name()))
            }
        }
    )+};
}
display_as_value!(Engine, Direction, Transmit);

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
    }
}
