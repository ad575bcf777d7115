//! Hardened UNC paths: what a client demands of single shares (MS15-011, KB 3000483).

use std::fmt;
use std::str::FromStr;

/// A server and a share: `\\server\share`, whatever lies below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UncPath {
    server: String,
    share: String,
}

/// A text that is no UNC path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(r"{0:?} is no UNC path: \\server\share, perhaps with a path behind it")]
pub struct NotUnc(String);

impl UncPath {
    /// The share of a server; case does not matter.
    #[must_use]
    pub fn new(server: &str, share: &str) -> Self {
        Self { server: server.to_lowercase(), share: share.to_lowercase() }
    }

    /// The server, in lower case.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The share, in lower case.
    #[must_use]
    pub fn share(&self) -> &str {
        &self.share
    }
}

impl FromStr for UncPath {
    type Err = NotUnc;

    /// Takes `\\server\share\path` and, since shells eat backslashes, `//server/share/path`.
    fn from_str(text: &str) -> Result<Self, NotUnc> {
        let (server, share) = two_parts(text).ok_or_else(|| NotUnc(text.to_owned()))?;
        match share {
            Some(share) => Ok(Self::new(server, share)),
            None => Err(NotUnc(text.to_owned())),
        }
    }
}

impl fmt::Display for UncPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r"\\{}\{}", self.server, self.share)
    }
}

/// Server and share behind two slashes of either kind.
fn two_parts(text: &str) -> Option<(&str, Option<&str>)> {
    let slash = |letter| letter == '\\' || letter == '/';
    let below = text.strip_prefix(slash)?.strip_prefix(slash)?;
    let mut parts = below.splitn(3, slash);
    let server = parts.next().filter(|part| !part.is_empty())?;
    Some((server, parts.next().filter(|part| !part.is_empty())))
}

/// Which shares an entry speaks of: `\\*\SYSVOL`, `\\server\*`, `\\server\share`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UncPattern {
    /// None stands for `*`.
    server: Option<String>,
    share: Option<String>,
}

impl UncPattern {
    fn matches(&self, path: &UncPath) -> bool {
        self.server.as_ref().is_none_or(|server| *server == path.server)
            && self.share.as_ref().is_none_or(|share| *share == path.share)
    }

    /// Whether it speaks of one server alone.
    #[must_use]
    pub const fn names_a_server(&self) -> bool {
        self.server.is_some()
    }

    const fn is_exact(&self) -> bool {
        self.server.is_some() && self.share.is_some()
    }
}

impl FromStr for UncPattern {
    type Err = NotUnc;

    fn from_str(text: &str) -> Result<Self, NotUnc> {
        let (server, share) = two_parts(text).ok_or_else(|| NotUnc(text.to_owned()))?;
        let part = |part: &str| (part != "*").then(|| part.to_lowercase());
        Ok(Self { server: part(server), share: share.and_then(part) })
    }
}

impl fmt::Display for UncPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "*".to_owned());
        write!(f, r"\\{}\{}", part(&self.server), part(&self.share))
    }
}

/// Whether something is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Demand {
    /// It is not asked for.
    #[default]
    Waived,
    /// No connection without it.
    Required,
}

/// What an entry demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hardening {
    /// `RequireMutualAuthentication`: in Windows, Kerberos.
    pub mutual_authentication: Demand,
    /// `RequireIntegrity`: signed or encrypted.
    pub integrity: Demand,
    /// `RequirePrivacy`: encrypted.
    pub privacy: Demand,
}

impl Hardening {
    /// What either demands.
    #[must_use]
    fn and(self, other: Self) -> Self {
        Self {
            mutual_authentication: self.mutual_authentication.max(other.mutual_authentication),
            integrity: self.integrity.max(other.integrity),
            privacy: self.privacy.max(other.privacy),
        }
    }
}

/// One entry of `NetworkProvider\HardenedPaths`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardenedPath {
    /// The shares that it speaks of.
    pub pattern: UncPattern,
    /// What it demands of them.
    pub hardening: Hardening,
}

