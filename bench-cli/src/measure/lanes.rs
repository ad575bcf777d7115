//! All messages that are due at once, in the lanes of the engine's scheduler.
//!
//! A chunk is generated message by message, each into a buffer of its own, run, and over when its last message is: nothing
//! is left in the lanes between two chunks, so that a chunk's time is that of its messages and no others. A message is
//! transmitted as the scheduler hands it back, whatever the order; where a profile has compound chains, which leave as one
//! frame, all of the chunk follow in order at its end.

use core::slice;

use arrayvec::ArrayVec;
use smbsign_engine::batch::{LaneScheduler, Message, Occupancy, Operation, Outcome, Source};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::traffic::{FramePlace, Generator, Outgoing, Series, Signing};

use super::chunk::{Chunk, ChunkBound, Next, Pace};
use super::duty::{Duty, DutyError, stamp};
use super::transmit::TransmitBuffer;

/// The most messages of a chunk.
const MOST: usize = 256;

/// What carries out a worker's duty for many messages together.
pub(super) struct Lanes<'a> {
    series: &'a mut Series,
    /// By place.
    buffers: Vec<&'a mut [u8]>,
    work: Work<'a>,
    scheduler: Box<LaneScheduler>,
    transmit: &'a mut TransmitBuffer,
    departure: Departure,
    /// Messages that the sessions can have under way.
    most_in_flight: usize,
}

/// What is done to the messages of a chunk.
#[derive(Clone, Copy)]
pub(super) enum Work<'a> {
    /// Nothing: they take the same way without any MAC.
    PassOn(&'a PreparedKey),
    /// All of signing but the MAC.
    Stamp(&'a PreparedKey),
    Sign(&'a [PreparedKey]),
    Verify(&'a [PreparedKey]),
}

/// When messages are transmitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Departure {
    /// As each is done.
    Alone,
    /// In order, when all are.
    InOrder,
}

/// The messages of a chunk on their way through the scheduler.
struct Lot<'m, 'd, 't> {
    waiting: slice::IterMut<'m, Message<'d>>,
    /// What each must have become.
    right: fn(Outcome) -> bool,
    wrong: Option<Outcome>,
    transmit: Option<&'t mut TransmitBuffer>,
}

impl<'m, 'd> Source<'m, 'd> for Lot<'m, 'd, '_> {
    #[inline]
    fn pull(&mut self) -> Option<&'m mut Message<'d>> {
        self.waiting.next()
    }

    #[inline]
    fn hand_back(&mut self, message: &'m mut Message<'d>) {
        if !(self.right)(message.outcome) {
            self.wrong = Some(message.outcome);
        }
        if let Some(transmit) = &mut self.transmit {
            transmit.take(message.head, FramePlace::Opens);
        }
    }
}

impl<'a> Lanes<'a> {
    /// At a link: whatever is due.
    pub(super) const PACED: ChunkBound = ChunkBound { messages: MOST, bytes: usize::MAX };
    /// At max: enough to fill every lane several times, except of messages so long that the window would not end.
    pub(super) const SATURATED: ChunkBound = ChunkBound { messages: MOST, bytes: 64 << 20 };

    pub(super) fn new(
        generator: &'a mut Generator,
        work: Work<'a>,
        backend: Backend,
        transmit: &'a mut TransmitBuffer,
    ) -> Self {
        let (series, buffers) = generator.split();
        let departure = if series.has_chains() { Departure::InOrder } else { Departure::Alone };
        let scheduler = Box::new(LaneScheduler::new(backend));
        let most_in_flight = series.most_in_flight();
        Self { series, buffers, work, scheduler, transmit, departure, most_in_flight }
    }

    /// How full the lanes were.
    pub(super) fn occupancy(&self) -> Occupancy {
        self.scheduler.occupancy()
    }

    /// Starts again with the same numbers.
    pub(super) fn rewind(&mut self) {
        self.series.rewind();
    }

    /// Messages in the set.
    pub(super) fn places(&self) -> usize {
        self.series.places()
    }

