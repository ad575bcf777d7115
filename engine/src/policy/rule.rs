//! Why something happens: the rules with their sources, the failures with what the client sees, and what had to be
//! assumed where the sources are silent.

use std::fmt;

const ARTICLE: &str = "Microsoft, The Basics of SMB Signing (covering both SMB1 and SMB2)";

/// A rule that had a part in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// How the dialect is chosen.
    HighestCommonDialect,
    /// The SMB2 matrix.
    Smb2Matrix,
    /// A client that signs unasked.
    ClientSignsUnasked,
    /// The SMB1 matrix of current Windows.
    Smb1Matrix,
    /// The SMB1 matrix of Windows before 2008.
    Smb1LegacyMatrix,
    /// One legacy and one current end.
    Smb1MixedGenerations,
    /// The dialect has one algorithm.
    AlgorithmOfTheDialect,
    /// 3.1.1 and SIGNING_CAPABILITIES.
    AlgorithmNegotiated,
    /// 3.1.1 without them.
    AlgorithmNotNegotiated,
    /// Encrypted messages carry no signature.
    EncryptionSupersedesSigning,
    /// Encryption is required and cannot be had.
    EncryptionRefuses,
    /// Encryption is required of a guest.
    GuestsCannotEncrypt,
    /// RequireIntegrity.
    HardenedIntegrity,
    /// RequirePrivacy.
    HardenedPrivacy,
    /// RequireMutualAuthentication.
    HardenedMutualAuthentication,
    /// A client that requires signing meets a guest session.
    GuestsCannotSign,
    /// A client that does not let itself be a guest.
    GuestsRefused,
    /// A server's requirement does not bind guests.
    GuestsAreExempt,
}

impl Rule {
    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HighestCommonDialect => "highest-common-dialect",
            Self::Smb2Matrix => "smb2-matrix",
            Self::ClientSignsUnasked => "client-signs-unasked",
            Self::Smb1Matrix => "smb1-matrix",
            Self::Smb1LegacyMatrix => "smb1-legacy-matrix",
            Self::Smb1MixedGenerations => "smb1-mixed-generations",
            Self::AlgorithmOfTheDialect => "algorithm-of-the-dialect",
            Self::AlgorithmNegotiated => "algorithm-negotiated",
            Self::AlgorithmNotNegotiated => "algorithm-not-negotiated",
            Self::EncryptionSupersedesSigning => "encryption-supersedes-signing",
            Self::EncryptionRefuses => "encryption-refuses",
            Self::GuestsCannotEncrypt => "guests-cannot-encrypt",
            Self::HardenedIntegrity => "hardened-integrity",
            Self::HardenedPrivacy => "hardened-privacy",
            Self::HardenedMutualAuthentication => "hardened-mutual-authentication",
            Self::GuestsCannotSign => "guests-cannot-sign",
            Self::GuestsRefused => "guests-refused",
            Self::GuestsAreExempt => "guests-are-exempt",
        }
    }

    /// The rule in a sentence.
    #[must_use]
    pub const fn statement(self) -> &'static str {
        match self {
            Self::HighestCommonDialect => "the two ends speak the highest dialect that both know",
            Self::Smb2Matrix => "SMB2 and later are signed when either side requires it",
            Self::ClientSignsUnasked => {
                "the client signs although nobody requires it, and the server answers signed"
            }
            Self::Smb1Matrix => {
                "SMB1 is signed when one side requires it, or when both enable it; a disabled side still signs for one \
                 that requires it"
            }
            Self::Smb1LegacyMatrix => {
                "SMB1 before 2008 is signed when both sides at least enable it; a disabled side cannot talk to one that \
                 requires it"
            }
            Self::Smb1MixedGenerations => {
                "with one end of either generation, a disabled end cannot sign if it is the legacy one, and signs when \
                 required if it is the current one"
            }
            Self::AlgorithmOfTheDialect => "the dialect signs with one algorithm only",
            Self::AlgorithmNegotiated => "3.1.1 agrees on an algorithm that both ends offer",
            Self::AlgorithmNotNegotiated => {
                "3.1.1 signs with AES-128-CMAC when one end negotiates no algorithm, or none is common"
            }
            Self::EncryptionSupersedesSigning => {
                "encrypted messages carry no signature: the cipher authenticates them"
            }
            Self::EncryptionRefuses => {
                "a side that requires encryption refuses a session that cannot be encrypted"
            }
            Self::GuestsCannotEncrypt => {
                "a guest session has no keys, so a side that requires encryption refuses it"
            }
            Self::HardenedIntegrity => {
                "the client's hardened UNC path demands integrity of this share, whatever else is set"
            }
            Self::HardenedPrivacy => "the client's hardened UNC path demands encryption of this share",
            Self::HardenedMutualAuthentication => {
                "the client's hardened UNC path demands mutual authentication, which a guest session has not"
            }
            Self::GuestsCannotSign => {
                "a guest session has no keys, so a client that requires signing refuses it"
            }
            Self::GuestsRefused => "the client refuses to be made a guest (AllowInsecureGuestAuth=0)",
            Self::GuestsAreExempt => {
                "guest sessions are never signed, and a server's requirement does not bind them"
            }
        }
    }

    /// Where it is written.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::HighestCommonDialect => "MS-SMB2 3.3.5.3 and 3.3.5.4",
            Self::Smb2Matrix | Self::Smb1Matrix => ARTICLE,
            Self::ClientSignsUnasked => "MS-SMB2 3.2.4.1.1 and 3.3.4.1.1",
            Self::Smb1LegacyMatrix => "Microsoft, The Basics of SMB Signing; KB 887429, KB 950876",
            Self::Smb1MixedGenerations => "MS-SMB 3.2.1.1 and 3.2.4.2.4 (Declined and Disabled)",
            Self::AlgorithmOfTheDialect => "MS-SMB2 3.1.4.1, MS-SMB 3.1.5.1",
            Self::AlgorithmNegotiated | Self::AlgorithmNotNegotiated => "MS-SMB2 2.2.3.1.7 and 3.3.5.4",
            Self::EncryptionSupersedesSigning => "MS-SMB2 3.1.4.3, 3.2.4.1.1 and 3.3.4.1.1",
            Self::EncryptionRefuses => "MS-SMB2 3.3.5.5 and 3.3.5.7 (RejectUnencryptedAccess)",
            Self::GuestsCannotEncrypt | Self::GuestsCannotSign => {
                "MS-SMB2 3.2.5.3.1; Microsoft Learn, Control SMB signing behavior"
            }
            Self::HardenedIntegrity | Self::HardenedPrivacy | Self::HardenedMutualAuthentication => {
                "MS15-011, KB 3000483"
            }
            Self::GuestsRefused => "Microsoft Learn, Guest access in SMB2 and SMB3 disabled by default",
            Self::GuestsAreExempt => "MS-SMB2 3.3.5.5.3",
        }
    }
}

