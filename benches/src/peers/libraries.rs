//! Whom smbsign is compared with.

use std::fmt;
use std::str::FromStr;

use super::contender::{Missing, Peer};
use super::{aws_lc, gnutls, ipsec_mb, openssl, ring, rustcrypto};

/// A library of the registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Library {
    /// Intel's Multi-Buffer Crypto for IPsec: lanes, as we have.
    IpsecMb,
    /// OpenSSL 3.
    OpenSsl,
    /// GnuTLS with Nettle, what Samba signs with.
    GnuTls,
    /// AWS's fork of BoringSSL, for Rust.
    AwsLcRs,
    /// BoringSSL's assembly, for Rust.
    Ring,
    /// Pure Rust.
    RustCrypto,
}

impl Library {
    /// Every library, in the order of the rows.
    pub const ALL: [Self; 6] =
        [Self::IpsecMb, Self::OpenSsl, Self::GnuTls, Self::AwsLcRs, Self::Ring, Self::RustCrypto];

    /// The name in rows and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IpsecMb => "ipsec-mb",
            Self::OpenSsl => "openssl",
            Self::GnuTls => "gnutls",
            Self::AwsLcRs => "aws-lc-rs",
            Self::Ring => "ring",
            Self::RustCrypto => "rustcrypto",
        }
    }

    /// Binds it.
    ///
    /// # Errors
    /// It is not here, or not in a version that is known.
    pub fn open(self) -> Result<Box<dyn Peer>, Missing> {
        match self {
            Self::IpsecMb => ipsec_mb::open(),
            Self::OpenSsl => openssl::open(),
            Self::GnuTls => gnutls::open(),
            Self::AwsLcRs => Ok(Box::new(aws_lc::AwsLc)),
            Self::Ring => Ok(Box::new(ring::Ring)),
            Self::RustCrypto => Ok(Box::new(rustcrypto::RustCrypto)),
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Library {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| format!("there are {}", names()))
    }
}
