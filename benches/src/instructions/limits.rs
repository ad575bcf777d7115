//! The counts that the repository expects, and whether they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Conditions, Counted};

/// What is written above the limits, since TOML's writer keeps no comments.
const HEADING: &str = "\
# Instructions that each benchmark of benches/src/instructions takes, under the conditions named first. A count may lie
# `deviation` above or below. Written by: cargo run --release -p smbsign-benches --bin instructions -- --update

";

/// Expected counts, and the conditions that they hold under.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Share of a count by which it may differ.
    deviation: f64,
    conditions: Conditions,
    /// Instructions by benchmark.
    counts: BTreeMap<String, u64>,
}

/// A file that holds no limits.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// It is no TOML, or not of this form.
    #[error(transparent)]
    Form(#[from] toml::de::Error),
    /// Its deviation is no share that could guard anything.
    #[error("a deviation of {0} is not between 0 and 0.1")]
    Deviation(f64),
}

/// Counts beside their limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why the limits say nothing about these counts; empty where they do.
    pub incomparable: Vec<String>,
    /// One for each benchmark, those that are only in the limits last.
    pub rows: Vec<Row>,
}

/// One benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The benchmark.
    pub name: String,
    /// Instructions that it took; `None` if nothing is called so any more.
    pub counted: Option<u64>,
    /// Instructions that were expected; `None` if nobody set a limit.
    pub expected: Option<u64>,
    /// What that means.
    pub verdict: Verdict,
}

/// What a count is beside its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within the deviation.
    Within,
    /// More instructions than the limit allows.
    Above {
        /// The most that would be allowed.
        limit: u64,
    },
    /// So few that the limit guards nothing any more.
    Below {
        /// The least that would be allowed.
        limit: u64,
    },
    /// A benchmark without a limit.
    WithoutLimit,
    /// A limit without a benchmark.
    WithoutBenchmark,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deviation: 0.02, conditions: Conditions::new(), counts: BTreeMap::new() }
    }
}

impl Limits {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub fn parse(text: &str) -> Result<Self, LimitsError> {
        let limits: Self = toml::from_str(text)?;
        if limits.deviation > 0.0 && limits.deviation < 0.1 {
            Ok(limits)
        } else {
            Err(LimitsError::Deviation(limits.deviation))
        }
    }

    /// The benchmarks that have a limit, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.counts.keys().map(String::as_str)
    }

    /// The same deviation around other counts.
    #[must_use]
    pub fn of(self, counted: &Counted) -> Self {
        let Counted { conditions, counts } = counted.clone();
        Self { conditions, counts: counts.into_iter().collect(), ..self }
    }

    /// Compares.
    #[must_use]
    pub fn check(&self, counted: &Counted) -> Outcome {
        let counts: BTreeMap<_, _> = counted.counts.iter().map(|(name, count)| (name, *count)).collect();
        let orphans = self.counts.keys().filter(|name| !counts.contains_key(name));
        let rows = counted.counts.iter().map(|(name, _)| name).chain(orphans).map(|name| {
            let (counted, expected) = (counts.get(name).copied(), self.counts.get(name).copied());
            Row { name: name.clone(), counted, expected, verdict: self.verdict(counted, expected) }
        });
        Outcome { incomparable: self.differences(&counted.conditions), rows: rows.collect() }
    }

    fn verdict(&self, counted: Option<u64>, expected: Option<u64>) -> Verdict {
        let (Some(counted), Some(expected)) = (counted, expected) else {
            return if counted.is_some() { Verdict::WithoutLimit } else { Verdict::WithoutBenchmark };
        };
        let most = (expected as f64 * (1.0 + self.deviation)).floor() as u64;
        let least = (expected as f64 * (1.0 - self.deviation)).ceil() as u64;
        if counted > most {
            Verdict::Above { limit: most }
        } else if counted < least {
            Verdict::Below { limit: least }
        } else {
            Verdict::Within
        }
    }

    fn differences(&self, here: &Conditions) -> Vec<String> {
        let names = self.conditions.keys().chain(here.keys()).collect::<BTreeSet<_>>();
        let value = |conditions: &Conditions, name| conditions.get(name).cloned().unwrap_or_default();
        let values = names.into_iter().map(|name| (name, value(&self.conditions, name), value(here, name)));
        let differing = values.filter(|(_, held, found)| held != found);
        differing
            .map(|(name, held, found)| format!("{name} is `{found}`, the limits hold for `{held}`"))
            .collect()
    }
}