/// A rule at work in one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The rule.
    pub rule: Rule,
    /// What it met here: `client not-required, server required`.
    pub here: String,
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// No dialect is common.
    NoCommonDialect,
    /// An SMB1 server requires what an SMB1 client cannot do.
    ServerRequiresSigning,
    /// An SMB1 client requires what an SMB1 server cannot do.
    ClientRequiresSigning,
    /// Encryption is required and one end cannot.
    CannotEncrypt,
    /// The session is a guest's, and a side requires what guests cannot have.
    GuestSession,
}

impl Failure {
    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCommonDialect => "no-common-dialect",
            Self::ServerRequiresSigning => "server-requires-signing",
            Self::ClientRequiresSigning => "client-requires-signing",
            Self::CannotEncrypt => "cannot-encrypt",
            Self::GuestSession => "guest-session",
        }
    }

    /// What the client sees.
    #[must_use]
    pub const fn seen(self) -> &'static str {
        match self {
            Self::NoCommonDialect => {
                "the negotiation ends: STATUS_NOT_SUPPORTED, or a closed connection where one end speaks SMB1 alone"
            }
            Self::ServerRequiresSigning => {
                "STATUS_ACCESS_DENIED at the tree connect, or at a Transact2 for a DFS referral (KB 887429)"
            }
            Self::ClientRequiresSigning => "the client closes the connection after the negotiation",
            Self::CannotEncrypt => "STATUS_ACCESS_DENIED at the session setup or the tree connect",
            Self::GuestSession => {
                "the client ends the session: an error that speaks of blocked guest access, of an invalid signature \
                 (STATUS_INVALID_SIGNATURE) or of denied access"
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where the sources are silent, what was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Assumption {
    /// The published matrices have two ends of one generation.
    MixedGenerations,
    /// MS-SMB2 leaves the choice among common algorithms to the server.
    ServerOrder,
    /// Nobody describes SMB1 guests where signing is required.
    Smb1Guests,
    /// Nothing says how the user logged on.
    Kerberos,
    /// Entries of hardened paths that overlap.
    OverlappingHardenedPaths,
    /// Require=1 with Enable=0 on a legacy end.
    MismatchedValues,
}

impl Assumption {
    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MixedGenerations => "mixed-generations",
            Self::ServerOrder => "server-order",
            Self::Smb1Guests => "smb1-guests",
            Self::Kerberos => "kerberos",
            Self::OverlappingHardenedPaths => "overlapping-hardened-paths",
            Self::MismatchedValues => "mismatched-values",
        }
    }

    /// What was assumed, and what else might be.
    #[must_use]
    pub const fn statement(self) -> &'static str {
        match self {
            Self::MixedGenerations => {
                "the published matrices pair ends of one generation; for one legacy and one current end, each is taken \
                 to behave as in its own (MS-SMB's states Disabled and Declined)"
            }
            Self::ServerOrder => {
                "MS-SMB2 leaves the choice among common algorithms to the server; its own order is taken to decide"
            }
            Self::Smb1Guests => {
                "no document says what SMB1 does with guests where a side requires signing; the session is taken to fail \
                 when the client requires it, and to stay unsigned when the server does, as Samba 4.17 was seen to do"
            }
            Self::Kerberos => {
                "the hardened path demands mutual authentication: the user is taken to log on with Kerberos; with NTLM \
                 the connection fails"
            }
            Self::OverlappingHardenedPaths => {
                "several hardened paths match this share and the sources do not rank them; their demands are taken \
                 together"
            }
            Self::MismatchedValues => {
                "RequireSecuritySignature=1 with EnableSecuritySignature=0 is taken to require signing; a Windows XP or \
                 Server 2003 without the update of KB 916846 may fail to connect"
            }
        }
    }
}
