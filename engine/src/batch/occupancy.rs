//! How full the lanes were.

/// Steps of lanes, one block each, and how many of them moved a message on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Lane-steps that moved a message on.
    pub busy: u64,
    /// All lane-steps of the groups that ran, those of empty and ended lanes among them.
    pub offered: u64,
}

impl Occupancy {
    pub(super) const fn add(&mut self, busy: u64, offered: u64) {
        self.busy = self.busy.wrapping_add(busy);
        self.offered = self.offered.wrapping_add(offered);
    }

    /// Busy lanes ÷ lanes, averaged over steps; `None` if no lane ran.
    #[must_use]
    pub fn ratio(self) -> Option<f64> {
        (self.offered > 0).then(|| self.busy as f64 / self.offered as f64)
    }
}
