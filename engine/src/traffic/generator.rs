//! Hands out message after message, each with fresh numbers, from buffers that were all made beforehand.

use std::num::NonZeroUsize;
use std::ops::Range;

use super::series::{Outgoing, Series};
use super::template::Signing;
use super::{Envelope, Profile, Wire};
use crate::protocol::smb2;

/// How a generator plays a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GeneratorConfig {
    /// Sessions, each on a connection of its own; `None` for as many as there are turns in the set, so that in a bulk
    /// profile every buffer's messages have a key of their own, but not more than 4096.
    pub sessions: Option<usize>,
    /// Requests that a session has in flight: so many bulk messages, or passes of any other profile, follow one another
    /// before the next session's turn; `None` for one.
    pub outstanding: Option<NonZeroUsize>,
    /// Bytes of message buffers at least; a profile is never cut.
    pub set_bytes: usize,
    /// In which order of addresses the set's passes are played.
    pub order: SetOrder,
    /// Which wire the messages' byte times are for.
    pub wire: Wire,
    /// What stands around their frames.
    pub envelope: Envelope,
    /// What file data is made from, and SessionIds: generators of different seeds share none.
    pub seed: u64,
}

/// How the buffers of a set follow each other in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SetOrder {
    /// In the order in which they are played.
    #[default]
    Ascending,
    /// Pass by pass at random, the same for the same seed: a prefetcher that guesses the next buffer guesses wrong.
    Shuffled,
}

/// All messages of one frame, after the last of them was handed out.
#[derive(Debug, Clone, Copy)]
pub struct FinishedFrame<'a> {
    /// From the first protocol id to the end: a compound chain whole.
    pub bytes: &'a [u8],
    /// Which session sends it.
    pub session: usize,
    /// Whether a signing session signs its first message.
    pub signing: Signing,
    /// Its place in the set, below [`Generator::buffers`], and always the same.
    pub place: usize,
}

/// The source of a measurement's messages. After [`Generator::new`] it allocates nothing.
#[derive(Debug, Clone)]
pub struct Generator {
    bytes: Vec<u8>,
    /// Where each pass begins, in the order of play.
    passes: Vec<usize>,
    series: Series,
}

/// Buffers begin at cache lines, and not all at the same offset of a page: those would share one set of the L1 cache.
const CACHE_LINE: usize = 64;
const PAGE: usize = 4096;

/// Where each message of a pass begins, and the bytes of a pass. The members of a compound chain lie one behind the
/// other, as they do on the wire.
fn layout(profile: &Profile) -> (Vec<usize>, usize) {
    let mut starts = Vec::with_capacity(profile.messages.len());
    let (mut frame_start, mut end) = (0, 0);
    for (at, template) in profile.messages.iter().enumerate() {
        starts.push(end);
        end += template.bytes.len();
        if profile.closes_frame(at) {
            let mut stride = (end - frame_start).next_multiple_of(CACHE_LINE);
            if stride.is_multiple_of(PAGE) {
                stride += CACHE_LINE;
            }
            end = frame_start + stride;
            frame_start = end;
        }
    }
    (starts, end)
}

impl Generator {
    /// Makes every buffer of the set and paints the file data.
    #[must_use]
    pub fn new(profile: &Profile, config: GeneratorConfig) -> Self {
        let count = config.set_bytes.div_ceil(profile.message_bytes().max(1)).max(1);
        let mut random = fastrand::Rng::with_seed(config.seed);
        let (starts, pass_bytes) = layout(profile);
        let mut passes: Vec<usize> = (0..count).map(|place| place * pass_bytes).collect();
        if config.order == SetOrder::Shuffled {
            random.shuffle(&mut passes);
        }
        let mut bytes = vec![0; count * pass_bytes];
        for &pass in &passes {
            for (template, start) in profile.messages.iter().zip(&starts) {
                let message = &mut bytes[pass + start..][..template.bytes.len()];
                message.copy_from_slice(&template.bytes);
                random.fill(&mut message[template.painted.clone()]);
            }
        }
        let series = Series::new(profile, config, &starts, count);
        Self { bytes, passes, series }
    }

    /// The next message, under numbers that its connection has never used. Sessions take turns.
    #[inline]
    pub fn next_message(&mut self) -> Outgoing<'_> {
        let buffer = self.buffer(self.series.next_place());
        self.series.next_message(&mut self.bytes[buffer])
    }

    /// The next message as it was sent last, numbers and signature included: what a receiver gets, again and again.
    #[inline]
    pub fn next_received(&mut self) -> Outgoing<'_> {
        let buffer = self.buffer(self.series.next_place());
        self.series.next_received(&mut self.bytes[buffer])
    }

    /// The message that was handed out last; before the first, the set's last one.
    pub fn last(&mut self) -> Outgoing<'_> {
        let place = self.series.last_place();
        let buffer = self.buffer(place);
        self.series.message(place, &mut self.bytes[buffer])
    }

    /// The frame of the message that was handed out last, if that was the frame's last message.
    #[inline]
    #[must_use]
    pub fn finished_frame(&self) -> Option<FinishedFrame<'_>> {
        let place = self.series.last_place();
        let (start, signing) = self.series.closed_frame(place)?;
        let end = self.buffer(place).end;
        let start = self.passes[self.series.pass(place)] + start;
        Some(FinishedFrame {
            bytes: &self.bytes[start..end],
            session: self.series.session(place),
            signing,
            place,
        })
    }

    /// All buffers at once, in the order of play, and apart from them what is written into each: for whoever has several
    /// messages under way. Both go on from where the generator stands.
    pub fn split(&mut self) -> (&mut Series, Vec<&mut [u8]>) {
        let places = self.series.places();
        let mut by_address: Vec<usize> = (0..places).collect();
        by_address.sort_unstable_by_key(|place| self.buffer(*place).start);
        let ranges: Vec<_> = by_address.iter().map(|place| self.buffer(*place)).collect();
        let mut buffers: Vec<&mut [u8]> = (0..places).map(|_| &mut [][..]).collect();
        let (mut rest, mut at) = (&mut self.bytes[..], 0);
        for (place, range) in by_address.into_iter().zip(ranges) {
            let (buffer, behind) = rest[range.start - at..].split_at_mut(range.len());
            buffers[place] = buffer;
            (rest, at) = (behind, range.end);
        }
        (&mut self.series, buffers)
    }

    #[inline]
    fn buffer(&self, place: usize) -> Range<usize> {
        let within = self.series.within_pass(place);
        let pass = self.passes[self.series.pass(place)];
        pass + within.start..pass + within.end
    }

    /// Starts again: the same messages with the same numbers follow, so that a warm-up uses no number twice for
    /// different bytes.
    pub fn rewind(&mut self) {
        self.series.rewind();
    }

    /// Sessions that send.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.series.sessions()
    }

    /// Message buffers in the set.
    #[must_use]
    pub fn buffers(&self) -> usize {
        self.series.places()
    }

    /// Bytes of message buffers.
    #[must_use]
    pub fn set_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Byte times on the wire per message.
    #[must_use]
    pub fn mean_wire_bytes(&self) -> f64 {
        self.series.mean_wire_bytes()
    }

    /// The SessionId that SMB2 messages of this session carry.
    #[must_use]
    pub const fn session_id(&self, session: usize) -> smb2::SessionId {
        self.series.session_id(session)
    }

    /// The UID that SMB1 messages of this session carry; sessions have connections of their own, so that UIDs may recur.
    #[must_use]
    pub const fn uid(session: usize) -> u16 {
        Series::uid(session)
    }
}
