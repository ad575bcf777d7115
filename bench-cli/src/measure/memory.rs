//! What the memory of a set allows: one thread reads its messages, and copies them, in the order of play.
//!
//! No signature is faster than the reading of what it covers. Both rates are measured beside each trial of a set that lies in
//! no cache, on the thread that transmits, while nothing else of ours runs.

use std::hint::black_box;

use smbsign_engine::traffic::{Clock as _, FramePlace};

use super::clock::Clock;
use super::plan::Plan;
use super::transmit::TransmitBuffer;

/// Bytes per nanosecond, which is 10⁹ bytes per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MemoryRates {
    pub(super) read: f64,
    /// Into a transmit buffer, which stays in the cache.
    pub(super) copy: f64,
}

/// A set of this size lies in no cache.
const COLD: usize = 64 << 20;

/// The rates of a set's messages; none where they may lie in a cache.
pub(super) fn rates<'a>(
    plan: &Plan,
    clock: &Clock,
    messages: &(impl Iterator<Item = &'a [u8]> + Clone),
) -> Option<MemoryRates> {
    plan.settings.set_bytes.filter(|bytes| *bytes >= COLD)?;
    let bytes: usize = messages.clone().map(<[u8]>::len).sum();
    let rate = |work: &mut dyn FnMut(&[u8])| {
        let began = clock.now();
        messages.clone().for_each(work);
        bytes as f64 / (clock.now() - began).max(1) as f64
    };
    let mut sum = 0_u64;
    let read = rate(&mut |message| {
        let words = message.as_chunks::<8>().0.iter();
        sum = words.fold(sum, |sum, word| sum.wrapping_add(u64::from_ne_bytes(*word)));
    });
    black_box(sum);
    let longest = messages.clone().map(<[u8]>::len).max().unwrap_or(0);
    let mut transmit = TransmitBuffer::new(longest);
    let copy = rate(&mut |message| transmit.take(message, FramePlace::Opens));
    black_box(transmit.last());
    Some(MemoryRates { read, copy })
}
