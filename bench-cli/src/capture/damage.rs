//! What is wrong with a capture, in words its owner understands.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use smbsign_engine::protocol::Sender;

/// What is wrong with a capture file. Offsets are bytes from its beginning.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The first bytes belong to neither format.
    #[error("not a pcap or pcapng capture (it begins with {})", hex::encode(.magic))]
    NotACapture {
        /// The first bytes, at most four.
        magic: Vec<u8>,
    },
    /// The operating system could not read on.
    #[error("reading stopped at byte {offset}: {source}")]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The file ends inside a header or record.
    #[error("the file ends in the middle of a record, after packet {after} (byte {offset})")]
    Truncated {
        /// The last whole packet.
        after: u64,
        /// Where the incomplete record starts.
        offset: u64,
    },
    /// A record claims more bytes than any has.
    #[error("after packet {after} (byte {offset}) a record claims {length} bytes: unreadable from here on")]
    RecordTooLong {
        /// The last whole packet.
        after: u64,
        /// Where the record starts.
        offset: u64,
        /// What it claims.
        length: usize,
    },
    /// A pcapng block's two lengths are impossible or differ, so nothing tells where the next block starts.
    #[error("after packet {after} (byte {offset}) a block has a bad length: unreadable from here on")]
    BlockLength {
        /// The last whole packet.
        after: u64,
        /// Where the block starts.
        offset: u64,
    },
    /// A pcapng block's contents contradict its length. It is skipped.
    #[error("after packet {after} (byte {offset}) a block of type {kind:#x} is malformed; it was skipped")]
    Block {
        /// The last whole packet.
        after: u64,
        /// Where the block starts.
        offset: u64,
        /// Its type.
        kind: u32,
    },
    /// A pcapng packet names an interface that no block described. It is skipped.
    #[error("packet {packet} names interface {interface}, which the file does not describe; it was skipped")]
    UnknownInterface {
        /// The packet.
        packet: u64,
        /// The interface.
        interface: u32,
    },
}

/// Something in a capture that could not be read. What was read before and after it still counts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// Packets of a link layer that is not understood; said once for each.
    #[error("packet {packet}: link type {link_type} is not supported; such packets were skipped")]
    LinkType {
        /// The first such packet.
        packet: u64,
        /// The LINKTYPE_ value.
        link_type: u32,
    },
    /// An IP or TCP header that is cut or malformed.
    #[error("packet {packet}: its IP or TCP header is cut off or malformed; it was skipped")]
    Headers {
        /// The packet.
        packet: u64,
    },
    /// An IP datagram of which some fragments are missing or contradict each other.
    #[error("packet {packet}: an IP datagram could not be put together from its fragments")]
    Fragments {
        /// The last fragment seen.
        packet: u64,
    },
    /// The capture has no start of this connection: its negotiation and sessions may be missing.
    #[error("connection {connection}: the capture begins in the middle of it (packet {packet})")]
    StartsMidway {
        /// Index of the connection.
        connection: usize,
        /// The first packet seen of it.
        packet: u64,
    },
    /// One SMB frame that is not complete. The next one was found.
    #[error(
        "connection {connection}, {}: of an SMB frame of {length} bytes in packets {first_packet} to \
         {last_packet}, {missing} bytes are missing: {cause}",
        flow(*sender)
    )]
    Incomplete {
        /// Index of the connection.
        connection: usize,
        /// Who sent the frame.
        sender: Sender,
        /// The packet its first byte came in.
        first_packet: u64,
        /// The packet after which it was given up.
        last_packet: u64,
        /// What its header announced, without the header.
        length: usize,
        /// How much of that is not there.
        missing: u64,
        /// Why.
        cause: Cause,
    },
    /// A stretch of a connection in which no frame could be made out.
    #[error(
        "connection {connection}, {}: no SMB frames could be read in packets {first_packet} to {last_packet} \
         ({lost} bytes missing, {skipped} bytes skipped): {cause}",
        flow(*sender)
    )]
    Unread {
        /// Index of the connection.
        connection: usize,
        /// Who sent the bytes.
        sender: Sender,
        /// The packet where it began.
        first_packet: u64,
        /// The packet where frames were found again, or the last one of the stretch.
        last_packet: u64,
        /// Bytes that are not in the capture.
        lost: u64,
        /// Bytes that are there, but not on a frame's boundary.
        skipped: u64,
        /// What began it.
        cause: Cause,
    },
    /// A connection on a well-known SMB port in which no frame was ever found.
    #[error(
        "{client} → {server} (from packet {packet}): {bytes} bytes, but no SMB frame could be found in them"
    )]
    NoFrames {
        /// The presumed client.
        client: SocketAddr,
        /// The end on port 445 or 139.
        server: SocketAddr,
        /// The first packet of the connection.
        packet: u64,
        /// Bytes seen or known to be missing, both ways.
        bytes: u64,
    },
}

impl Damage {
    /// The connection of which frames are missing, if frames of one are.
    #[must_use]
    pub const fn loses_frames_of(&self) -> Option<usize> {
        match self {
            Self::Incomplete { connection, .. } | Self::Unread { connection, .. } => Some(*connection),
            _ => None,
        }
    }
}

/// Why bytes of a stream could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Packets are missing from the capture.
    NotCaptured,
    /// The capture's snap length cut packets short.
    SnapLength,
    /// The connection ended there.
    ConnectionEnded,
    /// The capture ended there.
    CaptureEnded,
    /// The capture starts after the connection, in the middle of a frame.
    StartsMidway,
    /// The bytes are no SMB framing.
    NotFraming,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotCaptured => "packets are not in the capture",
            Self::SnapLength => "the snap length cut packets short",
            Self::ConnectionEnded => "the connection ended",
            Self::CaptureEnded => "the capture ended",
            Self::StartsMidway => "the capture begins in the middle of a frame",
            Self::NotFraming => "the bytes are not SMB frames",
        })
    }
}

fn flow(sender: Sender) -> &'static str {
    match sender {
        Sender::Client => "client to server",
        Sender::Server => "server to client",
    }
}