    /// Messages as long as the next one is due, the bound allows another, a session may send another and the set has another
    /// buffer; at least one.
    pub(super) fn chunk(&mut self, bound: ChunkBound, pace: &mut Pace<'_>) -> Result<Chunk, DutyError> {
        let Self { series, buffers, work, scheduler, transmit, departure, most_in_flight } = self;
        let mut chunk = Chunk::default();
        let mut messages: ArrayVec<Message<'_>, MOST> = ArrayVec::new_const();
        let first = series.next_place();
        for buffer in buffers[first..].iter_mut().take(MOST.min(*most_in_flight)) {
            let outgoing = match work {
                Work::Verify(_) => series.next_received(buffer),
                _ => series.next_message(buffer),
            };
            let next = chunk.add(&outgoing, bound, pace);
            if outgoing.signing == Signing::Signed {
                messages.push(work.message(outgoing));
            } else if *departure == Departure::Alone {
                transmit.take(outgoing.bytes, outgoing.place);
            }
            if next == Next::Nothing {
                break;
            }
        }
        let transmit_alone = (*departure == Departure::Alone).then_some(&mut **transmit);
        let waiting = messages.iter_mut();
        let mut lot = Lot { waiting, right: work.right(), wrong: None, transmit: transmit_alone };
        work.run(scheduler, &mut lot);
        if let Some(outcome) = lot.wrong {
            return Err(DutyError::NotDone(outcome));
        }
        drop(messages);
        if *departure == Departure::InOrder {
            for (buffer, place) in buffers[first..].iter_mut().take(chunk.messages).zip(first..) {
                let message = series.message(place, buffer);
                transmit.take(message.bytes, message.place);
            }
        }
        Ok(chunk)
    }

    /// The message that was handed out so many messages before the last one of its chunk.
    pub(super) fn before_last(&mut self, back: usize) -> Outgoing<'_> {
        let place = self.series.last_place() - back;
        self.series.message(place, self.buffers[place])
    }
}

impl<'a> Work<'a> {
    /// A duty's work, if it is one for lanes; `spare` stands in the place of a key where none is needed.
    pub(super) fn of(duty: &'a Duty, spare: &'a PreparedKey) -> Option<Self> {
        match duty {
            Duty::PassOn => Some(Self::PassOn(spare)),
            Duty::Stamp => Some(Self::Stamp(spare)),
            Duty::Sign(keys) => Some(Self::Sign(keys)),
            Duty::Verify(keys) => Some(Self::Verify(keys)),
            Duty::Seal(_) | Duty::Open(..) => None,
        }
    }

