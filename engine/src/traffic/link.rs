//! Link rates.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// How fast a link takes bits, everything on the wire counted, or no link at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkRate {
    /// A link of this many bits per second.
    BitsPerSecond(NonZeroU64),
    /// No link: the next message departs when the last one is done.
    Max,
}

impl LinkRate {
    /// The Ethernet rates that servers have: 1, 2.5, 10, 25, 40 and 100 Gbit/s.
    pub const ETHERNET: [Self; 6] = [
        Self::megabits(1_000),
        Self::megabits(2_500),
        Self::megabits(10_000),
        Self::megabits(25_000),
        Self::megabits(40_000),
        Self::megabits(100_000),
    ];

    const fn megabits(megabits: u64) -> Self {
        match NonZeroU64::new(megabits * 1_000_000) {
            Some(bits) => Self::BitsPerSecond(bits),
            None => Self::Max,
        }
    }

    /// Bits per second; `None` at max.
    #[must_use]
    pub const fn bits_per_second(self) -> Option<u64> {
        match self {
            Self::BitsPerSecond(bits) => Some(bits.get()),
            Self::Max => None,
        }
    }
}

/// `10GbE` for the Ethernet rates, else the shortest of `…Gbit`, `…Mbit`, `…kbit` and `…bit`; `max`.
impl fmt::Display for LinkRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bits) = self.bits_per_second() else { return f.pad("max") };
        if Self::ETHERNET.contains(self) {
            return f.pad(&format!("{}GbE", bits as f64 / 1e9));
        }
        let (unit, name) = UNITS
            .into_iter()
            .map(|(name, unit)| (unit, name))
            .find(|(unit, name)| !name.ends_with("bE") && bits.is_multiple_of(*unit))
            .unwrap_or((1, "bit"));
        f.pad(&format!("{}{name}", bits / unit))
    }
}

/// Suffixes, so that none hides behind another that it ends with; what is written prefers the first that divides.
const UNITS: [(&str, u64); 5] =
    [("GbE", 1_000_000_000), ("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000), ("bit", 1)];

/// A text that names no link rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no link rate: 1GbE, 2.5GbE, 10GbE, 25GbE, 40GbE, 100GbE, any rate such as 400Mbit, or max")]
pub struct InvalidLinkRate(String);

impl FromStr for LinkRate {
    type Err = InvalidLinkRate;

    /// Reads `max`, or a positive decimal number and `GbE`, `Gbit`, `Mbit`, `kbit` or `bit`, in any case.
    fn from_str(text: &str) -> Result<Self, InvalidLinkRate> {
        let invalid = || InvalidLinkRate(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        if lower == "max" {
            return Ok(Self::Max);
        }
        let (number, unit) = UNITS
            .into_iter()
            .find_map(|(name, unit)| Some((lower.strip_suffix(&name.to_ascii_lowercase())?, unit)))
            .ok_or_else(invalid)?;
        let bits = decimal(number.trim(), unit).ok_or_else(invalid)?;
        NonZeroU64::new(bits).map(Self::BitsPerSecond).ok_or_else(invalid)
    }
}

/// `number` × `unit` exactly; `None` for anything but digits with one point, for parts of a bit and for overflow.
fn decimal(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let scaled = format!("{whole}{fraction}").parse::<u64>().ok()?.checked_mul(unit)?;
    scaled.is_multiple_of(scale).then_some(scaled / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> Option<u64> {
        text.parse::<LinkRate>().ok().and_then(LinkRate::bits_per_second)
    }

    #[test]
    fn rates_are_read_in_any_case_and_unit() {
        assert_eq!(bits("1GbE"), Some(1_000_000_000));
        assert_eq!(bits("2.5gbe"), Some(2_500_000_000));
        assert_eq!(bits("400Mbit"), Some(400_000_000));
        assert_eq!(bits("1.5 Gbit"), Some(1_500_000_000));
        assert_eq!(bits("64kbit"), Some(64_000));
        assert_eq!(bits("9600bit"), Some(9600));
        assert_eq!("MAX".parse(), Ok(LinkRate::Max));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in
            ["", "10", "GbE", "0GbE", "-1GbE", "1..5GbE", "1.5bit", "nanGbE", "99999999999GbE", "1e9bit"]
        {
            assert!(text.parse::<LinkRate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_printed_rate_is_read_back() {
        for text in ["1GbE", "2.5GbE", "100GbE", "7Gbit", "400Mbit", "1500kbit", "9600bit", "max"] {
            let rate: LinkRate = text.parse().unwrap();
            assert_eq!(rate.to_string(), text);
        }
    }
}
