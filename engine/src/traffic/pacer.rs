//! When messages depart: intended times at a link's rate, and a clock to wait for them by.
//!
//! Intended times depend on the rate and on what was sent, never on when a message was really done. A sender that falls
//! behind therefore sees its delay grow, and a latency counted from the intended time contains all waiting.

use std::num::NonZeroU64;

use super::Arrival;
use super::arrival::Rhythm;

/// A monotonic clock, in nanoseconds from any origin.
pub trait Clock {
    /// Now.
    fn now(&self) -> u64;
}

/// The intended departures of a stream of messages over one link.
#[derive(Debug, Clone)]
pub struct Schedule {
    start: u64,
    /// Apart from `start`, since a sum of both would round every departure to the clock's magnitude.
    elapsed: f64,
    ns_per_byte: f64,
    rhythm: Rhythm,
}

impl Schedule {
    /// A link of `rate` bits per second whose first message departs at `start`, in nanoseconds of the clock; `seed`
    /// gives the gaps of an arrival that leaves them to chance.
    #[must_use]
    pub fn new(rate: NonZeroU64, start: u64, arrival: Arrival, seed: u64) -> Self {
        let rhythm = Rhythm::new(arrival, seed);
        Self { start, elapsed: 0.0, ns_per_byte: 8e9 / rate.get() as f64, rhythm }
    }

    /// When the next message departs.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.start.saturating_add(self.elapsed as u64)
    }

    /// Sends a message that takes `wire_bytes` of the link, and says when it departs.
    #[inline]
    pub fn depart(&mut self, wire_bytes: f64) -> u64 {
        let departure = self.next();
        self.elapsed += self.rhythm.gap(wire_bytes * self.ns_per_byte);
        departure
    }
}

/// Waits for departures by spinning, since no sleep is exact to a microsecond.
#[derive(Debug)]
pub struct Pacer<C> {
    clock: C,
    schedule: Schedule,
}

impl<C: Clock> Pacer<C> {
    /// Paces by this clock.
    pub const fn new(clock: C, schedule: Schedule) -> Self {
        Self { clock, schedule }
    }

    /// The schedule.
    pub const fn schedule(&mut self) -> &mut Schedule {
        &mut self.schedule
    }

    /// Waits until the next message is due or `until` has come, and says what the clock then read.
    pub fn wait(&self, until: u64) -> u64 {
        let due = self.schedule.next().min(until);
        loop {
            let now = self.clock.now();
            if now >= due {
                return now;
            }
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A clock that goes on by 100 ns whenever it is read.
    struct Ticking(Cell<u64>);

    impl Clock for &Ticking {
        fn now(&self) -> u64 {
            self.0.set(self.0.get() + 100);
            self.0.get()
        }
    }

    fn ten_gbe() -> Schedule {
        schedule(Arrival::Paced, 1_000)
    }

    fn schedule(arrival: Arrival, start: u64) -> Schedule {
        Schedule::new(NonZeroU64::new(10_000_000_000).unwrap(), start, arrival, 5)
    }

    #[test]
    fn departures_are_a_frame_time_apart() {
        let mut schedule = ten_gbe();
        assert_eq!([1538.0, 1538.0, 222.0].map(|bytes| schedule.depart(bytes)), [1_000, 2_230, 3_460]);
        assert_eq!(schedule.next(), 3_638);
    }

    #[test]
    fn millions_of_departures_add_up_to_the_links_rate() {
        let years_since_the_clocks_origin = 1 << 58;
        let mut schedule = schedule(Arrival::Paced, years_since_the_clocks_origin);
        for _ in 0..5_630_631 {
            schedule.depart(222.0);
        }
        let second = schedule.next() - years_since_the_clocks_origin;
        assert!(second.abs_diff(1_000_000_000) < 200, "{second}");
    }

    #[test]
    fn intended_times_never_slip_when_the_sender_is_late() {
        for arrival in ["paced", "poisson", "burst:4"].map(|text| text.parse().unwrap()) {
            let clock = Ticking(Cell::new(0));
            let mut pacer = Pacer::new(&clock, schedule(arrival, 1_000));
            let mut undisturbed = schedule(arrival, 1_000);
            for _ in 0..10 {
                let woken = pacer.wait(u64::MAX);
                clock.0.set(woken + 50_000);
                assert_eq!(pacer.schedule().depart(1538.0), undisturbed.depart(1538.0));
            }
            let late = pacer.wait(u64::MAX) - pacer.schedule().next();
            assert!(late >= 450_000, "the delay of every stop is seen in the next departure: {late} ns");
        }
    }

    #[test]
    fn waiting_ends_when_the_message_is_due_or_the_window_closes() {
        let clock = Ticking(Cell::new(0));
        let pacer = Pacer::new(&clock, ten_gbe());
        assert_eq!(pacer.wait(450), 500);
        assert_eq!(pacer.wait(u64::MAX), 1_000);
    }
}
