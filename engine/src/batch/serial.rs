//! Messages whose algorithm fills the core with one message: AES-GMAC, and what the portable backend leaves to crates.

use core::slice;

use arrayvec::ArrayVec;
use zeroize::Zeroize;

use super::gmac_queue::GmacQueue;
use super::job::{Job, admit};
use super::message::Message;
use super::scheduler::Source;
use crate::kernels::Backend;
use crate::kernels::gmac::{self, Ending, GmacKey, LAST_GROUP_BYTES, Progress, TOGETHER, Unit, Width};
use crate::mac::Tag;
use crate::protocol::Nonce;

/// Messages that are taken in together.
const WINDOW: usize = 64;
/// Messages up to so many bytes go first.
const SHORT_BYTES: usize = 64 << 10;
/// The most bytes of a long AES-GMAC message that run at once, so that what comes meanwhile does not wait long.
const SLICE_BYTES: usize = 1 << 20;

/// Memory to work in, kept from run to run: what each of the messages that run together needs.
pub(super) struct SerialRoom {
    together: [Place; TOGETHER],
    /// How far the first long message has come.
    long: Progress,
}

#[derive(Clone, Copy)]
struct Place {
    progress: Progress,
    last_group: [u8; LAST_GROUP_BYTES],
}

impl SerialRoom {
    pub(super) fn new() -> Box<Self> {
        let place = Place { progress: Progress::START, last_group: [0; _] };
        Box::new(Self { together: [place; _], long: Progress::START })
    }
}

impl Drop for SerialRoom {
    fn drop(&mut self) {
        self.together.iter_mut().for_each(|place| place.last_group.zeroize());
    }
}

/// Messages that run one by one, or a few of AES-GMAC together.
pub(super) struct Serial<'m, 'd, 'r> {
    /// Of the backend's AES-GMAC kernel, if it has one.
    width: Option<Width>,
    /// Messages under AES-GMAC in one piece.
    whole: Option<GmacQueue<'m, 'd>>,
    /// Those in several.
    scattered: ArrayVec<Gmac<'m, 'd>, WINDOW>,
    /// Of each scattered message the header as the MAC covers it. Headers are copied long before they are read: what was
    /// just written in parts cannot be read as a whole before all parts have arrived.
    headers: ArrayVec<Unit, WINDOW>,
    short: ArrayVec<Job<'m, 'd>, WINDOW>,
    long: ArrayVec<Job<'m, 'd>, WINDOW>,
    room: &'r mut SerialRoom,
}

/// A message under AES-GMAC.
struct Gmac<'m, 'd> {
    job: Job<'m, 'd>,
    key: &'d GmacKey,
    nonce: Nonce,
}

impl<'m, 'd, 'r> Serial<'m, 'd, 'r> {
    #[inline(always)]
    pub(super) fn new(backend: Backend, room: &'r mut SerialRoom) -> Self {
        room.long = Progress::START;
        Self {
            width: Width::of(backend),
            whole: GmacQueue::of(backend),
            scattered: ArrayVec::new(),
            headers: ArrayVec::new(),
            short: ArrayVec::new(),
            long: ArrayVec::new(),
            room,
        }
    }

    /// How many more jobs can be taken in.
    pub(super) fn space(&self) -> usize {
        self.scattered
            .remaining_capacity()
            .min(self.short.remaining_capacity())
            .min(self.long.remaining_capacity())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.whole.as_ref().is_none_or(GmacQueue::is_empty)
            && self.scattered.is_empty()
            && self.short.is_empty()
            && self.long.is_empty()
    }

    /// Takes messages in, at least the first, and gives one back that has yet to be taken in; there must be room.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        first: &'m mut Message<'d>,
        rest: &mut impl Iterator<Item = &'m mut Message<'d>>,
        source: &mut impl Source<'m, 'd>,
    ) -> Option<&'m mut Message<'d>> {
        let first_algorithm = first.key.algorithm();
        let message = match &mut self.whole {
            Some(queue) if GmacKey::of(first.key).is_some() => {
                queue.take(SHORT_BYTES, first, rest, source)?
            }
            _ => first,
        };
        if message.key.algorithm() != first_algorithm {
            return Some(message);
        }
        match admit(message.key.algorithm(), message) {
            Ok(job) => self.take_job(job),
            Err(message) => source.hand_back(message),
        }
        rest.next()
    }

    #[inline(always)]
    fn take_job(&mut self, job: Job<'m, 'd>) {
        if job.bytes() > SHORT_BYTES {
            self.long.push(job);
        } else if let (Some(_), Some(gmac)) = (self.width, Gmac::of(&job)) {
            let (key, header, nonce) = gmac;
            key.prefetch(job.bytes());
            self.headers.push(*header);
            if let Some(header) = self.headers.last_mut() {
                job.cover(header);
            }
            self.scattered.push(Gmac { job, key, nonce });
        } else {
            self.short.push(job);
        }
    }

    /// Runs all short messages, and a long one or a slice of it.
    #[inline(always)]
    pub(super) fn turn(&mut self, source: &mut impl Source<'m, 'd>) {
        if let Some(queue) = &mut self.whole {
            queue.turn(source);
        }
        if let Some(width) = self.width {
            while !self.scattered.is_empty() {
                let first = (self.scattered.len() - 1) / TOGETHER * TOGETHER;
                let (gmacs, headers) = (self.scattered.split_at(first).1, self.headers.split_at(first).1);
                let tags = tags(width, gmacs, headers, &mut self.room.together);
                for tag in tags.split_at(gmacs.len()).0.iter().rev() {
                    if let Some(gmac) = self.scattered.pop() {
                        source.hand_back(gmac.job.settle(&Tag::from_bytes(*tag)));
                    }
                }
            }
            self.headers.clear();
        }
        for job in self.short.drain(..) {
            let tag = job.tag_alone();
            source.hand_back(job.settle(&tag));
        }
        if let Some(tag) = self.long.first().and_then(|job| long_tag(self.width, job, self.room)) {
            self.room.long = Progress::START;
            source.hand_back(self.long.remove(0).settle(&tag));
        }
    }
}

