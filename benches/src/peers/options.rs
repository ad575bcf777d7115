//! The command line of `peers`.

use std::num::NonZeroUsize;

use clap::Parser;
use smbsign::command::run::ByteSize;
use smbsign_engine::protocol::SigningAlgorithm;

use super::comparison::Plan;
use super::extent::{Extent, Mix, Set};
use super::libraries::Library;
use super::making::Making;
use super::work_set::MOST_KEYS;

/// Fewer bytes hold no SMB2 header.
const SHORTEST: usize = 64;

/// Compare smbsign's lanes with other libraries: the same messages, in one run, round by round
///
/// Lists are comma-separated; what is not named is measured whole, but `--size` alone leaves the mixes out, and `--mix`
/// alone the sizes. ipsec-mb takes 65,280 bytes where 64KiB is asked for, and is compared with ours at 65,280.
///
/// Exit codes: 0 measured · 2 usage or input error · 5 a tag was wrong.
#[derive(Debug, Clone, Parser)]
#[command(name = "peers", version)]
pub struct Options {
    /// md5, hmac-sha256, aes-128-cmac, aes-128-gmac
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = algorithm)]
    pub algorithm: Vec<SigningAlgorithm>,
    /// Bytes of a message: 128, 4KiB, 1MiB
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub size: Vec<ByteSize>,
    /// Mixed lengths, log-uniform: 128B-64KiB, 128B-4KiB, 64B-512B
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub mix: Vec<Mix>,
    /// hot, cold
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub set: Vec<Set>,
    /// ipsec-mb, openssl, gnutls, aws-lc-rs, ring, rustcrypto
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub peer: Vec<Library>,
    /// Different keys in use at most
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::new(MOST_KEYS).unwrap_or(NonZeroUsize::MIN))]
    pub sessions: NonZeroUsize,
    /// How figures are made, and where they go.
    #[command(flatten)]
    pub making: Making,
}

fn algorithm(name: &str) -> Result<SigningAlgorithm, String> {
    SigningAlgorithm::ALL
        .into_iter()
        .find(|one| one.name() == name)
        .ok_or_else(|| format!("there are {}", SigningAlgorithm::ALL.map(SigningAlgorithm::name).join(", ")))
}

/// A size that no message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes hold no SMB2 header, or more than a cold set; {SHORTEST} to 16 MiB can be measured")]
pub struct NoSuchSize(usize);

impl Options {
    /// What is to be measured.
    ///
    /// # Errors
    /// A size that no message has.
    pub fn plan(&self) -> Result<Plan, NoSuchSize> {
        let sizes: Vec<usize> = self.size.iter().map(|size| size.0).collect();
        if let Some(&wrong) = sizes.iter().find(|size| !(SHORTEST..=16 << 20).contains(*size)) {
            return Err(NoSuchSize(wrong));
        }
        let (sizes, mixes) = match (sizes.is_empty(), self.mix.is_empty()) {
            (true, true) => (Extent::SIZES.to_vec(), Mix::ALL.to_vec()),
            _ => (sizes, self.mix.clone()),
        };
        let extents = sizes.into_iter().map(Extent::Bytes).chain(mixes.into_iter().map(Extent::Mixed));
        Ok(Plan {
            algorithms: or_all(&self.algorithm, &SigningAlgorithm::ALL),
            extents: extents.collect(),
            sets: or_all(&self.set, &Set::ALL),
            libraries: or_all(&self.peer, &Library::ALL),
            backend: self.making.backend(),
            sessions: self.sessions.get(),
            pace: self.making.pace(),
            seed: self.making.seed,
        })
    }
}

fn or_all<T: Clone>(chosen: &[T], all: &[T]) -> Vec<T> {
    if chosen.is_empty() { all.to_vec() } else { chosen.to_vec() }
}
