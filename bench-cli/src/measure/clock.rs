//! What time it is, and how fast the core runs.

use std::hint::black_box;
use std::time::Instant;

use smbsign_engine::traffic;

/// The process's monotonic clock, as the system gives it.
///
/// A bare reading of the time stamp counter would cost half, and be wrong: the processor reads it while the signature
/// before it is still being computed, and a 128-byte CMAC then seems to take a quarter of its time. The system's clock
/// waits for what was begun.
#[derive(Debug, Clone)]
pub struct Clock {
    origin: Instant,
    cost: f64,
}

impl Clock {
    /// A clock that starts now, and knows what reading it costs.
    #[must_use]
    pub fn new() -> Self {
        let mut clock = Self { origin: Instant::now(), cost: 0.0 };
        clock.cost = clock.measured_cost();
        clock
    }

    /// What reading it takes, in nanoseconds: every busy interval holds one reading, which is no work.
    #[inline]
    #[must_use]
    pub const fn cost(&self) -> f64 {
        self.cost
    }

    /// A moment of the system's clock as this one reads it.
    #[inline]
    #[must_use]
    pub fn at(&self, moment: Instant) -> u64 {
        moment.saturating_duration_since(self.origin).as_nanos() as u64
    }

    fn measured_cost(&self) -> f64 {
        const READINGS: u32 = 2_000;
        let time = || {
            let start = self.now();
            for _ in 1..READINGS {
                black_box(self.now());
            }
            (self.now() - start) as f64 / f64::from(READINGS)
        };
        (0..9).map(|_| time()).fold(f64::INFINITY, f64::min)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl traffic::Clock for Clock {
    #[inline]
    fn now(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }
}

use traffic::Clock as _;

/// The core's clock in GHz, by a chain of additions of which each needs the one before.
///
/// Time stamp counters tick at a rate of their own, and virtual machines have no cycle counters. An addition and an
/// exclusive or take a cycle each on every core of the last twenty years; both operands come from registers, since
/// some cores fold additions of constants away.
#[must_use]
pub fn core_clock_ghz(clock: &Clock) -> f64 {
    const STEPS: u32 = 16_384;
    const UNROLLED: u32 = 8;
    const CYCLES_PER_STEP: u32 = 2;
    let chain = || {
        let (mut value, addend, mask) =
            black_box((1_u64, 0x9e37_79b9_7f4a_7c15_u64, 0x5851_f42d_4c95_7f2d_u64));
        let start = clock.now();
        for _ in 0..STEPS / UNROLLED {
            for _ in 0..UNROLLED {
                value = value.wrapping_add(addend) ^ mask;
            }
        }
        black_box(value);
        clock.now() - start
    };
    // Whatever disturbs a chain makes it longer.
    let shortest = (0..7).map(|_| chain()).min().unwrap_or(0).max(1);
    f64::from(STEPS * CYCLES_PER_STEP) / (shortest as f64 - clock.cost()).max(1.0)
}

/// A fixed piece of work that keeps the core's units and its first caches busy, in nanoseconds: the machine probe.
///
/// What the neighbours of a virtual machine take away shows here; the same code beside every trial tells a slow
/// algorithm from a slow moment.
#[must_use]
pub fn machine_probe_ns(clock: &Clock) -> u64 {
    const WORDS: usize = 4096;
    const PASSES: usize = 24;
    let words: Vec<u64> = (0..WORDS as u64).map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let pass = || {
        let start = clock.now();
        let mut sums = [0_u64; 4];
        for _ in 0..PASSES {
            for group in black_box(words.as_slice()).as_chunks::<4>().0 {
                for (sum, word) in sums.iter_mut().zip(group) {
                    *sum = (*sum ^ word).wrapping_mul(0x0000_0100_0000_01b3);
                }
            }
        }
        black_box(sums);
        clock.now() - start
    };
    // The shortest of a few: an interrupt is no slow machine.
    (0..5).map(|_| pass()).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back() {
        let clock = Clock::new();
        let readings: Vec<_> = (0..1000).map(|_| clock.now()).collect();
        assert!(readings.is_sorted());
    }

    #[test]
    fn the_core_clock_is_one_that_a_core_can_have() {
        let ghz = core_clock_ghz(&Clock::new());
        // Unoptimised builds run the chain slower than a cycle per operation.
        assert!(ghz > 0.01 && ghz < 10.0, "{ghz}");
    }
}
