//! Messages under AES-GMAC in one piece: taken in one by one, finished four by four a little later.
//!
//! What was asked for of a message has come by then, and the integer instructions that take one message in run beside the
//! multiplications of another.

use core::mem;

use arrayvec::ArrayVec;

use super::job::{plain_opening, settle};
use super::message::Message;
use super::scheduler::Source;
use crate::kernels::gmac::{GmacKey, TOGETHER, Width, counter_block};
use crate::kernels::gmac_whole::{self, Cover, InOnePiece, Whole};
use crate::kernels::{Backend, Work};
use crate::mac::Tag;
use crate::protocol::{Opening, SigningAlgorithm};

/// Groups of messages that wait: a full one runs when all others have been filled after it. What was asked for of more would
/// leave L1 again before it is used; keys that lie in memory would come too late for fewer.
const GROUPS: usize = 4;

const ALGORITHM: SigningAlgorithm = SigningAlgorithm::AesGmac;

/// What the MAC takes of an SMB2 header.
const COVER: Cover = {
    let [kept, set] = Opening::SMB2_COVER;
    Cover { kept, set }
};

/// Messages in one piece that wait.
pub(super) struct GmacQueue<'m, 'd> {
    backend: Backend,
    width: Width,
    groups: [Group<'m, 'd>; GROUPS],
    /// Which group is being filled; the next one is the oldest.
    open: usize,
}

type Group<'m, 'd> = ArrayVec<Waiting<'m, 'd>, TOGETHER>;

struct Waiting<'m, 'd> {
    message: &'m mut Message<'d>,
    key: &'d GmacKey,
    counter: [u8; 16],
}

impl InOnePiece for Waiting<'_, '_> {
    #[inline(always)]
    fn whole(&self) -> Whole<'_> {
        Whole { key: self.key, counter: &self.counter, message: self.message.head }
    }

    #[inline(always)]
    fn settle(&mut self, tag: [u8; 16]) {
        settle(ALGORITHM, self.message, &Tag::from_bytes(tag));
    }
}

impl<'m, 'd> GmacQueue<'m, 'd> {
    /// For backends that have a kernel.
    #[inline(always)]
    pub(super) fn of(backend: Backend) -> Option<Self> {
        let width = Width::of(backend)?;
        Some(Self { backend, width, groups: [const { ArrayVec::new_const() }; _], open: 0 })
    }

    /// Whether no message waits.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.groups.iter().all(ArrayVec::is_empty)
    }

    /// Takes messages in, the first and those that follow, and gives the first back that is not for this queue: it is of another
    /// algorithm, in several pieces, longer than `most`, or can be neither signed nor verified.
    pub(super) fn take(
        &mut self,
        most: usize,
        first: &'m mut Message<'d>,
        rest: &mut impl Iterator<Item = &'m mut Message<'d>>,
        source: &mut impl Source<'m, 'd>,
    ) -> Option<&'m mut Message<'d>> {
        self.backend.compiled(Take { queue: self, most, first, rest, source })
    }

    /// Finishes all messages.
    #[inline(always)]
    pub(super) fn turn(&mut self, source: &mut impl Source<'m, 'd>) {
        if !self.is_empty() {
            self.backend.compiled(Finish { queue: self, source });
        }
    }

    #[inline(always)]
    fn finish(&mut self, place: usize, source: &mut impl Source<'m, 'd>) {
        let group = &mut self.groups[place % GROUPS];
        gmac_whole::settle(self.width, &COVER, group);
        match mem::take(group).into_inner() {
            Ok(full) => full.into_iter().for_each(|Waiting { message, .. }| source.hand_back(message)),
            Err(few) => few.into_iter().for_each(|Waiting { message, .. }| source.hand_back(message)),
        }
    }
}

/// [`GmacQueue::take`], as work that is compiled for its backend.
struct Take<'q, 'm, 'd, I, S> {
    queue: &'q mut GmacQueue<'m, 'd>,
    most: usize,
    first: &'m mut Message<'d>,
    rest: &'q mut I,
    source: &'q mut S,
}

impl<'m, 'd, I, S> Work for Take<'_, 'm, 'd, I, S>
where
    I: Iterator<Item = &'m mut Message<'d>>,
    S: Source<'m, 'd>,
{
    type Yield = Option<&'m mut Message<'d>>;

    #[inline(always)]
    fn run(self) -> Self::Yield {
        let Self { queue, most, first, rest, source } = self;
        let mut message = first;
        loop {
            let group = &mut queue.groups[queue.open % GROUPS];
            while !group.is_full() {
                let Some(key) = GmacKey::of(message.key) else { return Some(message) };
                let Some(opening) = plain_opening(ALGORITHM, message, most) else { return Some(message) };
                key.prefetch(message.head.len());
                let counter = counter_block(opening.nonce(message.head).as_bytes());
                group.push(Waiting { message, key, counter });
                message = rest.next()?;
            }
            queue.open += 1;
            queue.finish(queue.open, source);
        }
    }
}

/// [`GmacQueue::turn`], as work that is compiled for its backend.
struct Finish<'q, 'm, 'd, S> {
    queue: &'q mut GmacQueue<'m, 'd>,
    source: &'q mut S,
}

impl<'m, 'd, S: Source<'m, 'd>> Work for Finish<'_, 'm, 'd, S> {
    type Yield = ();

    #[inline(always)]
    fn run(self) {
        let Self { queue, source } = self;
        for place in 1..=GROUPS {
            queue.finish(queue.open + place, source);
        }
    }
}