impl<'d> Gmac<'_, 'd> {
    /// What AES-GMAC's kernel takes of a message, if it is for that: the key, the header as it stands there, the nonce.
    #[inline(always)]
    fn of<'j>(job: &'j Job<'_, 'd>) -> Option<(&'d GmacKey, &'j Unit, Nonce)> {
        let key = GmacKey::of(job.key())?;
        let (header, _) = job.smb2()?;
        Some((key, header, job.nonce()))
    }
}

/// The tags of up to four messages.
#[inline(always)]
fn tags(
    width: Width,
    gmacs: &[Gmac<'_, '_>],
    headers: &[Unit],
    room: &mut [Place; TOGETHER],
) -> [[u8; 16]; TOGETHER] {
    let [first, ..] = gmacs else { return [[0; 16]; TOGETHER] };
    // Filled in where they stay: a copy of what was just written in parts waits for the parts to arrive.
    let mut endings = [Ending::of_nothing(first.key, first.nonce.as_bytes()); TOGETHER];
    for (ending, ((gmac, header), place)) in endings.iter_mut().zip(gmacs.iter().zip(headers).zip(room)) {
        let Gmac { job, key, nonce } = gmac;
        (ending.key, ending.nonce, ending.bytes) = (key, nonce.as_bytes(), job.bytes());
        match job.smb2() {
            Some((_, rest)) if job.bytes() == header.len() + rest.len() => {
                (ending.units, ending.rest) = (slice::from_ref(header), rest);
            }
            _ => {
                place.progress = Progress::START;
                prepare(width, job, header, place, ending);
            }
        }
    }
    gmac::tags(width, &endings)
}

type Segments<'a> = ArrayVec<&'a [u8], { 2 + Message::BODY_SLICES }>;

fn segments<'a>(job: &'a Job<'_, '_>, header: &'a Unit) -> Segments<'a> {
    let mut segments = Segments::new_const();
    segments.push(header);
    segments.push(job.head());
    segments.extend(job.body());
    segments
}

/// Moves a message on to its last group, and lays that out.
fn prepare<'a>(
    width: Width,
    job: &'a Job<'_, '_>,
    header: &'a Unit,
    place: &'a mut Place,
    ending: &mut Ending<'a>,
) {
    let Place { progress, last_group } = place;
    let segments = segments(job, header);
    ending.key.advance(width, progress, &segments, gmac::before_last(job.bytes()));
    ending.progress = progress;
    (ending.units, ending.rest) = gmac::last_group(segments.iter().copied(), progress.bytes(), last_group);
}

/// A long message's tag, once it has come to its end.
fn long_tag(width: Option<Width>, job: &Job<'_, '_>, room: &mut SerialRoom) -> Option<Tag> {
    let (Some(width), Some((key, header, nonce))) = (width, Gmac::of(job)) else {
        return Some(job.tag_alone());
    };
    let mut header = *header;
    job.cover(&mut header);
    let [place, ..] = &mut room.together;
    place.progress = room.long;
    let until = gmac::before_last(place.progress.bytes() + SLICE_BYTES);
    if until < gmac::before_last(job.bytes()) {
        key.advance(width, &mut place.progress, &segments(job, &header), until);
        room.long = place.progress;
        return None;
    }
    let nothing = Ending::of_nothing(key, nonce.as_bytes());
    let mut endings = [nothing; TOGETHER];
    let [ending, ..] = &mut endings;
    ending.bytes = job.bytes();
    prepare(width, job, &header, place, ending);
    let [tag, ..] = gmac::tags(width, &endings);
    Some(Tag::from_bytes(tag))
}
