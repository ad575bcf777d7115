//! Messages under AES-CMAC that are alike: in one piece, all of one length, all to be signed or all to be verified.
//!
//! As bursts of a client's requests are, and what benchmarks send. They need neither sorting nor a look at what the others of
//! their group are like: each is made ready as it comes, and a group runs as soon as it is full, where its messages lie.

use core::mem;

use arrayvec::ArrayVec;
use zeroize::Zeroize;

use super::job::settle;
use super::message::{Message, Operation, Outcome};
use super::occupancy::Occupancy;
use super::scheduler::Source;
use crate::kernels::cmac_group::{InOnePiece, InPlace, Schedules};
use crate::kernels::cmac_ni::{CmacKey, Ending};
use crate::kernels::{Backend, Work};
use crate::mac::Tag;
use crate::mac::chain::Chain;
use crate::protocol::{Generation, Mark, Opening, SequenceNumber, Signature, SigningAlgorithm};

const ALGORITHM: SigningAlgorithm = SigningAlgorithm::AesCmac;
const GENERATION: Generation = Generation::signed_with(ALGORITHM);
const LANES: usize = InPlace::LANES;

/// The block that the signature field is, under SMB2.
const SIGNATURE_BLOCK: usize = {
    assert!(Signature::FIELD.start.is_multiple_of(16) && Signature::FIELD.end == Signature::FIELD.start + 16);
    Signature::FIELD.start / 16
};

/// What messages that are alike have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Likeness {
    bytes: usize,
    deed: Deed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Sign,
    Verify,
}

impl Likeness {
    /// Of a message that can be one of many; `None` where it is too long or too short.
    #[inline(always)]
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let deed = match message.operation {
            Operation::Sign => Deed::Sign,
            Operation::Verify(_) => Deed::Verify,
        };
        let bytes = message.head.len();
        // The last block must not be the signature's.
        (Signature::FIELD.end + 1..=InPlace::MOST_BYTES).contains(&bytes).then_some(Self { bytes, deed })
    }

    /// Makes a message that is so what the kernel takes; `None` says nothing of others.
    #[inline(always)]
    fn prepare<'h>(self, message: &'h mut Message<'_>) -> Option<&'h [u8]> {
        let Message { ref mut head, body: [], operation, sequence, .. } = *message else { return None };
        // Else LLVM asks the message for its head again after each write to it.
        let head = &mut **head;
        if head.len() != self.bytes {
            return None;
        }
        match (self.deed, operation) {
            (Deed::Sign, Operation::Sign) => {
                Opening::signable(ALGORITHM, head, sequence)?;
                GENERATION.cover(Mark::Set, SequenceNumber(0), head);
            }
            // It must stay as it is: the kernel passes over its signature.
            (Deed::Verify, Operation::Verify(sender)) => {
                Opening::verifiable(ALGORITHM, sender, head, sequence)?;
            }
            _ => return None,
        }
        Some(head)
    }

    /// The block that counts as zero.
    const fn emptied(self) -> Option<usize> {
        match self.deed {
            Deed::Sign => None,
            Deed::Verify => Some(SIGNATURE_BLOCK),
        }
    }
}

/// The last blocks of messages that wait, as the chain takes them.
pub(super) struct AlikeRoom([[u8; 16]; LANES]);

impl AlikeRoom {
    pub(super) const fn new() -> Self {
        Self([[0; 16]; LANES])
    }

    /// Empties what may hold keys or messages.
    pub(super) fn wipe(&mut self) {
        self.0.zeroize();
    }

    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        self.0 == [[0; 16]; LANES]
    }
}

/// Messages that wait for their group to be full.
pub(super) struct AlikeQueue<'m, 'd, 'r> {
    backend: Backend,
    kernel: InPlace,
    /// What they are, and what those are that are expected.
    expected: Option<Likeness>,
    waiting: ArrayVec<Waiting<'m, 'd>, LANES>,
    /// Groups that ran since the last wipe.
    ran: usize,
    room: &'r mut AlikeRoom,
}

/// A message that the kernel can read.
struct Waiting<'m, 'd> {
    message: &'m mut Message<'d>,
    key: &'d CmacKey,
}

impl InOnePiece for Waiting<'_, '_> {
    #[inline(always)]
    fn key(&self) -> &CmacKey {
        self.key
    }

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        self.message.head
    }
}

