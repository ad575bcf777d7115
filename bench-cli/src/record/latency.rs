//! Percentiles that say no more than their samples allow, with the histogram so that records can be merged.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A percentile needs this many samples beyond it, else it is null.
const SAMPLES_BEYOND: f64 = 10.0;

/// Latency from the intended departure to the end, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Of the whole way.
    #[serde(flatten)]
    pub total: Percentiles,
    /// The share spent waiting, where it was measured.
    pub queued: Option<Percentiles>,
    /// The share spent signing, where it was measured.
    pub signing: Option<Percentiles>,
}

impl Latency {
    /// The whole way alone, of a histogram of nanoseconds.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        Self { total: Percentiles::of(histogram), queued: None, signing: None }
    }
}

/// The points of one distribution, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Percentiles {
    /// The median.
    pub p50: Option<u64>,
    /// 90 of 100 are no slower.
    pub p90: Option<u64>,
    /// 99 of 100 are no slower.
    pub p99: Option<u64>,
    /// 999 of 1000 are no slower.
    pub p99_9: Option<u64>,
    /// The slowest.
    pub max: Option<u64>,
    /// The histogram: HDR V2, deflated, in base64 (the `HISTF…` that other HDR tools read).
    pub hdr: Option<String>,
}

impl Percentiles {
    /// Of a histogram of nanoseconds; a percentile with fewer than ten samples beyond it is null.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let samples = histogram.len() as f64;
        let at = |quantile: f64| {
            let beyond = samples * (1.0 - quantile);
            // The tolerance is for 1.0 - 0.99, which is a little less than 0.01.
            (beyond + 1e-6 >= SAMPLES_BEYOND).then(|| histogram.value_at_quantile(quantile))
        };
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: (!histogram.is_empty()).then(|| histogram.max()),
            hdr: encode(histogram),
        }
    }

    /// The names of the percentiles that had too few samples.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        [("p50", self.p50), ("p90", self.p90), ("p99", self.p99), ("p99.9", self.p99_9)]
            .into_iter()
            .filter_map(|(name, value)| value.is_none().then_some(name))
    }
}

fn encode(histogram: &Histogram<u64>) -> Option<String> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).ok()?;
    Some(BASE64_STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(samples: u64) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).unwrap();
        for value in 1..=samples {
            histogram.record(value).unwrap();
        }
        histogram
    }

    #[test]
    fn a_percentile_with_fewer_than_ten_samples_beyond_it_is_null() {
        let percentiles = Percentiles::of(&histogram(1000));
        assert_eq!(percentiles.p50, Some(500));
        assert_eq!(percentiles.p99, Some(990));
        assert_eq!(percentiles.p99_9, None);
        assert_eq!(percentiles.max, Some(1000));
        assert_eq!(percentiles.missing().collect::<Vec<_>>(), ["p99.9"]);
    }

    #[test]
    fn the_encoded_histogram_gives_the_samples_back() {
        let encoded = Percentiles::of(&histogram(500)).hdr.unwrap();
        let bytes = BASE64_STANDARD.decode(encoded).unwrap();
        let decoded: Histogram<u64> =
            hdrhistogram::serialization::Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        assert_eq!(decoded, histogram(500));
    }
}
