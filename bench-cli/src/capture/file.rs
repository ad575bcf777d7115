//! Packets of a capture file, streamed: classic pcap and pcapng.
//!
//! The formats are draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. `pcap-parser` reads headers and blocks; this
//! file finds where each record ends, so that one bad block costs that block and the memory held is one record.

use std::io::{BufReader, Read};
use std::ops::Range;

use pcap_parser::nom;
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{
    Block, LegacyPcapBlock, PcapError, parse_block_be, parse_block_le, parse_pcap_frame, parse_pcap_frame_be,
    parse_pcap_frame_modified, parse_pcap_header,
};

use super::damage::FileError;

/// No record may be longer; Wireshark draws the line for blocks at the same place.
const MAX_RECORD_BYTES: usize = 16 << 20;
const READ_BYTES: usize = 256 << 10;

const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const OLD_PACKET_BLOCK: u32 = 2;
/// Where a packet's bytes start in an enhanced and in an old packet block.
const PACKET_BLOCK_HEADER: usize = 28;
const SIMPLE_BLOCK_HEADER: usize = 12;
const BLOCK_TRAILER: usize = 4;

/// One packet as the capture holds it.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// The LINKTYPE_ value of its interface (tcpdump.org/linktypes.html).
    pub link_type: u32,
    /// The captured bytes.
    pub data: &'a [u8],
    /// Bytes of the packet on the wire beyond those captured: what the snap length cut.
    pub cut: usize,
}

/// Reads packets one by one from a pcap or pcapng file.
#[derive(Debug)]
pub struct PacketReader<R> {
    source: BufReader<R>,
    format: Format,
    /// The record being read, from its first byte.
    record: Vec<u8>,
    /// Where `record` starts in the file.
    offset: u64,
    packets: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
}

type ParseRecord = for<'a> fn(&'a [u8]) -> nom::IResult<&'a [u8], LegacyPcapBlock<'a>, PcapError<&'a [u8]>>;

#[derive(Debug)]
enum Format {
    Pcap { parse: ParseRecord, header_bytes: usize, link_type: u32 },
    Pcapng { order: ByteOrder, interfaces: Vec<Interface> },
}

#[derive(Debug, Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link_type: u32,
    /// 0 means no limit.
    snap_length: u32,
}

/// A packet's place in `PacketReader::record`.
struct Found {
    link_type: u32,
    place: Range<usize>,
    wire_length: usize,
}

/// How a fill of the record buffer ended.
enum Fill {
    Complete,
    /// The file ended; the buffer holds what there was.
    Short,
}

impl<R: Read> PacketReader<R> {
    /// Reads the file header.
    ///
    /// # Errors
    /// [`FileError::Empty`], [`FileError::NotACapture`], [`FileError::Truncated`] within the header, or
    /// [`FileError::Read`].
    pub fn new(source: R) -> Result<Self, FileError> {
        let format = Format::Pcapng { order: ByteOrder::Little, interfaces: Vec::new() };
        let mut reader = Self {
            source: BufReader::with_capacity(READ_BYTES, source),
            format,
            record: Vec::new(),
            offset: 0,
            packets: 0,
            state: State::Reading,
        };
        reader.fill(4)?;
        if reader.record.is_empty() {
            return Err(FileError::Empty);
        }
        if reader.record != SECTION_HEADER {
            reader.read_pcap_header()?;
        }
        Ok(reader)
    }

    /// The next packet; `None` at the end of the file and after an error that leaves nothing readable.
    ///
    /// # Errors
    /// What is wrong with the next record. Reading may go on: errors that end the file are followed by `None`.
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, FileError> {
        let found = loop {
            if self.state == State::Ended {
                return Ok(None);
            }
            let found = match self.format {
                Format::Pcap { parse, header_bytes, link_type } => {
                    self.next_record(parse, header_bytes, link_type)?
                }
                Format::Pcapng { .. } => self.next_block()?,
            };
            if let Some(found) = found {
                break found;
            }
        };
        let data = self.record.get(found.place).unwrap_or_default();
        let cut = found.wire_length.saturating_sub(data.len());
        Ok(Some(Packet { number: self.packets, link_type: found.link_type, data, cut }))
    }

