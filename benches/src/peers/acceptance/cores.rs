//! Where threads run.

use std::panic::resume_unwind;
use std::thread;

use core_affinity::CoreId;
use smbsign::measure::clock::Clock;

use super::super::shot::{Shot, WrongTag};
use super::sides::Side;

/// The first two cores that this process may use.
pub(super) fn two_cores() -> Option<[usize; 2]> {
    let cores = core_affinity::get_core_ids()?;
    Some([cores.first()?.id, cores.get(1)?.id])
}

/// Keeps this thread on one core.
pub(super) fn stay_on(core: usize) {
    core_affinity::set_for_current(CoreId { id: core });
}

/// Does something on a thread of its own that stays on one core.
pub(super) fn on_core<T: Send>(core: usize, deed: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(move || {
            stay_on(core);
            deed()
        });
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// A side that is measured on one core.
pub(super) struct OnCore<S> {
    pub(super) core: usize,
    pub(super) side: S,
}

impl<S: Side + Send> Side for OnCore<S> {
    fn shoot(&mut self, clock: &Clock) -> Result<Shot, WrongTag> {
        let Self { core, side } = self;
        on_core(*core, || side.shoot(clock))
    }
}
