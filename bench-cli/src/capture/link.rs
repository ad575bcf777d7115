//! From a packet's link layer to its TCP segment.
//!
//! Lenient where captures are: packets cut by the snap length, IP lengths of 0 left by segmentation offload, wrong
//! checksums (never checked), Ethernet padding (cut by the IP length).

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use etherparse::err::Layer;
use etherparse::{EtherType, IpNumber, LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};

use super::damage::Damage;
use super::file::Packet;
use super::fragments::{Fragment, Fragments};

/// One TCP segment, as much of it as was captured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) sequence: u32,
    /// `None` without the ACK bit.
    pub(super) acknowledgment: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    pub(super) payload: &'a [u8],
    /// Payload bytes after those: on the wire, but cut by the snap length.
    pub(super) cut: usize,
}

/// Finds TCP segments in packets. Holds IP fragments until their datagram is whole.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    fragments: Fragments,
    datagram: Vec<u8>,
    unsupported: BTreeSet<u32>,
}

impl Decoder {
    /// The TCP segment of a packet; `None` for everything else (ARP, UDP, a fragment not yet complete).
    ///
    /// # Errors
    /// [`Damage::LinkType`] (once per type), [`Damage::Headers`], [`Damage::Fragments`].
    pub(super) fn segment<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Option<Segment<'a>>, Damage> {
        let number = packet.number;
        let headers = Damage::Headers { packet: number };
        let sliced = match slice(packet) {
            Ok(Some(sliced)) => sliced,
            Ok(None) => return Ok(None),
            Err(Unreadable::Headers) => return Err(headers),
            Err(Unreadable::LinkType) if self.unsupported.insert(packet.link_type) => {
                return Err(Damage::LinkType { packet: number, link_type: packet.link_type });
            }
            Err(Unreadable::LinkType) => return Ok(None),
        };
        if let Some((_, layer)) = &sliced.stop_err {
            let protocol = sliced.ip_payload().map(|payload| payload.ip_number);
            return match (layer, protocol) {
                (Layer::Arp, _) | (_, Some(IpNumber::UDP | IpNumber::ICMP | IpNumber::IPV6_ICMP)) => Ok(None),
                _ => Err(headers),
            };
        }
        let Some(ip) = sliced.net.as_ref().and_then(|net| Ip::of(net, packet.cut)) else { return Ok(None) };
        if ip.protocol != IpNumber::TCP {
            return Ok(None);
        }
        match (ip.fragment, sliced.transport) {
            (Some(_), _) if ip.cut > 0 => Err(Damage::Fragments { packet: number }),
            (Some(fragment), _) => {
                let Some(datagram) = self.fragments.add(number, ip.ends, &fragment)? else { return Ok(None) };
                self.datagram = datagram;
                let tcp = TcpSlice::from_slice(&self.datagram).map_err(|_| headers)?;
                Ok(Some(segment(ip.ends, &tcp, 0)))
            }
            (None, Some(TransportSlice::Tcp(tcp))) => Ok(Some(segment(ip.ends, &tcp, ip.cut))),
            (None, _) => Err(headers),
        }
    }

    /// The datagrams that never became whole.
    pub(super) fn end(&mut self) -> impl Iterator<Item = Damage> {
        std::mem::take(&mut self.fragments).end()
    }
}

fn segment<'a>((source, destination): (IpAddr, IpAddr), tcp: &TcpSlice<'a>, cut: usize) -> Segment<'a> {
    Segment {
        source: SocketAddr::new(source, tcp.source_port()),
        destination: SocketAddr::new(destination, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledgment: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
        cut,
    }
}

/// Why a packet's layers cannot be told.
enum Unreadable {
    LinkType,
    Headers,
}

type Sliced<'a> = Result<Option<LaxSlicedPacket<'a>>, Unreadable>;

