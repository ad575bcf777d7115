//! Bursts of one round: their messages run together, and each gets its outcome.

use std::io::IoSlice;
use std::slice;

use super::burst::{Burst, Entry, Failure};
use super::fault::{Faults, Place};
use super::keys::KeyId;
use super::parcel::Parcel;
use super::stats::{Count, Tally};
use crate::batch::{LaneScheduler, Message, Occupancy, Outcome, Refusal, Source};
use crate::kernels::Backend;
use crate::mac::PreparedKey;

/// Runs the messages of bursts, and owns the memory that this takes.
pub(super) struct Round {
    lanes: LaneScheduler,
    /// Empty between rounds, as the two below: borrowed things live for one round, their room for all.
    messages: Vec<Message<'static>>,
    slices: Vec<IoSlice<'static>>,
    outcomes: Vec<&'static mut Result<Outcome, Failure>>,
    /// Which messages have bodies, and where each ends in `slices`.
    bodies: Vec<(usize, usize)>,
}

impl Round {
    /// For rounds of so many messages.
    pub(super) fn new(backend: Backend, messages: usize) -> Self {
        Self {
            lanes: LaneScheduler::new(backend),
            messages: Vec::with_capacity(messages),
            slices: Vec::with_capacity(messages * Message::BODY_SLICES),
            outcomes: Vec::with_capacity(messages),
            bodies: Vec::with_capacity(messages),
        }
    }

    /// Runs all messages of the bursts, and calls `between` again and again while there are long ones in the lanes.
    pub(super) fn run<'k, 'b, P: Parcel>(
        &mut self,
        bursts: impl Iterator<Item = &'b mut Burst<P>>,
        mut key: impl FnMut(KeyId) -> Option<&'k PreparedKey>,
        faults: &Faults,
        between: impl FnMut(),
    ) -> Tally {
        let Self { lanes, bodies, .. } = self;
        let mut tally = Tally::default();
        let mut messages: Vec<Message<'_>> = recycle(&mut self.messages);
        let mut slices: Vec<IoSlice<'_>> = recycle(&mut self.slices);
        let mut outcomes: Vec<&mut Result<Outcome, Failure>> = recycle(&mut self.outcomes);
        bodies.clear();
        for burst in bursts {
            tally.add(Count::Bursts, 1);
            messages.reserve(burst.len());
            outcomes.reserve(burst.len());
            for Entry { job, outcome } in burst.entries_mut() {
                let Some(key) = key(job.key) else {
                    *outcome = Err(Failure::UnknownKey);
                    tally.add(Count::Refused, 1);
                    continue;
                };
                let (head, body) = job.parcel.pieces();
                let start = slices.len();
                slices.extend(body.map(IoSlice::new));
                let pieces = slices.len() - start;
                if pieces > Message::BODY_SLICES {
                    *outcome = Ok(Outcome::Refused(Refusal::Scattered));
                    tally.add(Count::Refused, 1);
                    slices.truncate(start);
                    continue;
                }
                if pieces > 0 {
                    bodies.push((messages.len(), slices.len()));
                }
                let message = Message::whole(key, head, job.operation);
                push_within(&mut outcomes, outcome);
                push_within(&mut messages, Message { sequence: job.sequence, ..message });
            }
        }
        let mut start = 0;
        for (message, end) in bodies.drain(..) {
            if let Some(message) = messages.get_mut(message) {
                message.body = slices.get(start..end).unwrap_or_default();
            }
            start = end;
        }
        lanes.run(&mut Feed { messages: messages.iter_mut(), between, faults });
        let mut signed = 0;
        for (outcome, message) in outcomes.iter_mut().zip(&messages) {
            if message.outcome == Outcome::Signed {
                // What most come to, and the shortest to write.
                signed += 1;
                **outcome = Ok(Outcome::Signed);
            } else {
                tally.add(Count::from(&message.outcome), 1);
                **outcome = Ok(message.outcome);
            }
        }
        tally.add(Count::Signed, signed);
        self.messages = recycle(&mut messages);
        self.slices = recycle(&mut slices);
        self.outcomes = recycle(&mut outcomes);
        tally
    }

    /// How full the lanes were since the beginning.
    pub(super) const fn occupancy(&self) -> Occupancy {
        self.lanes.occupancy()
    }
}

impl From<&Outcome> for Count {
    #[inline]
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Signed => Self::Signed,
            Outcome::Verified => Self::Verified,
            Outcome::BadSignature => Self::BadSignatures,
            Outcome::NotSigned => Self::NotSigned,
            Outcome::Refused(_) => Self::Refused,
            Outcome::Waiting => Self::Failed,
        }
    }
}

/// The messages of a round.
struct Feed<'m, 'd, 'f, B> {
    messages: slice::IterMut<'m, Message<'d>>,
    between: B,
    faults: &'f Faults,
}

impl<'m, 'd, B: FnMut()> Source<'m, 'd> for Feed<'m, 'd, '_, B> {
    #[inline]
    fn pull(&mut self) -> Option<&'m mut Message<'d>> {
        let message = self.messages.next();
        if message.is_none() {
            (self.between)();
        }
        message
    }

    #[inline]
    fn hand_back(&mut self, _: &'m mut Message<'d>) {
        self.faults.pass(Place::MidGroup);
    }
}

/// Pushes where there is room. For a call that would make some, LLVM keeps all that a message is on the stack.
#[inline(always)]
fn push_within<T>(to: &mut Vec<T>, one: T) {
    assert!(to.len() < to.capacity(), "room for a burst");
    to.push(one);
}

/// The memory of an emptied vector, for elements of the same size that borrow from elsewhere.
fn recycle<A, B>(from: &mut Vec<A>) -> Vec<B> {
    from.clear();
    // Collected in place: the standard library keeps the allocation. `offload_allocation.rs` holds it to that.
    std::mem::take(from).into_iter().filter_map(|_| None).collect()
}
