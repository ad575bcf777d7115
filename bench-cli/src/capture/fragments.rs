//! IP fragments put together again, with a bound on what waits.

use std::collections::BTreeMap;
use std::net::IpAddr;

use etherparse::defrag::IpDefragBuf;
use etherparse::{IpFragOffset, IpNumber};

use super::damage::Damage;

/// Datagrams that may wait for fragments at once: at most 64 KiB each.
const MAX_WAITING: usize = 256;

/// One fragment of an IP datagram.
#[derive(Debug)]
pub(super) struct Fragment<'a> {
    pub(super) id: u32,
    pub(super) offset: IpFragOffset,
    pub(super) more: bool,
    pub(super) payload: &'a [u8],
}

type DatagramId = (IpAddr, IpAddr, u32);

#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: BTreeMap<DatagramId, Datagram>,
}

#[derive(Debug)]
struct Datagram {
    parts: IpDefragBuf,
    last_packet: u64,
}

impl Fragments {
    /// Adds a fragment of a TCP datagram; gives the datagram's payload when that completes it.
    ///
    /// # Errors
    /// [`Damage::Fragments`] when fragments contradict each other, or for the oldest datagram when too many wait.
    pub(super) fn add(
        &mut self,
        packet: u64,
        (source, destination): (IpAddr, IpAddr),
        fragment: &Fragment<'_>,
    ) -> Result<Option<Vec<u8>>, Damage> {
        let id = (source, destination, fragment.id);
        let datagram = self.waiting.entry(id).or_insert_with(|| Datagram {
            parts: IpDefragBuf::new(IpNumber::TCP, Vec::new(), Vec::new()),
            last_packet: packet,
        });
        datagram.last_packet = packet;
        if datagram.parts.add(fragment.offset, fragment.more, fragment.payload).is_err() {
            self.waiting.remove(&id);
            return Err(Damage::Fragments { packet });
        }
        if datagram.parts.is_complete() {
            return Ok(self.waiting.remove(&id).map(|datagram| datagram.parts.take_bufs().0));
        }
        if self.waiting.len() > MAX_WAITING {
            let oldest = self.waiting.iter().min_by_key(|(_, datagram)| datagram.last_packet);
            if let Some((&id, &Datagram { last_packet, .. })) = oldest {
                self.waiting.remove(&id);
                return Err(Damage::Fragments { packet: last_packet });
            }
        }
        Ok(None)
    }

    /// The datagrams that never became whole.
    pub(super) fn end(self) -> impl Iterator<Item = Damage> {
        let mut packets: Vec<_> = self.waiting.into_values().map(|datagram| datagram.last_packet).collect();
        packets.sort_unstable();
        packets.into_iter().map(|packet| Damage::Fragments { packet })
    }
}