/// A packet's layers; `None` when there is no IP in it.
///
/// The numbers are LINKTYPE_ values of tcpdump.org/linktypes.html; 12 and 14 are RAW as some systems write it.
fn slice<'a>(packet: &Packet<'a>) -> Sliced<'a> {
    let data = packet.data;
    match packet.link_type {
        1 => LaxSlicedPacket::from_ethernet(data).map(Some).map_err(|_| Unreadable::Headers),
        // Linux cooked: SLL has its protocol in the last two of 16 bytes, SLL2 in the first two of 20.
        113 => slice_cooked(data.get(14..), data.get(16..)),
        276 => slice_cooked(Some(data), data.get(20..)),
        // NULL and LOOP put four bytes of address family first; the IP version says the same.
        0 | 108 => slice_ip(data.get(4..).unwrap_or_default()),
        12 | 14 | 101 | 228 | 229 => slice_ip(data),
        _ => Err(Unreadable::LinkType),
    }
}

fn slice_cooked<'a>(protocol: Option<&[u8]>, payload: Option<&'a [u8]>) -> Sliced<'a> {
    let protocol = protocol.and_then(<[u8]>::first_chunk).ok_or(Unreadable::Headers)?;
    let payload = payload.ok_or(Unreadable::Headers)?;
    Ok(Some(LaxSlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(*protocol)), payload)))
}

fn slice_ip(data: &[u8]) -> Sliced<'_> {
    match data.first().map(|byte| byte >> 4) {
        Some(4 | 6) => LaxSlicedPacket::from_ip(data).map(Some).map_err(|_| Unreadable::Headers),
        Some(_) => Ok(None),
        None => Err(Unreadable::Headers),
    }
}

/// What matters of an IP header.
struct Ip<'a> {
    ends: (IpAddr, IpAddr),
    protocol: IpNumber,
    /// Bytes of the datagram on the wire beyond those captured.
    cut: usize,
    fragment: Option<Fragment<'a>>,
}

impl<'a> Ip<'a> {
    /// `None` for ARP. The packet must have been sliced without error: `etherparse` walks extension headers again
    /// without checking them. `cut` is what the whole packet lacks: it stands in where the IP length is 0.
    fn of(net: &LaxNetSlice<'a>, cut: usize) -> Option<Self> {
        let (ends, payload, declared, captured, fragment) = match net {
            LaxNetSlice::Ipv4(ip) => {
                let (header, payload) = (ip.header(), ip.payload());
                let extension = ip.extensions().auth.map_or(0, |auth| auth.slice().len());
                let fragment = Fragment {
                    id: u32::from(header.identification()),
                    offset: header.fragments_offset(),
                    more: header.more_fragments(),
                    payload: payload.payload,
                };
                let ends = (header.source_addr().into(), header.destination_addr().into());
                let captured = header.slice().len() + extension + payload.payload.len();
                (ends, payload.clone(), header.total_len(), captured, Some(fragment))
            }
            LaxNetSlice::Ipv6(ip) => {
                let (header, payload) = (ip.header(), ip.payload());
                let fragment = ip.extensions().clone().into_iter().find_map(|extension| match extension {
                    etherparse::Ipv6ExtensionSlice::Fragment(fragment) => Some(Fragment {
                        id: fragment.identification(),
                        offset: fragment.fragment_offset(),
                        more: fragment.more_fragments(),
                        payload: payload.payload,
                    }),
                    _ => None,
                });
                let ends = (header.source_addr().into(), header.destination_addr().into());
                let captured = ip.extensions().slice().len() + payload.payload.len();
                (ends, payload.clone(), header.payload_length(), captured, fragment)
            }
            LaxNetSlice::Arp(_) => return None,
        };
        Some(Self {
            ends,
            protocol: payload.ip_number,
            cut: match usize::from(declared) {
                0 => cut,
                declared => declared.saturating_sub(captured),
            },
            fragment: fragment.filter(|_| payload.fragmented),
        })
    }
}
