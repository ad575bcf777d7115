//! Segments that came early: they answer what the capture shows only later.
//!
//! A segment acknowledges what its sender had received. Captures of several queues, interfaces or taps may hold it
//! before those bytes; it then waits for them a little, so that no response comes before its request.

use std::collections::VecDeque;

use super::conversation::Side;
use super::tcp::{Data, PATIENCE_PACKETS};

/// A segment with bytes of its own.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) side: Side,
    pub(super) fin: bool,
    acknowledged: u32,
    packet: u64,
    sequence: u32,
    payload: Vec<u8>,
    cut: usize,
    /// When its patience ends.
    until: u64,
}

impl Early {
    pub(super) fn data(&self) -> Data<'_> {
        Data { packet: self.packet, sequence: self.sequence, payload: &self.payload, cut: self.cut }
    }
}

/// The early segments of a connection, at most [`PATIENCE_PACKETS`] and one.
#[derive(Debug, Default)]
pub(super) struct EarlySegments {
    waiting: VecDeque<Early>,
    /// Packets of the connection that went by.
    passed: u64,
}

impl EarlySegments {
    pub(super) fn wait(&mut self, side: Side, data: Data<'_>, fin: bool, acknowledged: u32) {
        let Data { packet, sequence, payload, cut } = data;
        let until = self.passed + u64::from(PATIENCE_PACKETS);
        let payload = payload.to_vec();
        self.waiting.push_back(Early { side, fin, acknowledged, packet, sequence, payload, cut, until });
    }

    pub(super) fn packet_passed(&mut self) {
        self.passed += 1;
    }

    /// The next segment whose time has come: what it acknowledges is there (`has_reached` says so of what the other
    /// side of `side` sent), or will not come any more.
    pub(super) fn next_due(&mut self, has_reached: impl Fn(Side, u32) -> bool) -> Option<Early> {
        let passed = self.passed;
        let due = self
            .waiting
            .iter()
            .position(|early| early.until <= passed || has_reached(early.side, early.acknowledged))?;
        self.waiting.remove(due)
    }

    /// The next segment, whether its time has come or not.
    pub(super) fn next(&mut self) -> Option<Early> {
        self.waiting.pop_front()
    }
}
