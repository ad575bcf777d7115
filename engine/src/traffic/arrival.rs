//! In which rhythm messages depart; the mean rate is the link's in all of them.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// How departures follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Arrival {
    /// Evenly: a message departs once the link has taken all before it.
    #[default]
    Paced,
    /// At random, as the requests of many clients who know nothing of each other: gaps are exponential, their mean is
    /// what the message before takes of the link.
    Poisson,
    /// So many at one moment, as a client with as many credits sends them; then nothing until the link has taken them all.
    Burst(NonZeroU32),
}

/// `paced`, `poisson`, `burst:16`.
impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paced => f.pad("paced"),
            Self::Poisson => f.pad("poisson"),
            Self::Burst(messages) => write!(f, "burst:{messages}"),
        }
    }
}

/// A text that names no arrival.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no arrival: paced, poisson, or burst:N with N messages at a time")]
pub struct InvalidArrival(String);

impl FromStr for Arrival {
    type Err = InvalidArrival;

    fn from_str(text: &str) -> Result<Self, InvalidArrival> {
        let lower = text.trim().to_ascii_lowercase();
        match (lower.as_str(), lower.strip_prefix("burst:")) {
            ("paced", _) => Ok(Self::Paced),
            ("poisson", _) => Ok(Self::Poisson),
            (_, Some(messages)) => {
                messages.parse().map(Self::Burst).map_err(|_| InvalidArrival(text.to_owned()))
            }
            _ => Err(InvalidArrival(text.to_owned())),
        }
    }
}

/// Where an arrival stands.
#[derive(Debug, Clone)]
pub(super) enum Rhythm {
    Paced,
    Poisson(fastrand::Rng),
    Burst { messages: u32, departed: u32, owed: f64 },
}

impl Rhythm {
    pub(super) fn new(arrival: Arrival, seed: u64) -> Self {
        match arrival {
            Arrival::Paced => Self::Paced,
            Arrival::Poisson => Self::Poisson(fastrand::Rng::with_seed(seed)),
            Arrival::Burst(messages) => Self::Burst { messages: messages.get(), departed: 0, owed: 0.0 },
        }
    }

    /// The gap before the next departure, behind a message that takes `link_time` of the link. One that takes none is
    /// followed at once by the rest of its compound chain.
    #[inline]
    pub(super) fn gap(&mut self, link_time: f64) -> f64 {
        match self {
            Self::Paced => link_time,
            // 1 − u lies in (0, 1], so that the logarithm is finite.
            Self::Poisson(random) => -(1.0 - random.f64()).ln() * link_time,
            Self::Burst { messages, departed, owed } => {
                *owed += link_time;
                *departed += u32::from(link_time > 0.0);
                if departed < messages {
                    return 0.0;
                }
                *departed = 0;
                std::mem::take(owed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: f64 = 177.6;

    fn gaps(arrival: Arrival, count: usize) -> Vec<f64> {
        let mut rhythm = Rhythm::new(arrival, 7);
        (0..count).map(|_| rhythm.gap(MEAN)).collect()
    }

    #[test]
    fn every_arrival_has_the_links_mean_rate() {
        for arrival in ["paced", "poisson", "burst:1", "burst:16"].map(|text| text.parse().unwrap()) {
            let gaps = gaps(arrival, 160_000);
            let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
            // Four standard errors of an exponential mean over as many gaps.
            assert!((mean / MEAN - 1.0).abs() < 4.0 / 400.0, "{arrival}: {mean}");
        }
    }

    /// Kolmogorov's test: the largest distance between what was seen and the distribution.
    #[test]
    fn poisson_gaps_are_exponential() {
        let mut gaps = gaps(Arrival::Poisson, 10_000);
        gaps.sort_by(f64::total_cmp);
        let count = gaps.len() as f64;
        let distances = gaps.iter().enumerate().map(|(at, gap)| {
            let expected = 1.0 - (-gap / MEAN).exp();
            (expected - at as f64 / count).abs().max((expected - (at + 1) as f64 / count).abs())
        });
        let largest = distances.fold(0.0, f64::max);
        assert!(
            largest < 1.63 / count.sqrt(),
            "one true sample in a hundred is further off than this: {largest}"
        );
    }

    #[test]
    fn a_burst_departs_at_one_moment_and_pays_for_itself_afterwards() {
        let gaps = gaps(Arrival::Burst(NonZeroU32::new(4).unwrap()), 8);
        assert_eq!(gaps, [0.0, 0.0, 0.0, 4.0 * MEAN, 0.0, 0.0, 0.0, 4.0 * MEAN]);
    }

    #[test]
    fn arrivals_are_read_back_from_their_names() {
        for text in ["paced", "poisson", "burst:1", "burst:512"] {
            assert_eq!(text.parse::<Arrival>().unwrap().to_string(), text);
        }
        for text in ["", "burst", "burst:0", "burst:-1", "burst:many", "even"] {
            assert!(text.parse::<Arrival>().is_err(), "{text}");
        }
    }
}
