//! Values that people type: lists with `all`, sizes, durations.

use std::fmt::{self, Display, Write as _};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use smbsign_engine::offload::Config;
use smbsign_engine::traffic::{Mtu, Packing, SetOrder};

/// One word of a list: `all`, or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice<T> {
    All,
    One(T),
}

impl<T: FromStr> FromStr for Choice<T> {
    type Err = T::Err;

    fn from_str(word: &str) -> Result<Self, T::Err> {
        if word.eq_ignore_ascii_case("all") { Ok(Self::All) } else { word.parse().map(Self::One) }
    }
}

impl<T> Choice<T> {
    /// The values of a list, each once, in the order of `all`; values outside `all` follow as typed.
    pub(super) fn resolve(list: &[Self], all: impl IntoIterator<Item = T>) -> Vec<T>
    where
        T: Clone + PartialEq,
    {
        let asked = |value: &T| list.iter().any(|choice| matches!(choice, Self::One(one) if one == value));
        let everything = Self::includes_all(list);
        let mut values: Vec<T> = all.into_iter().filter(|value| everything || asked(value)).collect();
        for choice in list {
            if let Self::One(value) = choice
                && !values.contains(value)
            {
                values.push(value.clone());
            }
        }
        values
    }

    /// Whether `all` is in the list: then a value that fits nothing else is left out, where it would be an error if named.
    pub(super) fn includes_all(list: &[Self]) -> bool {
        list.iter().any(|choice| matches!(choice, Self::All))
    }
}

/// Names, comma-separated, for messages.
pub(super) fn names<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let mut names = String::new();
    for value in values {
        let separator = if names.is_empty() { "" } else { ", " };
        let _ = write!(names, "{separator}{value}");
    }
    names
}

/// A number of bytes: `128`, `4KiB`, `1MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub usize);

/// A text that is no number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a size: bytes as 128, or with a binary unit as 4KiB, 1MiB")]
pub struct InvalidByteSize;

impl FromStr for ByteSize {
    type Err = InvalidByteSize;

    fn from_str(text: &str) -> Result<Self, InvalidByteSize> {
        let lower = text.to_ascii_lowercase();
        let (digits, unit) = [("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("b", 1)]
            .into_iter()
            .find_map(|(name, unit)| Some((lower.strip_suffix(name)?, unit)))
            .unwrap_or((&lower, 1));
        let bytes = digits.trim_end().parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
        bytes.filter(|bytes| *bytes > 0).map(Self).ok_or(InvalidByteSize)
    }
}

/// Lengths of bulk messages: one for all, or log-uniform from the first to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageSize {
    One(usize),
    Between(usize, usize),
}

impl MessageSize {
    pub(super) fn one(&self) -> Option<usize> {
        match self {
            Self::One(bytes) => Some(*bytes),
            Self::Between(..) => None,
        }
    }

    pub(super) fn range(&self) -> Option<RangeInclusive<usize>> {
        match self {
            Self::One(_) => None,
            Self::Between(shortest, longest) => Some(*shortest..=*longest),
        }
    }
}

impl FromStr for MessageSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = |text: &str| text.parse().map(|ByteSize(bytes)| bytes).map_err(|error| error.to_string());
        let Some((shortest, longest)) = text.split_once("..") else { return bytes(text).map(Self::One) };
        match (bytes(shortest)?, bytes(longest)?) {
            (shortest, longest) if shortest < longest => Ok(Self::Between(shortest, longest)),
            _ => Err("not a range of sizes: the shortest first, as 128..64KiB".to_owned()),
        }
    }
}

/// How much memory the messages lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkingSet {
    Hot,
    Cold,
    Bytes(usize),
}

impl WorkingSet {
    /// Bytes of buffers; none for hot, which depends on the messages.
    pub(super) const fn bytes(self) -> Option<usize> {
        match self {
            Self::Hot => None,
            Self::Cold => Some(256 << 20),
            Self::Bytes(bytes) => Some(bytes),
        }
    }

    /// Cold buffers come at random, so that no prefetcher warms them.
    pub(super) const fn order(self) -> SetOrder {
        match self {
            Self::Cold => SetOrder::Shuffled,
            Self::Hot | Self::Bytes(_) => SetOrder::Ascending,
        }
    }
}

