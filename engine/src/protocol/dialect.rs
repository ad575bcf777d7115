//! The dialects of the protocol and what each signs and encrypts with.

use std::fmt;
use std::str::FromStr;

use super::{Cipher, SigningAlgorithm};

/// A negotiated SMB dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// `NT LM 0.12`, MS-CIFS and MS-SMB.
    Smb1,
    /// SMB 2.0.2 (Windows Vista SP1, Server 2008).
    Smb202,
    /// SMB 2.1 (Windows 7, Server 2008 R2).
    Smb210,
    /// SMB 3.0 (Windows 8, Server 2012).
    Smb300,
    /// SMB 3.0.2 (Windows 8.1, Server 2012 R2).
    Smb302,
    /// SMB 3.1.1 (Windows 10, Server 2016 and later).
    Smb311,
}

impl Dialect {
    /// Every dialect, oldest first.
    pub const ALL: [Self; 6] =
        [Self::Smb1, Self::Smb202, Self::Smb210, Self::Smb300, Self::Smb302, Self::Smb311];

    /// The name used in records and on the command line: `SMB1`, `2.0.2` … `3.1.1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smb1 => "SMB1",
            Self::Smb202 => "2.0.2",
            Self::Smb210 => "2.1",
            Self::Smb300 => "3.0",
            Self::Smb302 => "3.0.2",
            Self::Smb311 => "3.1.1",
        }
    }

    /// The DialectRevision of MS-SMB2 2.2.4; SMB1 negotiates by name and has none.
    #[must_use]
    pub const fn revision(self) -> Option<u16> {
        match self {
            Self::Smb1 => None,
            Self::Smb202 => Some(0x0202),
            Self::Smb210 => Some(0x0210),
            Self::Smb300 => Some(0x0300),
            Self::Smb302 => Some(0x0302),
            Self::Smb311 => Some(0x0311),
        }
    }

    /// The dialect of a DialectRevision; the wildcard 0x02FF is none.
    #[must_use]
    pub fn from_revision(revision: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.revision() == Some(revision))
    }

    /// The signing algorithms that the dialect knows, in the order of their identifiers.
    ///
    /// Rules 9, 10, 28; MS-SMB2 3.1.4.1.
    #[must_use]
    pub const fn signing_algorithms(self) -> &'static [SigningAlgorithm] {
        match self {
            Self::Smb1 => &[SigningAlgorithm::Md5],
            Self::Smb202 | Self::Smb210 => &[SigningAlgorithm::HmacSha256],
            Self::Smb300 | Self::Smb302 => &[SigningAlgorithm::AesCmac],
            Self::Smb311 => {
                &[SigningAlgorithm::HmacSha256, SigningAlgorithm::AesCmac, SigningAlgorithm::AesGmac]
            }
        }
    }

    /// What signs when nothing was negotiated: under 3.1.1, AES-128-CMAC (rule 10).
    #[must_use]
    pub const fn default_signing_algorithm(self) -> SigningAlgorithm {
        match self {
            Self::Smb1 => SigningAlgorithm::Md5,
            Self::Smb202 | Self::Smb210 => SigningAlgorithm::HmacSha256,
            Self::Smb300 | Self::Smb302 | Self::Smb311 => SigningAlgorithm::AesCmac,
        }
    }

    /// The ciphers that the dialect can encrypt with; none below 3.0 (rule 26, MS-SMB2 2.2.3.1.2).
    #[must_use]
    pub const fn ciphers(self) -> &'static [Cipher] {
        match self {
            Self::Smb1 | Self::Smb202 | Self::Smb210 => &[],
            Self::Smb300 | Self::Smb302 => &[Cipher::Aes128Ccm],
            Self::Smb311 => &[Cipher::Aes128Ccm, Cipher::Aes128Gcm, Cipher::Aes256Ccm, Cipher::Aes256Gcm],
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no dialect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown dialect {0:?}: one of SMB1, 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1")]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownDialect(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_revisions_lead_back_to_the_dialect() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.name().parse(), Ok(dialect));
            if let Some(revision) = dialect.revision() {
                assert_eq!(Dialect::from_revision(revision), Some(dialect));
            }
        }
        assert_eq!(Dialect::from_revision(0x02ff), None);
        assert!("3.2".parse::<Dialect>().is_err());
    }

    #[test]
    fn every_dialect_knows_the_algorithm_it_defaults_to() {
        for dialect in Dialect::ALL {
            assert!(dialect.signing_algorithms().contains(&dialect.default_signing_algorithm()));
        }
    }
}