/// Why no more messages were taken in.
pub(super) enum Halt<'m, 'd> {
    /// There are none.
    Dry,
    /// This one is not like the others, which may still wait.
    Unlike(&'m mut Message<'d>),
    /// This one is not of this algorithm.
    Other(&'m mut Message<'d>),
}

impl<'m, 'd, 'r> AlikeQueue<'m, 'd, 'r> {
    /// For backends that have a kernel.
    #[inline(always)]
    pub(super) fn of(backend: Backend, room: &'r mut AlikeRoom) -> Option<Self> {
        let kernel = InPlace::of(backend)?;
        Some(Self { backend, kernel, expected: None, waiting: ArrayVec::new(), ran: 0, room })
    }

    /// Whether no message waits.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Has such messages be expected from now on, and tells what others were before: those that wait must be given up then.
    #[inline(always)]
    pub(super) const fn expect(&mut self, likeness: Option<Likeness>) -> Option<Likeness> {
        mem::replace(&mut self.expected, likeness)
    }

    /// Takes messages in, the first and those that follow, as long as they are as expected.
    pub(super) fn take(
        &mut self,
        first: &'m mut Message<'d>,
        rest: &mut impl Iterator<Item = &'m mut Message<'d>>,
        schedules: &mut Schedules,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) -> Halt<'m, 'd> {
        self.backend.compiled(Take { queue: self, first, rest, schedules, occupancy, source })
    }

    /// Those that wait, of which none does any more. They can be taken in again, here or elsewhere.
    #[inline(always)]
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = &'m mut Message<'d>> {
        self.waiting.drain(..).map(|waiting| waiting.message)
    }

    /// Wipes what groups have left behind.
    #[inline(always)]
    pub(super) fn wipe(&mut self, schedules: &mut Schedules) {
        if mem::take(&mut self.ran) > 0 {
            schedules.zeroize();
            self.room.0 = [[0; 16]; LANES];
        }
    }

    /// Signs or judges a full group's messages, and hands them back.
    #[inline(always)]
    fn run(
        &mut self,
        schedules: &mut Schedules,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) {
        let (Some(likeness), Some(group)) = (self.expected, self.waiting.first_chunk()) else { return };
        self.ran += 1;
        let blocks = likeness.bytes.div_ceil(16);
        occupancy.add((LANES * blocks) as u64, (LANES * blocks) as u64);
        let before_last = blocks.saturating_sub(1);
        let tags = self.kernel.run(schedules, group, before_last, likeness.emptied(), &self.room.0);
        for (Waiting { message, .. }, tag) in self.waiting.drain(..).zip(tags) {
            source.hand_back(match likeness.deed {
                Deed::Sign => {
                    GENERATION.fill_in(&tag, message.head);
                    message.outcome = Outcome::Signed;
                    message
                }
                Deed::Verify => settle(ALGORITHM, message, &Tag::from_bytes(tag)),
            });
        }
    }
}

/// [`AlikeQueue::take`], as work that is compiled for its backend.
struct Take<'q, 'm, 'd, 'r, I, S> {
    queue: &'q mut AlikeQueue<'m, 'd, 'r>,
    first: &'m mut Message<'d>,
    rest: &'q mut I,
    schedules: &'q mut Schedules,
    occupancy: &'q mut Occupancy,
    source: &'q mut S,
}

impl<'m, 'd, I, S> Work for Take<'_, 'm, 'd, '_, I, S>
where
    I: Iterator<Item = &'m mut Message<'d>>,
    S: Source<'m, 'd>,
{
    type Yield = Halt<'m, 'd>;

    #[inline(always)]
    fn run(self) -> Halt<'m, 'd> {
        let Self { queue, first, rest, schedules, occupancy, source } = self;
        let Some(likeness) = queue.expected else { return Halt::Unlike(first) };
        let ending = *Ending::of(likeness.bytes);
        let mut next = Some(first);
        loop {
            let filled = queue.waiting.len();
            for place in queue.room.0.iter_mut().skip(filled) {
                let Some(message) = next else { return Halt::Dry };
                let Some(key) = CmacKey::of(message.key) else { return Halt::Other(message) };
                let Some(end) = likeness.prepare(message).and_then(<[u8]>::last_chunk) else {
                    return Halt::Unlike(message);
                };
                *place = key.last_block_of(&ending, end);
                queue.waiting.push(Waiting { message, key });
                next = rest.next();
            }
            queue.run(schedules, occupancy, source);
        }
    }
}
