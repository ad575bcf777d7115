//! Where a worker works: its messages, its keys, where they go, and by which engine.

use smbsign_engine::batch::Occupancy;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::traffic::{Generator, Outgoing};

use super::chunk::{Chunk, ChunkBound, Pace};
use super::duty::{Duty, DutyError};
use super::lanes::{Lanes, Work};
use super::serial::Serial;
use super::transmit::TransmitBuffer;
use crate::record::Engine;

/// What a worker works with; made before the clock starts.
#[derive(Debug)]
pub(super) struct Workplace {
    pub(super) generator: Generator,
    pub(super) duty: Duty,
    pub(super) transmit: TransmitBuffer,
    pub(super) engine: Engine,
    pub(super) backend: Backend,
    /// In the place of a key where there is none.
    pub(super) spare: PreparedKey,
}

/// The engine, ready to work.
pub(super) enum Hands<'a> {
    /// One message after another.
    Serial(Serial<'a>),
    /// Many together.
    Lanes(Lanes<'a>),
}

/// For what a chunk's bound is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// For messages that depart at a link's pace.
    Paced,
    /// For messages as fast as they can be done.
    Saturated,
    /// For messages that are all to be looked at afterwards.
    Observed,
}

impl Workplace {
    /// The engine of this place. What encrypts is done one frame after another, whatever was asked for. The offload engine has
    /// threads of its own (`offload`), and takes what it needs out of this.
    pub(super) fn hands(&mut self) -> Hands<'_> {
        let Self { generator, duty, transmit, engine, backend, spare } = self;
        match (engine, Work::of(duty, spare)) {
            (Engine::Lanes, Some(work)) => Hands::Lanes(Lanes::new(generator, work, *backend, transmit)),
            (Engine::Lanes | Engine::Serial | Engine::Offload, _) => {
                Hands::Serial(Serial { generator, duty, transmit })
            }
        }
    }
}

impl Hands<'_> {
    pub(super) const fn bound(&self, span: Span) -> ChunkBound {
        match (self, span) {
            (Self::Serial(_), Span::Paced) => Serial::PACED,
            (Self::Serial(_), Span::Saturated) => Serial::SATURATED,
            (Self::Serial(_), Span::Observed) => ChunkBound { messages: 1, bytes: 0 },
            (Self::Lanes(_), Span::Paced | Span::Observed) => Lanes::PACED,
            (Self::Lanes(_), Span::Saturated) => Lanes::SATURATED,
        }
    }

    /// Messages as long as the next one is due and the bound allows another; at least one.
    #[inline]
    pub(super) fn chunk(&mut self, bound: ChunkBound, mut pace: Pace<'_>) -> Result<Chunk, DutyError> {
        match self {
            Self::Serial(serial) => serial.chunk(bound, &mut pace),
            Self::Lanes(lanes) => lanes.chunk(bound, &mut pace),
        }
    }

    /// Starts again with the same numbers.
    pub(super) fn rewind(&mut self) {
        match self {
            Self::Serial(serial) => serial.generator.rewind(),
            Self::Lanes(lanes) => lanes.rewind(),
        }
    }

    /// Messages in the set.
    pub(super) fn places(&self) -> usize {
        match self {
            Self::Serial(serial) => serial.generator.buffers(),
            Self::Lanes(lanes) => lanes.places(),
        }
    }

    /// A message of the last chunk: the last where messages are done one after another, else now one, now another, so
    /// that every lane has its turn.
    pub(super) fn one_of(&mut self, chunk: Chunk, turn: usize) -> Outgoing<'_> {
        match self {
            Self::Serial(serial) => serial.generator.last(),
            Self::Lanes(lanes) => lanes.before_last(turn % chunk.messages),
        }
    }

    /// The message that was done so many messages before the last one of its chunk.
    pub(super) fn before_last(&mut self, back: usize) -> Outgoing<'_> {
        match self {
            Self::Serial(serial) => serial.generator.last(),
            Self::Lanes(lanes) => lanes.before_last(back),
        }
    }

    /// Plaintext and transform of the frame that was done last, with its session, if it was transformed.
    pub(super) fn transformed(&self) -> Option<(usize, &[u8], &[u8])> {
        match self {
            Self::Serial(serial) => serial.transformed(),
            Self::Lanes(_) => None,
        }
    }

    /// Whether frames are encrypted or decrypted, so that a message by itself proves nothing.
    pub(super) const fn transforms(&self) -> bool {
        match self {
            Self::Serial(serial) => serial.duty.transforms(),
            Self::Lanes(_) => false,
        }
    }

    /// How full the lanes were since this was made.
    pub(super) fn occupancy(&self) -> Occupancy {
        match self {
            Self::Serial(_) => Occupancy::default(),
            Self::Lanes(lanes) => lanes.occupancy(),
        }
    }
}
