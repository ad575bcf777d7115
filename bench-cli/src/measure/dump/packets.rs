//! A classic pcap file of TCP segments over IPv4 and Ethernet.

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use etherparse::{PacketBuilder, TcpOptionElement};
use smbsign_engine::protocol::Sender;
use smbsign_engine::traffic::Mtu;

/// The port of direct TCP (MS-SMB2 2.1).
pub(super) const SERVER_PORT: u16 = 445;

/// From RFC 5737's documentation network, with locally administered Ethernet addresses.
const CLIENT: ([u8; 6], [u8; 4]) = ([0x02, 0, 0, 0, 0, 1], [192, 0, 2, 1]);
const SERVER: ([u8; 6], [u8; 4]) = ([0x02, 0, 0, 0, 0, 2], [192, 0, 2, 2]);

/// A TCP connection in the capture, joined after its handshake.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection {
    pub(super) index: usize,
    pub(super) client_port: u16,
    client_next: u32,
    server_next: u32,
}

impl Connection {
    pub(super) const fn new(index: usize) -> Self {
        const FIRST_DYNAMIC_PORT: u16 = 49_152;
        Self {
            index,
            client_port: FIRST_DYNAMIC_PORT + (index % 16_384) as u16,
            client_next: 1,
            server_next: 1,
        }
    }
}

/// Writes packets a microsecond apart.
#[derive(Debug)]
pub(super) struct PacketWriter<W> {
    sink: W,
    time: Duration,
    packet: Vec<u8>,
}

impl<W: Write> PacketWriter<W> {
    /// Begins a file: magic number of microseconds in this byte order, version 2.4, no time zone, snapshot length,
    /// Ethernet.
    pub(super) fn start(mut sink: W) -> io::Result<Self> {
        const SNAPSHOT_BYTES: u32 = 262_144;
        const LINKTYPE_ETHERNET: u32 = 1;
        sink.write_all(&0xa1b2_c3d4_u32.to_le_bytes())?;
        sink.write_all(&2_u16.to_le_bytes())?;
        sink.write_all(&4_u16.to_le_bytes())?;
        sink.write_all(&[0; 8])?;
        sink.write_all(&SNAPSHOT_BYTES.to_le_bytes())?;
        sink.write_all(&LINKTYPE_ETHERNET.to_le_bytes())?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { sink, time, packet: Vec::new() })
    }

    /// Sends bytes of one end's stream, in full segments of an MTU of 1500 as the measured links have them.
    pub(super) fn send(&mut self, connection: &mut Connection, from: Sender, bytes: &[u8]) -> io::Result<()> {
        let segments = bytes.chunks(Mtu::Standard.segment_bytes());
        let last = segments.len().saturating_sub(1);
        for (at, segment) in segments.enumerate() {
            self.segment(connection, from, segment, if at == last { Push::Yes } else { Push::No })?;
        }
        Ok(())
    }

    fn segment(
        &mut self,
        connection: &mut Connection,
        from: Sender,
        payload: &[u8],
        push: Push,
    ) -> io::Result<()> {
        const TTL: u8 = 64;
        const WINDOW: u16 = u16::MAX;
        let client = (CLIENT, connection.client_port);
        let server = (SERVER, SERVER_PORT);
        let ((source, destination), (next, acknowledged)) = match from {
            Sender::Client => ((client, server), (&mut connection.client_next, connection.server_next)),
            Sender::Server => ((server, client), (&mut connection.server_next, connection.client_next)),
        };
        let milliseconds = self.time.as_millis() as u32;
        let mut builder = PacketBuilder::ethernet2(source.0.0, destination.0.0)
            .ipv4(source.0.1, destination.0.1, TTL)
            .tcp(source.1, destination.1, *next, WINDOW)
            .ack(acknowledged)
            .options(&[
                TcpOptionElement::Noop,
                TcpOptionElement::Noop,
                TcpOptionElement::Timestamp(milliseconds, milliseconds),
            ])
            .map_err(io::Error::other)?;
        if push == Push::Yes {
            builder = builder.psh();
        }
        self.packet.clear();
        builder.write(&mut self.packet, payload).map_err(io::Error::other)?;
        *next = next.wrapping_add(payload.len() as u32);
        self.record()
    }

    fn record(&mut self) -> io::Result<()> {
        self.time += Duration::from_micros(1);
        let length = (self.packet.len() as u32).to_le_bytes();
        self.sink.write_all(&(self.time.as_secs() as u32).to_le_bytes())?;
        self.sink.write_all(&self.time.subsec_micros().to_le_bytes())?;
        self.sink.write_all(&length)?;
        self.sink.write_all(&length)?;
        self.sink.write_all(&self.packet)
    }

    /// Gives the sink back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Push {
    Yes,
    No,
}
