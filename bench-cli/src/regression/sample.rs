//! What one trial says of its cell, and two trials side by side.

use crate::record::Trial;

/// What one trial says of its cell: the time of its work and the state of the machine beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Busy nanoseconds per byte under the MAC; per message where there are no bytes.
    pub time: f64,
    /// The machine probe beside it.
    pub probe_ns: Option<f64>,
    /// The core's clock during it.
    pub clock_ghz: Option<f64>,
    /// Whether the rule that was fixed beforehand rejects it.
    pub disturbed: bool,
}

/// The same cell on both sides, in the same round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// What is compared with.
    pub base: Sample,
    /// What is judged.
    pub new: Sample,
}

impl Sample {
    /// Of a recorded trial; nothing where it did no work or took no time.
    #[must_use]
    pub fn of(trial: &Trial) -> Option<Self> {
        let work = if trial.bytes > 0 { trial.bytes } else { trial.messages };
        (work > 0 && trial.busy_ns > 0).then(|| Self {
            time: trial.busy_ns as f64 / work as f64,
            probe_ns: trial.probe_ns.map(|probe| probe as f64),
            clock_ghz: trial.clock_ghz,
            disturbed: trial.disturbed,
        })
    }
}

impl Pair {
    /// Whether both times are times.
    pub(super) fn has_figures(&self) -> bool {
        is_quantity(self.base.time) && is_quantity(self.new.time)
    }

    /// Whether either side was disturbed.
    pub(super) const fn is_disturbed(&self) -> bool {
        self.base.disturbed || self.new.disturbed
    }
}

/// Whether a figure can have a logarithm.
pub(super) fn is_quantity(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
