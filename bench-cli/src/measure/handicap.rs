//! A delay of known size, for experiments on whether a slowdown is found. Only in builds with the feature `handicap`.
//!
//! `SMBSIGN_HANDICAP=aes-128-cmac:6%` makes each busy interval of the cells of that protection 6 % longer: the worker
//! spins behind its work until that much time has passed. What a reading of the clock overshoots is taken off the next
//! interval, so that busy time as a whole grows by the share that was asked for.

use std::str::FromStr;
use std::{env, fmt};

use smbsign_engine::traffic;

use crate::record::Protection;

/// A protection, and by which share of its busy time its cells are delayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Handicap {
    protection: Protection,
    share: f64,
}

/// A text that is no handicap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {text:?}, which is no protection and share, as aes-128-cmac:6%", name = Handicap::VARIABLE)]
pub struct InvalidHandicap {
    text: String,
}

impl fmt::Display for Handicap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}%", self.protection, self.share * 100.0)
    }
}

impl FromStr for Handicap {
    type Err = InvalidHandicap;

    fn from_str(text: &str) -> Result<Self, InvalidHandicap> {
        let parse = || {
            let (protection, share) = text.split_once(':')?;
            let percent: f64 = share.strip_suffix('%')?.parse().ok()?;
            let share = percent / 100.0;
            (share > 0.0 && share.is_finite()).then_some(Self { protection: protection.parse().ok()?, share })
        };
        parse().ok_or_else(|| InvalidHandicap { text: text.to_owned() })
    }
}

impl Handicap {
    /// The environment variable that asks for it.
    pub const VARIABLE: &str = "SMBSIGN_HANDICAP";

    /// What the environment asks for.
    ///
    /// # Errors
    ///
    /// The variable is set to something else.
    pub fn from_environment() -> Result<Option<Self>, InvalidHandicap> {
        match env::var_os(Self::VARIABLE) {
            None => Ok(None),
            Some(text) if text.is_empty() => Ok(None),
            Some(text) => text.to_string_lossy().parse().map(Some),
        }
    }

    /// The delay of a worker of this protection.
    pub(super) fn delay(self, protection: Protection) -> Option<Delay> {
        (self.protection == protection).then_some(Delay { share: self.share, owed_ns: 0.0 })
    }
}

/// A worker's delay.
#[derive(Debug)]
pub(super) struct Delay {
    share: f64,
    owed_ns: f64,
}

impl Delay {
    /// Waits behind a busy time that ended at `ended`, and gives the moment when that is over.
    pub(super) fn lengthen(&mut self, busy_ns: f64, ended: u64, clock: &impl traffic::Clock) -> u64 {
        self.owed_ns += busy_ns * self.share;
        let mut now = ended;
        while ((now - ended) as f64) < self.owed_ns {
            now = clock.now();
        }
        self.owed_ns -= (now - ended) as f64;
        now
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A clock that goes on by 23 ns whenever it is read.
    struct Ticking(Cell<u64>);

    impl traffic::Clock for Ticking {
        fn now(&self) -> u64 {
            self.0.set(self.0.get() + 23);
            self.0.get()
        }
    }

    #[test]
    fn busy_time_grows_by_the_share_however_short_its_intervals() {
        use traffic::Clock as _;
        let clock = Ticking(Cell::new(0));
        let cmac: Protection = "aes-128-cmac".parse().unwrap();
        let mut delay = "aes-128-cmac:6%".parse::<Handicap>().unwrap().delay(cmac).unwrap();
        let (mut work, mut delayed) = (0, 0);
        for busy in [40, 1000, 13_001, 77].into_iter().cycle().take(400) {
            let ended = clock.now();
            work += busy;
            delayed += busy + delay.lengthen(busy as f64, ended, &clock) - ended;
        }
        let grown = delayed as f64 / work as f64;
        assert!((grown - 1.06).abs() < 1e-4, "{grown}");
    }

    #[test]
    fn other_protections_and_other_texts_have_no_delay() {
        let handicap: Handicap = "aes-128-cmac:6%".parse().unwrap();
        assert!(handicap.delay(Protection::Unsigned).is_none());
        for text in ["", "6%", "aes-128-cmac", "aes-128-cmac:6", "aes-128-cmac:-6%", "rot13:6%", "none:inf%"]
        {
            assert!(text.parse::<Handicap>().is_err(), "{text}");
        }
    }
}
