//! All cores at once, for bulk work.

use std::cell::Cell;

use rayon::prelude::*;

use super::message::Message;
use super::scheduler::LaneScheduler;
use crate::kernels::Backend;

/// The most messages that one core takes at a time: enough to fill every lane several times.
const MOST: usize = 512;
/// Parts for each core, so that one whose messages are short need not wait for the others,
const PARTS: usize = 4;
/// unless too few would be left to fill the lanes of a vector.
const LANES: usize = 16;

thread_local! {
    /// Memory that takes longer to come by than hundreds of messages take.
    static KEPT: Cell<Option<Box<LaneScheduler>>> = const { Cell::new(None) };
}

/// Runs all messages on all cores of rayon's current pool; each message's outcome tells what became of it. Each thread of the
/// pool keeps the memory that it works in for the next time.
pub fn process(messages: &mut [Message<'_>], backend: Backend) {
    // Of a few long messages, too, each core gets its share.
    let share = messages.len().div_ceil(rayon::current_num_threads()).max(1);
    let part = share.div_ceil(PARTS).clamp(LANES, MOST).min(share);
    messages.par_chunks_mut(part).for_each(|part| {
        let kept = KEPT.take().filter(|kept| kept.backend() == backend);
        let mut scheduler = kept.unwrap_or_else(|| Box::new(LaneScheduler::new(backend)));
        scheduler.run(&mut part.iter_mut());
        KEPT.set(Some(scheduler));
    });
}
