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
    let mut sum = 0;
    let read = rate(&mut |message| sum ^= sum_of_streams(message));
    black_box(sum);
    let longest = messages.clone().map(<[u8]>::len).max().unwrap_or(0);
    let mut transmit = TransmitBuffer::new(longest);
    let copy = rate(&mut |message| transmit.take(message, FramePlace::Opens));
    black_box(transmit.last());
    Some(MemoryRates { read, copy })
}

/// Adds a message up from four places at once, since one stream leaves memory idle at the end of each page.
fn sum_of_streams(message: &[u8]) -> u64 {
    let words = message.as_chunks::<8>().0;
    let (front, back) = words.split_at(words.len() / 2);
    let ((one, two), (three, four)) = (front.split_at(front.len() / 2), back.split_at(back.len() / 2));
    let value = |word: &[u8; 8]| u64::from_ne_bytes(*word);
    let streams = one.iter().zip(two).zip(three.iter().zip(four));
    streams.fold(0, |sum: u64, ((one, two), (three, four))| {
        sum.wrapping_add(value(one) ^ value(two) ^ value(three) ^ value(four))
    })
}