    fn read_pcap_header(&mut self) -> Result<(), FileError> {
        let full = matches!(self.fill(24)?, Fill::Complete);
        self.format = match parse_pcap_header(&self.record) {
            Ok((_, header)) => {
                let (parse, header_bytes): (ParseRecord, usize) = if header.is_modified_format() {
                    (parse_pcap_frame_modified, 24)
                } else if header.is_bigendian() {
                    (parse_pcap_frame_be, 16)
                } else {
                    (parse_pcap_frame, 16)
                };
                // The upper bits hold the length of the frame check sequence.
                let link_type = header.network.0.cast_unsigned() & 0x03ff_ffff;
                Format::Pcap { parse, header_bytes, link_type }
            }
            Err(nom::Err::Incomplete(_)) if !full && self.record.len() >= 4 => {
                return Err(FileError::Truncated { after: 0, offset: 0 });
            }
            Err(_) => {
                let magic = self.record.iter().take(4).copied().collect();
                return Err(FileError::NotACapture { magic });
            }
        };
        self.next_offset();
        Ok(())
    }

    fn next_record(
        &mut self,
        parse: ParseRecord,
        header_bytes: usize,
        link_type: u32,
    ) -> Result<Option<Found>, FileError> {
        self.next_offset();
        if !self.fill_from_boundary(header_bytes)? {
            return Ok(None);
        }
        if let Err(nom::Err::Incomplete(nom::Needed::Size(missing))) = parse(&self.record) {
            self.fill_record(header_bytes.saturating_add(missing.get()))?;
        }
        let (captured, wire_length) = match parse(&self.record) {
            Ok((_, block)) => (block.data.len(), block.origlen as usize),
            Err(_) => return Err(self.truncated()),
        };
        self.packets += 1;
        Ok(Some(Found { link_type, place: header_bytes..header_bytes + captured, wire_length }))
    }

    /// Reads one block; `None` when it holds no packet.
    fn next_block(&mut self) -> Result<Option<Found>, FileError> {
        // `new` has read the first four bytes already.
        if self.record != SECTION_HEADER {
            self.next_offset();
        }
        if !self.fill_from_boundary(12)? {
            return Ok(None);
        }
        let Some((&kind, rest)) = self.record.split_first_chunk::<4>() else { return Err(self.truncated()) };
        let (Some(&length), Some(&order_magic)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) else {
            return Err(self.truncated());
        };
        if kind == SECTION_HEADER {
            let order = match order_magic {
                [0x4d, 0x3c, 0x2b, 0x1a] => ByteOrder::Little,
                [0x1a, 0x2b, 0x3c, 0x4d] => ByteOrder::Big,
                _ => return Err(self.bad_block_length()),
            };
            self.format = Format::Pcapng { order, interfaces: Vec::new() };
        }
        let Format::Pcapng { order, .. } = self.format else { return Ok(None) };
        let total = order.u32(length) as usize;
        if total < 12 || !total.is_multiple_of(4) {
            return Err(self.bad_block_length());
        }
        self.fill_record(total)?;
        if self.record.last_chunk::<4>() != Some(&length) {
            return Err(self.bad_block_length());
        }
        self.read_block(order, order.u32(kind))
    }

