//! All cores at once, for bulk work.

use rayon::prelude::*;

use super::message::Message;
use super::scheduler::LaneScheduler;
use crate::kernels::Backend;

/// Messages that one core takes at a time: enough to fill every lane several times.
const CHUNK: usize = 512;

/// Runs all messages on all cores of rayon's current pool; each message's outcome tells what became of it.
pub fn process(messages: &mut [Message<'_>], backend: Backend) {
    messages.par_chunks_mut(CHUNK).for_each_init(
        || LaneScheduler::new(backend),
        |scheduler, chunk| scheduler.run(&mut chunk.iter_mut()),
    );
}