/// The file's text.
impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = toml::to_string(self).map_err(|_| fmt::Error)?;
        write!(f, "{HEADING}{text}")
    }
}

impl Outcome {
    /// Benchmarks that do not fit their limits, each with what to do, where the limits hold at all.
    pub fn complaints(&self) -> impl Iterator<Item = &Row> {
        let holds = self.incomparable.is_empty();
        self.rows.iter().filter(move |row| holds && row.verdict != Verdict::Within)
    }
}

/// What is wrong with it, in one line.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, counted, expected, verdict } = self;
        let (counted, expected) = (counted.unwrap_or(0), expected.unwrap_or(0));
        match verdict {
            Verdict::Within => write!(f, "{name}: {counted} instructions, as expected"),
            Verdict::Above { limit } => {
                write!(
                    f,
                    "{name}: {counted} instructions are more than the limit of {limit} ({expected} expected)"
                )
            }
            Verdict::Below { limit } => write!(
                f,
                "{name}: {counted} instructions are fewer than {limit} ({expected} expected): lower the limit, which \
                 guards nothing as it is"
            ),
            Verdict::WithoutLimit => write!(f, "{name}: {counted} instructions, but no limit is set"),
            Verdict::WithoutBenchmark => write!(f, "{name}: has a limit, but no benchmark is called so"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[(&str, u64)]) -> Counted {
        let conditions = [("rustc", "rustc 1.95.0"), ("cpu", "aes avx2")];
        Counted {
            conditions: conditions.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        }
    }

    fn verdict(expected: u64, found: u64) -> Verdict {
        let limits = Limits::default().of(&counted(&[("it", expected)]));
        limits.check(&counted(&[("it", found)])).rows[0].verdict
    }

    #[test]
    fn three_percent_more_or_fewer_instructions_do_not_pass() {
        assert_eq!(verdict(100_000, 103_000), Verdict::Above { limit: 102_000 });
        assert_eq!(verdict(100_000, 102_001), Verdict::Above { limit: 102_000 });
        assert_eq!(verdict(100_000, 97_000), Verdict::Below { limit: 98_000 });
        for within in [98_000, 100_000, 102_000] {
            assert_eq!(verdict(100_000, within), Verdict::Within);
        }
    }

    #[test]
    fn a_complaint_names_the_benchmark_the_limit_and_the_count() {
        let limits = Limits::default().of(&counted(&[("protocol/framing", 100_000), ("gone", 1)]));
        let outcome = limits.check(&counted(&[("protocol/framing", 103_000), ("new", 5)]));
        let complaints: Vec<_> = outcome.complaints().map(ToString::to_string).collect();
        assert_eq!(
            complaints,
            [
                "protocol/framing: 103000 instructions are more than the limit of 102000 (100000 expected)",
                "new: 5 instructions, but no limit is set",
                "gone: has a limit, but no benchmark is called so",
            ]
        );
    }

    #[test]
    fn another_compiler_or_cpu_is_incomparable_not_good() {
        let limits = Limits::default().of(&counted(&[("it", 100)]));
        for name in ["rustc", "cpu"] {
            let mut elsewhere = counted(&[("it", 200)]);
            elsewhere.conditions.insert(name.to_owned(), "another".to_owned());
            let outcome = limits.check(&elsewhere);
            assert_eq!(outcome.incomparable.len(), 1, "{outcome:?}");
            assert_eq!(
                outcome.complaints().count(),
                0,
                "what cannot be compared is not called slower either"
            );
        }
    }

    #[test]
    fn limits_are_read_as_they_were_written() {
        let limits = Limits::default().of(&counted(&[("protocol/framing", 100), ("b", 2)]));
        assert_eq!(Limits::parse(&limits.to_string()).unwrap(), limits);
        let loose = Limits { deviation: 0.5, ..limits };
        assert!(matches!(Limits::parse(&loose.to_string()), Err(LimitsError::Deviation(_))));
    }
}
