//! Which set of kernels runs.

use std::fmt;
use std::str::FromStr;

use super::cpu::{HaveAvx2, HaveAvx512};

/// A set of kernels, with the proof that this CPU can run them.
///
/// `portable` is always there: the RustCrypto crates, which look for CPU instructions of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// No kernel of this crate that needs CPU instructions.
    Portable,
    /// AES-NI and PCLMULQDQ, in AVX encoding.
    Avx2(HaveAvx2),
    /// VAES and VPCLMULQDQ on 512-bit vectors.
    Avx512(HaveAvx512),
}

impl Backend {
    /// The best backend of this CPU.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().next_back().unwrap_or(Self::Portable)
    }

    /// Every backend that this CPU can run, slowest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        [Some(Self::Portable), HaveAvx2::detect().map(Self::Avx2), HaveAvx512::detect().map(Self::Avx512)]
            .into_iter()
            .flatten()
    }

    /// The backend that every CPU can run.
    #[must_use]
    pub const fn portable() -> Self {
        Self::Portable
    }

    /// `portable`, `avx2` or `avx512`: the name in records and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2(_) => "avx2",
            Self::Avx512(_) => "avx512",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A backend's name that means nothing here, or a backend that this CPU cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no backend `{name}` on this CPU; it has {}", available_names())]
pub struct UnknownBackend {
    name: String,
}

fn available_names() -> String {
    Backend::available().map(Backend::name).collect::<Vec<_>>().join(", ")
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::available()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| UnknownBackend { name: name.to_owned() })
    }
}
