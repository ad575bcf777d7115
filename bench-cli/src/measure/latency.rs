//! Latencies of one trial, and of several.

use hdrhistogram::Histogram;

use crate::record::{Latency, Percentiles};

/// From the intended departure: the whole way, and its two parts.
#[derive(Debug, Clone)]
pub(super) struct Latencies {
    total: Histogram<u64>,
    queued: Histogram<u64>,
    signing: Histogram<u64>,
}

impl Latencies {
    pub(super) fn new() -> Self {
        let empty = || {
            const LONGEST_NS: u64 = 60_000_000_000;
            // Three digits up to a minute: bounds that hdrhistogram takes, whatever it is given to record.
            Histogram::new_with_bounds(1, LONGEST_NS, 3).unwrap_or_else(|_| unreachable!("constant bounds"))
        };
        Self { total: empty(), queued: empty(), signing: empty() }
    }

    /// Messages that were due at these times and done together from `began` to `ended`.
    #[inline]
    pub(super) fn record(&mut self, intended: impl ExactSizeIterator<Item = u64>, began: u64, ended: u64) {
        self.signing.saturating_record_n(ended.saturating_sub(began), intended.len() as u64);
        for due in intended {
            self.total.saturating_record(ended.saturating_sub(due));
            self.queued.saturating_record(began.saturating_sub(due));
        }
    }

    /// Adds another worker's or trial's.
    pub(super) fn merge(&mut self, other: &Self) {
        // All have the same bounds, so that nothing can be out of them.
        for (to, from) in [
            (&mut self.total, &other.total),
            (&mut self.queued, &other.queued),
            (&mut self.signing, &other.signing),
        ] {
            if to.add(from).is_err() {
                unreachable!("histograms of equal bounds");
            }
        }
    }

    /// As the record has them.
    pub(super) fn recorded(&self) -> Latency {
        Latency {
            total: Percentiles::of(&self.total),
            queued: Some(Percentiles::of(&self.queued)),
            signing: Some(Percentiles::of(&self.signing)),
        }
    }
}