impl fmt::Display for WorkingSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hot => f.write_str("hot"),
            Self::Cold => f.write_str("cold"),
            Self::Bytes(bytes) => write!(f, "{bytes}"),
        }
    }
}

pub(super) fn working_set(text: &str) -> Result<WorkingSet, String> {
    match text.to_ascii_lowercase().as_str() {
        "hot" => Ok(WorkingSet::Hot),
        "cold" => Ok(WorkingSet::Cold),
        size => match size.parse() {
            Ok(ByteSize(bytes)) => Ok(WorkingSet::Bytes(bytes)),
            Err(_) => Err("not a working set: hot, cold, or a size as 4MiB".to_owned()),
        },
    }
}

/// A duration above zero: `20ms`, `0.4s`, `1min`.
///
/// # Errors
///
/// The text is none; the error says what is.
pub fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "not a duration above zero: 20ms, 0.4s, 1min".to_owned())
}

/// A time that a message may wait, zero among them.
pub(super) fn max_wait(text: &str) -> Result<Duration, String> {
    let wait = if text == "0" { Duration::ZERO } else { duration(text)? };
    if wait > Config::MAX_WAIT {
        return Err(format!("longer than a message may wait: {:?} at most", Config::MAX_WAIT));
    }
    Ok(wait)
}

pub(super) fn mtu(text: &str) -> Result<Mtu, String> {
    match text {
        "1500" => Ok(Mtu::Standard),
        "9000" => Ok(Mtu::Jumbo),
        _ => Err("not an MTU that is modelled: 1500, 9000".to_owned()),
    }
}

/// How small messages share segments, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PackingName {
    /// A segment each for messages that fit one, the rest packed.
    Auto,
    /// Every message ends its segment.
    Alone,
    /// Back to back, every segment full.
    Stream,
}

impl fmt::Display for PackingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(clap::ValueEnum::to_possible_value(self).as_ref().map_or("", |value| value.get_name()))
    }
}

impl From<PackingName> for Packing {
    fn from(name: PackingName) -> Self {
        match name {
            PackingName::Auto => Self::BySize,
            PackingName::Alone => Self::Alone,
            PackingName::Stream => Self::Stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_with_binary_units() {
        let bytes = |text: &str| text.parse().map(|ByteSize(bytes)| bytes);
        assert_eq!(bytes("128"), Ok(128));
        assert_eq!(bytes("4KiB"), Ok(4096));
        assert_eq!(bytes("16448kib"), Ok((16 << 20) + (64 << 10)));
        for text in ["", "0", "4KB", "-1", "1.5MiB", "KiB", "99999999999GiB"] {
            assert_eq!(bytes(text), Err(InvalidByteSize), "{text}");
        }
    }

    #[test]
    fn a_range_of_sizes_names_the_shortest_first() {
        assert_eq!("128..64KiB".parse(), Ok(MessageSize::Between(128, 64 << 10)));
        assert_eq!("4KiB".parse(), Ok(MessageSize::One(4096)));
        for text in ["64KiB..128", "128..128", "..128", "128..", "1..2..3"] {
            assert!(text.parse::<MessageSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_above_zero() {
        assert_eq!(duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(duration("0.4s"), Ok(Duration::from_millis(400)));
        for text in ["", "0s", "-1s", "20", "fast"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_message_may_wait_from_no_time_to_a_millisecond() {
        assert_eq!(max_wait("0"), Ok(Duration::ZERO));
        assert_eq!(max_wait("20us"), Ok(Duration::from_micros(20)));
        assert_eq!(max_wait("1ms"), Ok(Config::MAX_WAIT));
        for text in ["", "-1us", "1.1ms", "20"] {
            assert!(max_wait(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_is_put_in_order_without_repetition() {
        use Choice::{All, One};
        assert_eq!(Choice::resolve(&[One(3), One(9), One(1), One(3)], [1, 2, 3]), [1, 3, 9]);
        assert_eq!(Choice::resolve(&[One(9), All], [1, 2, 3]), [1, 2, 3, 9]);
    }
}
