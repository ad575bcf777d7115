//! The TCP connections of a capture: where one begins and ends, and the next on the same ports.

use std::collections::{HashMap, VecDeque};

use super::conversation::{Conversation, Flow, Numbers, Side};
use super::damage::Cause;
use super::events::Event;
use super::link::Segment;

/// Stray packets of a closed connection, and the first data after a handshake, come within so many packets.
const IDLE_PACKETS: u64 = 1 << 16;
/// Fewer conversations than this are not worth tidying up.
const FEW: usize = 1 << 12;

/// Every connection of the capture that is still of interest.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: HashMap<Flow, Conversation>,
    numbers: Numbers,
    /// How many conversations there were when they were last tidied up.
    kept: usize,
}

impl Connections {
    /// Takes one segment; what it completes goes to the end of `events`.
    pub(super) fn segment(&mut self, packet: u64, segment: &Segment<'_>, events: &mut VecDeque<Event>) {
        self.tidy(packet, events);
        let (flow, side) = Flow::of(segment);
        let stale = packet.saturating_sub(IDLE_PACKETS);
        if self.open.get(&flow).is_some_and(|known| known.is_closed() && known.last_packet() < stale) {
            self.open.remove(&flow);
        }
        if segment.syn {
            self.synchronise(packet, flow, side, segment, events);
        } else if segment.payload.is_empty() && segment.cut == 0 && !self.open.contains_key(&flow) {
            return;
        }
        let conversation = self.open.entry(flow).or_insert_with(|| Conversation::midway(flow, packet));
        conversation.segment(packet, side, segment, &mut self.numbers, events);
    }

    /// The capture is over.
    pub(super) fn end(&mut self, events: &mut VecDeque<Event>) {
        let mut rest: Vec<_> = self.open.drain().map(|(_, conversation)| conversation).collect();
        rest.sort_unstable_by_key(Conversation::first_packet);
        for mut conversation in rest {
            conversation.close(Cause::CaptureEnded, &mut self.numbers, events);
        }
    }

    /// A SYN or SYN-ACK: the start of a connection, unless it is one already known.
    fn synchronise(
        &mut self,
        packet: u64,
        flow: Flow,
        side: Side,
        segment: &Segment<'_>,
        events: &mut VecDeque<Event>,
    ) {
        let first = segment.sequence.wrapping_add(1);
        // A SYN-ACK belongs to the SYN that it acknowledges; a SYN is known by its own number.
        let (client, client_first) = match segment.acknowledgment {
            Some(acknowledged) => (side.other(), acknowledged),
            None => (side, first),
        };
        let known = self.open.get(&flow).is_some_and(|known| known.started_at(client) == Some(client_first));
        if !known && let Some(mut replaced) = self.open.remove(&flow) {
            replaced.close(Cause::ConnectionEnded, &mut self.numbers, events);
        }
        let conversation = self.open.entry(flow).or_insert_with(|| Conversation::midway(flow, packet));
        conversation.handshake(client, client_first);
        if segment.acknowledgment.is_some() {
            conversation.start(side, first);
        }
    }

    /// Forgets idle conversations without SMB, and closed ones, each time their number has doubled.
    fn tidy(&mut self, packet: u64, events: &mut VecDeque<Event>) {
        if self.open.len() < 2 * self.kept.max(FEW) {
            return;
        }
        let stale = packet.saturating_sub(IDLE_PACKETS);
        let mut forgotten: Vec<_> = self
            .open
            .extract_if(|_, conversation| conversation.last_packet() < stale && !conversation.is_open_smb())
            .map(|(_, conversation)| conversation)
            .collect();
        forgotten.sort_unstable_by_key(Conversation::first_packet);
        for mut conversation in forgotten {
            conversation.close(Cause::ConnectionEnded, &mut self.numbers, events);
        }
        self.kept = self.open.len();
    }
}