/// An entry that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotHardened {
    /// Its name is no pattern.
    #[error(transparent)]
    Pattern(#[from] NotUnc),
    /// One of its demands is not known or has no value.
    #[error("{0:?} is none of RequireMutualAuthentication, RequireIntegrity, RequirePrivacy = 0 or 1")]
    Demand(String),
}

impl HardenedPath {
    /// Reads an entry as the registry has it: the pattern is the value's name, the demands are its text,
    /// `RequireMutualAuthentication=1, RequireIntegrity=1`.
    ///
    /// # Errors
    ///
    /// The name is no pattern, or a demand is unknown.
    pub fn parse(pattern: &str, demands: &str) -> Result<Self, NotHardened> {
        let mut hardening = Hardening::default();
        for demand in demands.split(',').map(str::trim).filter(|demand| !demand.is_empty()) {
            let unknown = || NotHardened::Demand(demand.to_owned());
            let (name, value) = demand.split_once('=').ok_or_else(unknown)?;
            let value = match value.trim() {
                "0" => Demand::Waived,
                "1" => Demand::Required,
                _ => return Err(unknown()),
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "requiremutualauthentication" => hardening.mutual_authentication = value,
                "requireintegrity" => hardening.integrity = value,
                "requireprivacy" => hardening.privacy = value,
                _ => return Err(unknown()),
            }
        }
        Ok(Self { pattern: pattern.parse()?, hardening })
    }
}

impl fmt::Display for HardenedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hardening { mutual_authentication, integrity, privacy } = self.hardening;
        let demands = [
            ("RequireMutualAuthentication", mutual_authentication),
            ("RequireIntegrity", integrity),
            ("RequirePrivacy", privacy),
        ];
        let demands =
            demands.map(|(name, demand)| format!("{name}={}", u8::from(demand == Demand::Required)));
        write!(f, "{}: {}", self.pattern, demands.join(", "))
    }
}

/// What the entries demand of a path, and the entries that say so.
///
/// An entry for exactly this share stands alone; else all that match count together. The sources do not rank `\\*\share`
/// and `\\server\*`.
pub(super) fn demanded<'a>(
    entries: &'a [HardenedPath],
    path: &UncPath,
) -> (Hardening, Vec<&'a HardenedPath>) {
    let mut matching: Vec<_> = entries.iter().filter(|entry| entry.pattern.matches(path)).collect();
    if matching.iter().any(|entry| entry.pattern.is_exact()) {
        matching.retain(|entry| entry.pattern.is_exact());
    }
    let hardening = matching.iter().fold(Hardening::default(), |all, entry| all.and(entry.hardening));
    (hardening, matching)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_either_slash_and_any_case() {
        let path: UncPath = r"\\DC1\SysVol\corp.example\Policies".parse().unwrap();
        assert_eq!(path.to_string(), r"\\dc1\sysvol");
        assert_eq!("//dc1/SYSVOL".parse(), Ok(path));
        for wrong in ["", r"\\", r"\\dc1", r"dc1\sysvol", r"C:\sysvol"] {
            assert!(wrong.parse::<UncPath>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_exact_entry_stands_alone_and_others_count_together() {
        let entry = |pattern, demands| HardenedPath::parse(pattern, demands).unwrap();
        let entries = [
            entry(r"\\*\SYSVOL", "RequireMutualAuthentication=1, RequireIntegrity=1"),
            entry(r"\\dc1\*", "RequirePrivacy=1"),
            entry(r"\\dc2\sysvol", "RequireIntegrity=0"),
        ];
        let of = |server| demanded(&entries, &UncPath::new(server, "SYSVOL")).0;
        assert_eq!((of("dc1").integrity, of("dc1").privacy), (Demand::Required, Demand::Required));
        assert_eq!(of("dc2"), Hardening::default());
        assert_eq!(of("dc3").privacy, Demand::Waived);
        assert!(HardenedPath::parse(r"\\*\x", "RequireEverything=1").is_err());
    }
}
