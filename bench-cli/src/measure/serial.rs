//! One message after another, as servers do it today.

use smbsign_engine::traffic::Generator;

use super::chunk::{Chunk, ChunkBound, Next, Pace};
use super::duty::{Duty, DutyError};
use super::transmit::TransmitBuffer;

/// What carries out a worker's duty message by message.
pub(super) struct Serial<'a> {
    pub(super) generator: &'a mut Generator,
    pub(super) duty: &'a Duty,
    pub(super) transmit: &'a mut TransmitBuffer,
}

impl Serial<'_> {
    /// At a link: a long message alone, short ones so many that a reading's cost disappears.
    pub(super) const PACED: ChunkBound = ChunkBound { messages: 64, bytes: 16 << 10 };
    /// At max nobody waits, so that a chunk only has to end before the window has.
    pub(super) const SATURATED: ChunkBound = ChunkBound { messages: 1024, bytes: 256 << 10 };

    /// Messages as long as the next one is due and the bound allows another; at least one.
    #[inline]
    pub(super) fn chunk(&mut self, bound: ChunkBound, pace: &mut Pace<'_>) -> Result<Chunk, DutyError> {
        let mut chunk = Chunk::default();
        loop {
            let next =
                self.duty.carry_out(self.generator, self.transmit, |sent| chunk.add(sent, bound, pace))?;
            if next == Next::Nothing {
                return Ok(chunk);
            }
        }
    }

    /// Plaintext and transform of the frame that was done last, with its session, if it was transformed.
    pub(super) fn transformed(&self) -> Option<(usize, &[u8], &[u8])> {
        let session = self.generator.finished_frame()?.session;
        let (plaintext, frame) = self.duty.transformed(self.generator, self.transmit)?;
        Some((session, plaintext, frame))
    }
}
