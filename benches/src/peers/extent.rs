//! Which messages a cell has: how long they are, and what memory they lie in.

use std::fmt;
use std::str::FromStr;

use smbsign_engine::protocol::SigningAlgorithm;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The most that every peer takes in one message: ipsec-mb refuses more than 65,534 bytes.
pub const LONGEST_FOR_ALL: usize = 65_280;

/// How long a cell's messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// All the same, in bytes.
    Bytes(usize),
    /// Log-uniform between two lengths.
    Mixed(Mix),
}

/// Lengths drawn log-uniformly: every doubling as often as every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mix {
    name: &'static str,
    low: usize,
    high: usize,
}

impl Mix {
    /// Of short messages alone.
    pub const SHORT: Self = Self { name: "64B-512B", low: 64, high: 512 };
    /// Every mix, the widest first.
    pub const ALL: [Self; 3] = [
        Self { name: "128B-64KiB", low: 128, high: LONGEST_FOR_ALL },
        Self { name: "128B-4KiB", low: 128, high: 4 * KIB },
        Self::SHORT,
    ];

    /// The name in rows and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The length at a quantile between 0 and 1.
    fn at(self, quantile: f64) -> usize {
        let ratio = self.high as f64 / self.low as f64;
        ((self.low as f64 * ratio.powf(quantile)) as usize).clamp(self.low, self.high)
    }

    /// The mean length, in bytes.
    #[must_use]
    pub fn mean(self) -> usize {
        const STEPS: usize = 4096;
        let lengths = (0..STEPS).map(|step| self.at((step as f64 + 0.5) / STEPS as f64));
        lengths.sum::<usize>() / STEPS
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|mix| mix.name == name);
        found.ok_or_else(|| format!("there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

impl Extent {
    /// The sizes that are compared by default, in bytes.
    pub const SIZES: [usize; 6] = [128, 512, KIB, 4 * KIB, 64 * KIB, MIB];

    const fn longest(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Mixed(mix) => mix.high,
        }
    }

    /// The mean length, in bytes.
    #[must_use]
    pub fn mean(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Mixed(mix) => mix.mean(),
        }
    }

    /// The lengths of a set's messages, in no order.
    #[must_use]
    pub fn lengths(self, algorithm: SigningAlgorithm, set: Set) -> Vec<usize> {
        let count = set.bytes(algorithm, self).div_ceil(self.mean()).max(1);
        match self {
            Self::Bytes(bytes) => vec![bytes; count],
            // One from each of as many equal shares of the distribution, so that every set has its mean.
            Self::Mixed(mix) => (0..count).map(|one| mix.at((one as f64 + 0.5) / count as f64)).collect(),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) if bytes % MIB == 0 => write!(f, "{} MiB", bytes / MIB),
            Self::Bytes(bytes) if bytes % KIB == 0 => write!(f, "{} KiB", bytes / KIB),
            Self::Bytes(bytes) => write!(f, "{bytes} B"),
            Self::Mixed(mix) => f.write_str(mix.name),
        }
    }
}

/// What memory the messages lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// Messages that are used over and over, a buffer and a key for each.
    Hot,
    /// 256 MiB in shuffled order: no message is in a cache when its turn comes.
    Cold,
}

impl Set {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hot, Self::Cold];
    /// What a cold set holds.
    pub const COLD_BYTES: usize = 256 * MIB;
    const HOT_BYTES: usize = 512 * KIB;

    /// The name in rows and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Cold => "cold",
        }
    }

    /// How many bytes of messages it holds: hot is 512 KiB, or twice what the lanes hold at once if that is more.
    fn bytes(self, algorithm: SigningAlgorithm, extent: Extent) -> usize {
        let lanes = if algorithm == SigningAlgorithm::Md5 { 32 } else { 16 };
        match self {
            Self::Hot => (2 * lanes * extent.longest()).max(Self::HOT_BYTES),
            Self::Cold => Self::COLD_BYTES,
        }
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Set {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|set| set.name() == name).ok_or_else(|| "there are hot, cold".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_log_uniform_within_its_ends() {
        for mix in Mix::ALL {
            let lengths = Extent::Mixed(mix).lengths(SigningAlgorithm::AesCmac, Set::Cold);
            assert!(lengths.iter().all(|length| (mix.low..=mix.high).contains(length)));
            let middle = ((mix.low * mix.high) as f64).sqrt() as usize;
            let shorter = lengths.iter().filter(|length| **length < middle).count();
            assert!(shorter.abs_diff(lengths.len() / 2) <= lengths.len() / 50, "{}", mix.name);
        }
    }

    #[test]
    fn a_hot_set_holds_twice_what_the_lanes_hold() {
        let count = |bytes| Extent::Bytes(bytes).lengths(SigningAlgorithm::AesCmac, Set::Hot).len();
        assert_eq!((count(128), count(4096), count(1 << 20)), (4096, 128, 32));
    }
}