    #[inline]
    fn message<'d>(self, outgoing: Outgoing<'d>) -> Message<'d>
    where
        'a: 'd,
    {
        let Outgoing { bytes, session, sequence, sender, .. } = outgoing;
        let (key, operation) = match self {
            Self::PassOn(spare) | Self::Stamp(spare) => (spare, Operation::Sign),
            Self::Sign(keys) => (&keys[session], Operation::Sign),
            Self::Verify(keys) => (&keys[session], Operation::Verify(sender)),
        };
        Message { sequence, ..Message::whole(key, bytes, operation) }
    }

    const fn right(self) -> fn(Outcome) -> bool {
        match self {
            Self::PassOn(_) | Self::Stamp(_) => |_| true,
            Self::Sign(_) => |outcome| matches!(outcome, Outcome::Signed),
            Self::Verify(_) => |outcome| matches!(outcome, Outcome::Verified),
        }
    }

    fn run<'m, 'd: 'm>(self, scheduler: &mut LaneScheduler, lot: &mut Lot<'m, 'd, '_>) {
        match self {
            Self::PassOn(_) => {
                while let Some(message) = lot.pull() {
                    lot.hand_back(message);
                }
            }
            Self::Stamp(_) => {
                while let Some(message) = lot.pull() {
                    stamp(message.head, message.sequence);
                    lot.hand_back(message);
                }
            }
            Self::Sign(_) | Self::Verify(_) => scheduler.run(lot),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroUsize;

    use smbsign_engine::protocol::{Dialect, Nonce, SigningAlgorithm, SigningKey, smb2};
    use smbsign_engine::traffic::{BulkMessage, Envelope, GeneratorConfig, Profile};

    use super::*;
    use crate::measure::sample::Samples;

    const LENGTH: usize = 300;

    #[test]
    fn a_session_never_has_more_under_way_than_it_may() {
        let profile = Profile::bulk(BulkMessage::ReadResponse, Dialect::Smb311, LENGTH).unwrap();
        let (sessions, outstanding) = (Some(2), NonZeroUsize::new(8));
        let config =
            GeneratorConfig { sessions, outstanding, set_bytes: 100_000, ..GeneratorConfig::default() };
        let (mut generator, mut transmit) = (Generator::new(&profile, config), TransmitBuffer::none());
        let key = SigningKey::new(SigningAlgorithm::AesCmac, &[9; 16]).unwrap();
        let spare = PreparedKey::new(&key, Backend::detect());
        let mut lanes = Lanes::new(&mut generator, Work::PassOn(&spare), Backend::detect(), &mut transmit);
        let chunk = lanes.chunk(Lanes::SATURATED, &mut Pace::Saturated).unwrap();
        assert_eq!(chunk.messages, 2 * 8);
    }

    fn generator(dialect: Dialect) -> Generator {
        let profile = Profile::bulk(BulkMessage::ReadResponse, dialect, LENGTH).unwrap();
        let outstanding = NonZeroUsize::new(100);
        let config = GeneratorConfig {
            sessions: Some(3),
            outstanding,
            set_bytes: 30_000,
            ..GeneratorConfig::default()
        };
        Generator::new(&profile, config)
    }

    /// Chunks of a set signed with one key, each message then looked at with its session.
    fn each_signed(dialect: Dialect, key: &SigningKey, mut look: impl FnMut(Outgoing<'_>)) {
        let keys = [(); 3].map(|()| PreparedKey::new(key, Backend::detect()));
        let (mut generator, mut transmit) = (generator(dialect), TransmitBuffer::none());
        let mut lanes = Lanes::new(&mut generator, Work::Sign(&keys), Backend::detect(), &mut transmit);
        for _ in 0..10 {
            let chunk = lanes.chunk(Lanes::SATURATED, &mut Pace::Saturated).unwrap();
            (0..chunk.messages).rev().for_each(|back| look(lanes.before_last(back)));
        }
    }

    #[test]
    fn every_message_is_signed_right_under_a_nonce_of_its_own() {
        for dialect in Dialect::ALL {
            for &algorithm in dialect.signing_algorithms() {
                let key = SigningKey::new(algorithm, &[9; 16]).unwrap();
                let other = SigningKey::new(algorithm, &[8; 16]).unwrap();
                let mut numbers = HashSet::new();
                each_signed(dialect, &key, |message| {
                    let number = match smb2::Header::parse(message.bytes) {
                        Ok(header) => Nonce::of(&header).as_bytes().to_vec(),
                        Err(_) => message.sequence.unwrap().0.to_le_bytes().to_vec(),
                    };
                    assert!(numbers.insert((message.session, number)), "{dialect}");
                    let mut samples = Samples::with_room([LENGTH], Envelope::Clear);
                    samples.keep(&message);
                    let sample = samples.into_kept().remove(0);
                    assert!(sample.check(&key).is_ok(), "{dialect} {algorithm}");
                    assert!(sample.check(&other).is_err(), "what another key signs is found out");
                });
                assert!(numbers.len() > 900);
            }
        }
    }

    #[test]
    fn a_received_message_that_does_not_verify_ends_the_trial() {
        let key = SigningKey::new(SigningAlgorithm::AesCmac, &[9; 16]).unwrap();
        let keys = [(); 3].map(|()| PreparedKey::new(&key, Backend::detect()));
        let (mut generator, mut transmit) = (generator(Dialect::Smb311), TransmitBuffer::none());
        let run = |generator: &mut Generator, transmit: &mut TransmitBuffer, work| {
            let mut lanes = Lanes::new(generator, work, Backend::detect(), transmit);
            lanes.chunk(Lanes::SATURATED, &mut Pace::Saturated)
        };
        assert!(run(&mut generator, &mut transmit, Work::Sign(&keys)).is_ok());
        assert!(run(&mut generator, &mut transmit, Work::Verify(&keys)).is_ok());
        generator.last().bytes[LENGTH - 1] ^= 1;
        let found = run(&mut generator, &mut transmit, Work::Verify(&keys));
        assert!(matches!(found, Err(DutyError::NotDone(Outcome::BadSignature))), "{:?}", found.err());
    }
}
