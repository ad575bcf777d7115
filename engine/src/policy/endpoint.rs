//! One side of one machine, with everything that bears on what a session becomes.

use super::{Generation, HardenedPath, SigningValues};
use crate::protocol::{Cipher, Dialect, SigningAlgorithm};

/// Which side of a machine: every machine has both, each with settings of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Outgoing connections: Windows' Workstation service.
    Client,
    /// Incoming connections: Windows' Server service.
    Server,
}

impl Side {
    /// `client` or `server`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Whether SMB1 is there and switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// It answers.
    Present,
    /// Not installed, or switched off.
    Removed,
}

/// The dialects that a side speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dialects {
    /// SMB1, which has a switch of its own.
    pub smb1: Presence,
    /// The lowest of SMB 2.0.2 and later.
    pub minimum: Dialect,
    /// The highest; [`Dialect::Smb1`] where there is no SMB 2.0.2 or later.
    pub maximum: Dialect,
}

impl Dialects {
    /// SMB 2.0.2 up to a dialect, without SMB1.
    #[must_use]
    pub const fn up_to(maximum: Dialect) -> Self {
        Self { smb1: Presence::Removed, minimum: Dialect::Smb202, maximum }
    }

    /// Whether the side speaks the dialect.
    #[must_use]
    pub fn contains(self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Smb1 => self.smb1 == Presence::Present,
            _ => (self.minimum..=self.maximum).contains(&dialect),
        }
    }

    /// The highest dialect that both speak (MS-SMB2 3.3.5.4 and 3.3.5.3).
    #[must_use]
    pub fn highest_common(self, other: Self) -> Option<Dialect> {
        Dialect::ALL.into_iter().rev().find(|dialect| self.contains(*dialect) && other.contains(*dialect))
    }
}

/// How much a side wants encryption. Whether it *can* encrypt is told by its ciphers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Encryption {
    /// Only when the other side wants it.
    #[default]
    Off,
    /// Where the other side can: a Windows server's `EncryptData` without `RejectUnencryptedAccess`.
    Desired,
    /// No session without it; clients below SMB 3.0 are refused.
    Required,
}

impl Encryption {
    /// `off`, `desired` or `required`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Desired => "desired",
            Self::Required => "required",
        }
    }
}

/// What a client does when a server makes it a guest (`AllowInsecureGuestAuth`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guests {
    /// It goes on, without keys.
    Accepted,
    /// It ends the session.
    Refused,
}

/// When a client signs under SMB 2.0.2 and later. It may sign unasked (MS-SMB2 3.2.4.1.1), and the server then answers signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Eagerness {
    /// When a side requires it: Windows.
    #[default]
    WhenRequired,
    /// Whenever there is a key: Samba's `client signing = desired`.
    WheneverPossible,
}

/// What a machine is in its domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Role {
    /// A member, or no domain at all.
    #[default]
    Member,
    /// It serves SYSVOL and NETLOGON.
    DomainController,
}

/// What either side has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The two registry values, defaults filled in.
    pub signing: SigningValues,
    /// Which behaviour its SMB1 has.
    pub smb1_generation: Generation,
    /// What it speaks.
    pub dialects: Dialects,
    /// The algorithms that it offers under 3.1.1, best first. Empty where it sends no SIGNING_CAPABILITIES.
    pub signing_algorithms: Vec<SigningAlgorithm>,
    /// The ciphers that it offers, best first. Empty where it cannot encrypt.
    pub ciphers: Vec<Cipher>,
    /// Whether it wants encryption.
    pub encryption: Encryption,
}

/// The client side of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Client {
    /// What either side has.
    pub endpoint: Endpoint,
    /// When it signs.
    pub eagerness: Eagerness,
    /// What it does as a guest.
    pub guests: Guests,
    /// What it demands of single shares.
    pub hardened_paths: Vec<HardenedPath>,
}

/// The server side of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// What either side has.
    pub endpoint: Endpoint,
    /// What it is in its domain.
    pub role: Role,
    /// Shares, in lower case, with encryption settings of their own; the stricter of theirs and the server's counts.
    pub share_encryption: Vec<(String, Encryption)>,
}

impl Endpoint {
    /// A Windows of today before 24H2: nothing required, SMB1 removed, all of 3.1.1.
    #[must_use]
    pub fn windows(side: Side) -> Self {
        Self {
            signing: SigningValues::windows(side),
            smb1_generation: Generation::Current,
            dialects: Dialects::up_to(Dialect::Smb311),
            signing_algorithms: vec![
                SigningAlgorithm::AesGmac,
                SigningAlgorithm::AesCmac,
                SigningAlgorithm::HmacSha256,
            ],
            ciphers: vec![Cipher::Aes128Gcm, Cipher::Aes128Ccm, Cipher::Aes256Gcm, Cipher::Aes256Ccm],
            encryption: Encryption::Off,
        }
    }
}

impl Client {
    /// [`Endpoint::windows`], without hardened paths; guests are refused.
    #[must_use]
    pub fn windows() -> Self {
        Self {
            endpoint: Endpoint::windows(Side::Client),
            eagerness: Eagerness::WhenRequired,
            guests: Guests::Refused,
            hardened_paths: Vec::new(),
        }
    }
}

impl Server {
    /// [`Endpoint::windows`], a member.
    #[must_use]
    pub fn windows() -> Self {
        Self { endpoint: Endpoint::windows(Side::Server), role: Role::Member, share_encryption: Vec::new() }
    }

    /// How much the server wants a share encrypted.
    #[must_use]
    pub fn encryption_of(&self, share: &str) -> Encryption {
        let own = self.share_encryption.iter().filter(|(name, _)| name.eq_ignore_ascii_case(share));
        own.map(|(_, encryption)| *encryption).fold(self.endpoint.encryption, Encryption::max)
    }
}
