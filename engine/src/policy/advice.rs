//! What the sources advise against.

use super::{Change, Demand, Encryption, Guests, Presence, Role, Setting};

/// Advice against something, with who gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Advice {
    /// What is advised.
    pub text: &'static str,
    /// Who advises it.
    pub source: &'static str,
}

const ARTICLE: &str = "Microsoft, The Basics of SMB Signing, Changing the SMB signing behavior";

impl Advice {
    /// Against lowering the requirement of domain controllers.
    pub const KEEP_DC_SIGNING: Self = Self {
        text: "domain controllers keep requiring signing: without it Group Policy is open to tampering and to a man in the \
               middle, whatever a faster controller or a WAN optimiser would gain",
        source: ARTICLE,
    };
    /// Against `EnableSecuritySignature` and the two policies of that name.
    pub const LEAVE_ENABLE: Self = Self {
        text: "leave EnableSecuritySignature and the policies \"(if client agrees)\" and \"(if server agrees)\" alone: they \
               bear on SMB1 only, and \"(always)\" does what they were for",
        source: ARTICLE,
    };
    /// Against not requiring.
    pub const KEEP_REQUIREMENT: Self = Self {
        text: "a lowered requirement leaves sessions that nobody else signs open to tampering",
        source: ARTICLE,
    };
    /// Against SMB1.
    pub const REMOVE_SMB1: Self = Self {
        text: "remove SMB1: its signing is MD5 over a shared key, and nothing later depends on it",
        source: "The Basics of SMB Signing, note of 2017-05-09: aka.ms/stopusingsmb1",
    };
    /// Against guests.
    pub const REFUSE_GUESTS: Self = Self {
        text: "refuse guest sessions: they are neither signed nor encrypted",
        source: "Microsoft Learn, Guest access in SMB2 and SMB3 disabled by default",
    };
    /// Against clients that trust any SYSVOL.
    pub const HARDEN_SYSVOL: Self = Self {
        text: "keep mutual authentication and integrity demanded of SYSVOL and NETLOGON on every client",
        source: "MS15-011, KB 3000483",
    };
    /// Against less encryption than there was.
    pub const KEEP_ENCRYPTION: Self = Self {
        text: "encryption supersedes signing and is what to move to, not away from",
        source: "The Basics of SMB Signing, note of 2017-05-09",
    };
    /// Against unpatched ends.
    pub const PATCH_LEGACY: Self = Self {
        text: "patch or replace ends with the SMB1 behaviour of before 2008: a mismatch of settings makes them fail to connect",
        source: "The Basics of SMB Signing, Older SMB1 Signing Behavior; KB 950876",
    };
}

impl Change {
    /// What speaks against making this change, if anything does.
    #[must_use]
    pub fn advised_against(&self, role: Role) -> Option<Advice> {
        match &self.setting {
            Setting::Require(0) if self.side == super::Side::Server && role == Role::DomainController => {
                Some(Advice::KEEP_DC_SIGNING)
            }
            Setting::Require(0) => Some(Advice::KEEP_REQUIREMENT),
            Setting::Enable(_) => Some(Advice::LEAVE_ENABLE),
            Setting::Smb1(Presence::Present) => Some(Advice::REMOVE_SMB1),
            Setting::Guests(Guests::Accepted) => Some(Advice::REFUSE_GUESTS),
            Setting::Encryption(Encryption::Off) | Setting::ShareEncryption(_, Encryption::Off) => {
                Some(Advice::KEEP_ENCRYPTION)
            }
            Setting::Hardened(entry) if entry.hardening.integrity == Demand::Waived => {
                Some(Advice::HARDEN_SYSVOL)
            }
            _ => None,
        }
    }
}
