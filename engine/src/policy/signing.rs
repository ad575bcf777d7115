//! What the two registry values of a side amount to.

use std::fmt;

use super::Side;

/// `RequireSecuritySignature` and `EnableSecuritySignature` of one side, REG_DWORDs; none where the value is absent.
///
/// They lie below `LanmanWorkStation\Parameters` for the client side, `LanmanServer\Parameters` for the server side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SigningValues {
    /// `RequireSecuritySignature`: any dialect.
    pub require: Option<u32>,
    /// `EnableSecuritySignature`: SMB1 alone looks at it.
    pub enable: Option<u32>,
}

impl SigningValues {
    /// Both values present.
    #[must_use]
    pub const fn new(require: u32, enable: u32) -> Self {
        Self { require: Some(require), enable: Some(enable) }
    }

    /// What Windows takes where nothing is set, before 24H2 and Server 2025: clients enable, servers neither
    /// (the article's footnotes * and **).
    #[must_use]
    pub const fn windows(side: Side) -> Self {
        match side {
            Side::Client => Self::new(0, 1),
            Side::Server => Self::new(0, 0),
        }
    }

    /// These values, and those of `below` where they are absent.
    #[must_use]
    pub const fn over(self, below: Self) -> Self {
        let require = if self.require.is_some() { self.require } else { below.require };
        let enable = if self.enable.is_some() { self.enable } else { below.enable };
        Self { require, enable }
    }

    /// The setting as SMB 2.0.2 and later see it: `EnableSecuritySignature` means nothing to them.
    #[must_use]
    pub const fn smb2(self) -> Smb2Signing {
        if self.is_required() { Smb2Signing::Required } else { Smb2Signing::NotRequired }
    }

    /// The setting as SMB1 sees it. Require=1 requires whatever Enable says (the article's tables; KB 916846 calls a side
    /// disabled only where both are 0).
    #[must_use]
    pub const fn smb1(self) -> Smb1Signing {
        match (self.is_required(), self.enable) {
            (true, _) => Smb1Signing::Required,
            (false, None | Some(0)) => Smb1Signing::Disabled,
            (false, Some(_)) => Smb1Signing::Enabled,
        }
    }

    /// Require=1 with Enable=0: what a Windows XP or Server 2003 without the update of KB 916846 may trip over.
    #[must_use]
    pub const fn is_mismatched(self) -> bool {
        self.is_required() && matches!(self.enable, Some(0))
    }

    const fn is_required(self) -> bool {
        matches!(self.require, Some(1..))
    }
}

/// The one setting that SMB 2.0.2 and later have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Smb2Signing {
    /// Every session of the side is signed.
    Required,
    /// Signed when the other side requires it.
    NotRequired,
}

impl Smb2Signing {
    /// Both, in the order of the article's matrix.
    pub const ALL: [Self; 2] = [Self::Required, Self::NotRequired];

    /// `required` or `not-required`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::NotRequired => "not-required",
        }
    }
}

impl fmt::Display for Smb2Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// SMB1's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Smb1Signing {
    /// Every session of the side is signed.
    Required,
    /// Signed when the other side enables or requires it.
    Enabled,
    /// Not offered. What happens when the other side requires it depends on the [`Generation`].
    Disabled,
}

impl Smb1Signing {
    /// All three, in the order of the article's matrices.
    pub const ALL: [Self; 3] = [Self::Required, Self::Enabled, Self::Disabled];

    /// `required`, `enabled` or `disabled`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl fmt::Display for Smb1Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which behaviour of SMB1 an implementation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Generation {
    /// Windows Vista SP1, Server 2008 and later, and what the update of KB 950876 made of those before.
    #[default]
    Current,
    /// Before the change of 2008: Windows 2000, XP and Server 2003 without that update.
    Legacy,
}

impl Generation {
    /// `current` or `legacy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Legacy => "legacy",
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_the_two_values_has_a_meaning() {
        let meaning = |require, enable| {
            let values = SigningValues { require, enable };
            (values.smb2(), values.smb1())
        };
        use {Smb1Signing as One, Smb2Signing as Two};
        for enable in [None, Some(0), Some(1)] {
            assert_eq!(meaning(Some(1), enable), (Two::Required, One::Required));
        }
        for require in [None, Some(0)] {
            assert_eq!(meaning(require, Some(1)), (Two::NotRequired, One::Enabled));
            assert_eq!(meaning(require, Some(0)), (Two::NotRequired, One::Disabled));
            assert_eq!(meaning(require, None), (Two::NotRequired, One::Disabled));
        }
    }

    #[test]
    fn absent_values_are_those_of_the_system() {
        let nothing = SigningValues::default();
        assert_eq!(nothing.over(SigningValues::windows(Side::Client)).smb1(), Smb1Signing::Enabled);
        assert_eq!(nothing.over(SigningValues::windows(Side::Server)).smb1(), Smb1Signing::Disabled);
        let only_enable = SigningValues { require: None, enable: Some(0) };
        assert_eq!(only_enable.over(SigningValues::windows(Side::Client)).smb1(), Smb1Signing::Disabled);
    }
}
