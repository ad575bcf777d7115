//! What is asked of the ratios, and whether they give it.

use serde::Serialize;
use smbsign_engine::protocol::SigningAlgorithm::{self, AesCmac, AesGmac, HmacSha256, Md5};

use super::extent::{Extent, LONGEST_FOR_ALL};
use super::statistics::Estimate;

/// Against the best library of the registries, hot: the ratio that must hold at each of [`Extent::SIZES`], and the one to
/// reach for.
const BARS: [(SigningAlgorithm, [(f64, f64); 6]); 4] = [
    (AesCmac, [(2.5, 4.0), (1.7, 2.2), (1.4, 1.6), (1.1, 1.2), (1.03, 1.08), (11.0, 14.0)]),
    (Md5, [(2.5, 3.2), (1.8, 2.1), (1.6, 1.9), (1.45, 1.7), (1.5, 1.7), (10.0, 16.0)]),
    (HmacSha256, [(1.05, 1.15), (1.0, 1.1), (1.0, 1.1), (1.0, 1.06), (1.0, 1.05), (1.9, 2.1)]),
    (AesGmac, [(1.6, 2.0), (1.05, 1.15), (1.0, 1.15), (1.0, 1.06), (1.0, 1.07), (1.0, 1.05)]),
];

/// Where a bar of 1.0 lets the median be.
const AS_GOOD_AS: f64 = 0.98;

/// What is asked of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// What must hold.
    pub must: f64,
    /// What to reach for.
    pub stretch: f64,
}

/// Whether a bar holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It does.
    Held,
    /// It does not.
    NotHeld,
    /// It lies within the interval.
    Undecided,
}

impl Verdict {
    /// The word for tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::NotHeld => "not held",
            Self::Undecided => "undecided",
        }
    }

    /// What a ratio says of a bar: beyond it with its whole interval, or to no end of it. Of 1.0, which asks to be as good,
    /// the interval must reach it and the median 0.98.
    #[must_use]
    pub fn of(bar: f64, ratio: Estimate) -> Self {
        if bar == 1.0 {
            let as_good = ratio.high >= 1.0 && ratio.median >= AS_GOOD_AS;
            return if as_good { Self::Held } else { Self::NotHeld };
        }
        if ratio.low >= bar {
            Self::Held
        } else if ratio.high < bar {
            Self::NotHeld
        } else {
            Self::Undecided
        }
    }

    /// The same where less is better.
    #[must_use]
    pub fn of_at_most(bar: f64, ratio: Estimate) -> Self {
        if ratio.high <= bar {
            Self::Held
        } else if ratio.low > bar {
            Self::NotHeld
        } else {
            Self::Undecided
        }
    }
}

/// What is asked of a size; ipsec-mb's 65,280 bytes count as 64 KiB.
#[must_use]
pub fn bar(algorithm: SigningAlgorithm, extent: Extent) -> Option<Bar> {
    let Extent::Bytes(bytes) = extent else { return None };
    let bytes = if bytes == LONGEST_FOR_ALL { 64 << 10 } else { bytes };
    let column = Extent::SIZES.iter().position(|size| *size == bytes)?;
    let (_, bars) = BARS.iter().find(|(of, _)| *of == algorithm)?;
    bars.get(column).map(|&(must, stretch)| Bar { must, stretch })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(low: f64, median: f64, high: f64) -> Estimate {
        Estimate { median, low, high }
    }

    #[test]
    fn a_bar_is_decided_by_the_whole_interval() {
        assert_eq!(Verdict::of(1.4, estimate(1.41, 1.5, 1.6)), Verdict::Held);
        assert_eq!(Verdict::of(1.4, estimate(1.3, 1.5, 1.6)), Verdict::Undecided);
        assert_eq!(Verdict::of(1.4, estimate(1.2, 1.3, 1.39)), Verdict::NotHeld);
        assert_eq!(Verdict::of_at_most(1.5, estimate(1.2, 1.3, 1.5)), Verdict::Held);
        assert_eq!(Verdict::of_at_most(1.5, estimate(1.4, 1.5, 1.6)), Verdict::Undecided);
        assert_eq!(Verdict::of_at_most(1.5, estimate(1.6, 1.7, 1.8)), Verdict::NotHeld);
    }

    #[test]
    fn as_good_as_the_peer_needs_the_interval_at_one_and_the_median_near() {
        assert_eq!(Verdict::of(1.0, estimate(0.97, 0.99, 1.0)), Verdict::Held);
        assert_eq!(Verdict::of(1.0, estimate(0.97, 0.99, 0.999)), Verdict::NotHeld);
        assert_eq!(Verdict::of(1.0, estimate(0.9, 0.97, 1.1)), Verdict::NotHeld);
    }

    #[test]
    fn each_size_has_a_bar_and_65280_bytes_have_that_of_64_kib() {
        for algorithm in SigningAlgorithm::ALL {
            for size in Extent::SIZES {
                assert!(bar(algorithm, Extent::Bytes(size)).is_some(), "{algorithm} {size}");
            }
            assert_eq!(bar(algorithm, Extent::Bytes(65_280)), bar(algorithm, Extent::Bytes(65_536)));
        }
        assert_eq!(bar(AesCmac, Extent::Bytes(100)), None);
    }
}