    fn read_block(&mut self, order: ByteOrder, kind: u32) -> Result<Option<Found>, FileError> {
        let Self { record, format, packets, .. } = self;
        let Format::Pcapng { interfaces, .. } = format else { return Ok(None) };
        let parsed = match order {
            ByteOrder::Little => parse_block_le(record),
            ByteOrder::Big => parse_block_be(record),
        };
        let Ok((_, block)) = parsed else {
            return Err(FileError::Block { after: *packets, offset: self.offset, kind });
        };
        let (interface, start, captured, wire_length) = match &block {
            Block::InterfaceDescription(described) => {
                interfaces.push(Interface {
                    link_type: described.linktype.0.cast_unsigned(),
                    snap_length: described.snaplen,
                });
                return Ok(None);
            }
            Block::EnhancedPacket(packet) => {
                (packet.if_id, PACKET_BLOCK_HEADER, packet.packet_data().len(), packet.origlen)
            }
            Block::SimplePacket(packet) => {
                let snap_length = match interfaces.first() {
                    Some(Interface { snap_length, .. }) if *snap_length > 0 => *snap_length as usize,
                    _ => usize::MAX,
                };
                (0, SIMPLE_BLOCK_HEADER, packet.packet_data().len().min(snap_length), packet.origlen)
            }
            Block::Unknown(_) if kind == OLD_PACKET_BLOCK => match old_packet_block(record, order) {
                Some((interface, captured, wire_length)) => {
                    (interface, PACKET_BLOCK_HEADER, captured, wire_length)
                }
                None => return Err(FileError::Block { after: *packets, offset: self.offset, kind }),
            },
            // Wireshark lists journal entries and custom blocks as frames of their own.
            Block::SystemdJournalExport(_) | Block::Custom(_) => {
                *packets += 1;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        *packets += 1;
        match interfaces.get(interface as usize) {
            Some(Interface { link_type, .. }) => Ok(Some(Found {
                link_type: *link_type,
                place: start..start + captured,
                wire_length: wire_length as usize,
            })),
            None => Err(FileError::UnknownInterface { packet: *packets, interface }),
        }
    }

    /// Forgets the record, whose bytes have been read.
    fn next_offset(&mut self) {
        self.offset += self.record.len() as u64;
        self.record.clear();
    }

    /// Reads the first bytes of a record; false at the proper end of the file.
    fn fill_from_boundary(&mut self, bytes: usize) -> Result<bool, FileError> {
        match self.fill(bytes)? {
            Fill::Complete => Ok(true),
            Fill::Short if self.record.is_empty() => {
                self.state = State::Ended;
                Ok(false)
            }
            Fill::Short => Err(self.truncated()),
        }
    }

    fn fill_record(&mut self, total: usize) -> Result<(), FileError> {
        if total > MAX_RECORD_BYTES {
            self.state = State::Ended;
            let (after, offset) = (self.packets, self.offset);
            return Err(FileError::RecordTooLong { after, offset, length: total });
        }
        match self.fill(total)? {
            Fill::Complete => Ok(()),
            Fill::Short => Err(self.truncated()),
        }
    }

    /// Reads until `record` holds `total` bytes. Memory grows with what is there, not with what is claimed.
    fn fill(&mut self, total: usize) -> Result<Fill, FileError> {
        let missing = total.saturating_sub(self.record.len());
        match self.source.by_ref().take(missing as u64).read_to_end(&mut self.record) {
            Ok(read) if read == missing => Ok(Fill::Complete),
            Ok(_) => Ok(Fill::Short),
            Err(source) => {
                self.state = State::Ended;
                Err(FileError::Read { offset: self.offset + self.record.len() as u64, source })
            }
        }
    }

    fn truncated(&mut self) -> FileError {
        self.state = State::Ended;
        FileError::Truncated { after: self.packets, offset: self.offset }
    }

    fn bad_block_length(&mut self) -> FileError {
        self.state = State::Ended;
        FileError::BlockLength { after: self.packets, offset: self.offset }
    }
}

/// Interface, captured and wire length of an old packet block, which `pcap-parser` leaves raw.
fn old_packet_block(record: &[u8], order: ByteOrder) -> Option<(u32, usize, u32)> {
    let interface = order.u16(*record.get(8..)?.first_chunk()?);
    let captured = order.u32(*record.get(20..)?.first_chunk()?) as usize;
    let wire_length = order.u32(*record.get(24..)?.first_chunk()?);
    let room = record.len().checked_sub(PACKET_BLOCK_HEADER + BLOCK_TRAILER)?;
    (captured <= room).then_some((u32::from(interface), captured, wire_length))
}
