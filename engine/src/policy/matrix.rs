//! The published matrices: what two settings make of each other.
//!
//! All three come from one table of MS-SMB: 3.2.4.2.4 compares four states, and what the article calls *Disabled* is
//! MS-SMB's *Declined* since 2008 and its *Disabled* before.

use std::fmt;

use super::{Generation, Smb1Signing, Smb2Signing};

/// What becomes of the messages of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Each message carries a signature.
    Signed,
    /// Each message is encrypted, which authenticates it too: there is no signature beside it.
    Encrypted,
    /// Neither.
    NotSigned,
    /// There is no session, or no share.
    FailsToConnect,
}

impl Outcome {
    /// Every outcome, best first.
    pub const ALL: [Self; 4] = [Self::Encrypted, Self::Signed, Self::NotSigned, Self::FailsToConnect];

    /// `signed`, `encrypted`, `not-signed` or `fails-to-connect`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Encrypted => "encrypted",
            Self::NotSigned => "not-signed",
            Self::FailsToConnect => "fails-to-connect",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// SMB 2.0.2 and later: signed where either side requires it (MS-SMB2 3.2.5.3.1 and 3.3.5.5.3).
#[must_use]
pub const fn smb2(client: Smb2Signing, server: Smb2Signing) -> Outcome {
    match (client, server) {
        (Smb2Signing::NotRequired, Smb2Signing::NotRequired) => Outcome::NotSigned,
        _ => Outcome::Signed,
    }
}

/// SMB1, each end with its generation.
#[must_use]
pub const fn smb1(client: (Smb1Signing, Generation), server: (Smb1Signing, Generation)) -> Outcome {
    match (State::of(client), State::of(server)) {
        (State::Required, State::Disabled) | (State::Disabled, State::Required) => Outcome::FailsToConnect,
        (State::Required, _) | (_, State::Required) | (State::Enabled, State::Enabled) => Outcome::Signed,
        _ => Outcome::NotSigned,
    }
}

/// MessageSigningPolicy of MS-SMB 3.2.1.1 and 3.3.1.1.
#[derive(Clone, Copy)]
enum State {
    Required,
    Enabled,
    Declined,
    Disabled,
}

impl State {
    const fn of((setting, generation): (Smb1Signing, Generation)) -> Self {
        match (setting, generation) {
            (Smb1Signing::Required, _) => Self::Required,
            (Smb1Signing::Enabled, _) => Self::Enabled,
            (Smb1Signing::Disabled, Generation::Current) => Self::Declined,
            (Smb1Signing::Disabled, Generation::Legacy) => Self::Disabled,
        }
    }
}

/// What the article says of a cell below its matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Footnote {
    /// `*`: the default for the traffic of domain controllers.
    DomainControllerDefault,
    /// `**`: the default for all other traffic.
    OtherDefault,
}

impl Footnote {
    /// `*` or `**`.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::DomainControllerDefault => "*",
            Self::OtherDefault => "**",
        }
    }

    /// What the mark stands for.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::DomainControllerDefault => "default for domain controller SMB traffic",
            Self::OtherDefault => "default for all other SMB traffic",
        }
    }
}

/// One of the published matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matrix {
    /// SMB 2.0.2 and later.
    Smb2,
    /// SMB1 since the change of 2008.
    Smb1,
    /// SMB1 before it.
    Smb1Legacy,
}

/// A cell: two settings by their names, what they make, and the article's mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MatrixCell {
    /// The client's setting.
    pub client: &'static str,
    /// The server's setting.
    pub server: &'static str,
    /// What the two make of each other.
    pub outcome: Outcome,
    /// Whether this is what the defaults give.
    pub footnote: Option<Footnote>,
}

impl Matrix {
    /// All three, in the order of the article.
    pub const ALL: [Self; 3] = [Self::Smb2, Self::Smb1, Self::Smb1Legacy];

    /// The key in JSON: `smb2`, `smb1` or `smb1_legacy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smb2 => "smb2",
            Self::Smb1 => "smb1",
            Self::Smb1Legacy => "smb1_legacy",
        }
    }

    /// The settings of either axis, in the order of the article.
    #[must_use]
    pub fn settings(self) -> Vec<&'static str> {
        match self {
            Self::Smb2 => Smb2Signing::ALL.map(Smb2Signing::name).to_vec(),
            Self::Smb1 | Self::Smb1Legacy => Smb1Signing::ALL.map(Smb1Signing::name).to_vec(),
        }
    }

    /// Every cell, row by row: the client's settings go down, the server's across.
    #[must_use]
    pub fn cells(self) -> Vec<MatrixCell> {
        let cell = |client, server, outcome, marks: [(&str, &str); 2]| {
            let [dc, other] = marks.map(|mark| mark == (client, server));
            let footnote = dc.then_some(Footnote::DomainControllerDefault);
            let footnote = footnote.or(other.then_some(Footnote::OtherDefault));
            MatrixCell { client, server, outcome, footnote }
        };
        match self {
            Self::Smb2 => pairs(Smb2Signing::ALL)
                .map(|(client, server)| {
                    let marks = [("not-required", "required"), ("not-required", "not-required")];
                    cell(client.name(), server.name(), smb2(client, server), marks)
                })
                .collect(),
            Self::Smb1 | Self::Smb1Legacy => {
                let generation = if self == Self::Smb1 { Generation::Current } else { Generation::Legacy };
                pairs(Smb1Signing::ALL)
                    .map(|(client, server)| {
                        let outcome = smb1((client, generation), (server, generation));
                        let marks = [("enabled", "required"), ("enabled", "disabled")];
                        cell(client.name(), server.name(), outcome, marks)
                    })
                    .collect()
            }
        }
    }
}

fn pairs<T: Copy, const N: usize>(settings: [T; N]) -> impl Iterator<Item = (T, T)> {
    settings.into_iter().flat_map(move |client| settings.map(|server| (client, server)))
}
