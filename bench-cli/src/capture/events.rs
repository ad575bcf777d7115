//! A capture as a sequence of events.

use std::collections::VecDeque;
use std::io::Read;
use std::net::SocketAddr;

use smbsign_engine::protocol::Sender;

use super::connections::Connections;
use super::damage::{Damage, FileError};
use super::file::PacketReader;
use super::link::Decoder;

/// What a capture holds, in wire order.
#[derive(Debug)]
pub enum Event {
    /// A connection's first event: frames or damage follow.
    Opened(Connection),
    /// A whole SMB frame.
    Frame(Frame),
    /// Something that could not be read.
    Damage(Damage),
    /// The connection with this index ended (FIN, RST, or a new one on the same ports): no more of it follows.
    Closed(usize),
}

/// A TCP connection that carries SMB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Counts connections from 0, in the order of their first frame.
    pub index: usize,
    /// The SMB client.
    pub client: SocketAddr,
    /// The SMB server.
    pub server: SocketAddr,
}

/// One SMB frame: a message, a compound chain or a transform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Counts frames from 1 over the whole capture.
    pub number: u64,
    /// The packet that completed it; counts from 1.
    pub packet: u64,
    /// Index of its connection.
    pub connection: usize,
    /// Who sent it.
    pub sender: Sender,
    /// Its bytes from the protocol identifier on, without the framing header.
    pub bytes: Vec<u8>,
}

/// Reads a capture from front to back.
///
/// Events come in the order of the packet that completes them; several from one packet in the order of the stream.
/// A response that the capture has before its request comes after it.
/// After a gap that never filled, the frames behind it come when it is given up, with the packets they were in.
#[derive(Debug)]
pub struct Events<R> {
    packets: PacketReader<R>,
    decoder: Decoder,
    connections: Connections,
    ready: VecDeque<Event>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
}

impl<R: Read> Events<R> {
    /// Opens a capture. `source` needs no buffer of its own.
    ///
    /// # Errors
    /// When the first bytes are no capture's.
    pub fn new(source: R) -> Result<Self, FileError> {
        Ok(Self {
            packets: PacketReader::new(source)?,
            decoder: Decoder::default(),
            connections: Connections::default(),
            ready: VecDeque::new(),
            state: State::Reading,
        })
    }

    fn read_packet(&mut self) {
        match self.packets.next_packet() {
            Ok(Some(packet)) => match self.decoder.segment(&packet) {
                Ok(Some(segment)) => self.connections.segment(packet.number, &segment, &mut self.ready),
                Ok(None) => {}
                Err(damage) => self.ready.push_back(Event::Damage(damage)),
            },
            Err(error) => self.ready.push_back(Event::Damage(error.into())),
            Ok(None) => {
                self.state = State::Ended;
                self.connections.end(&mut self.ready);
                self.ready.extend(self.decoder.end().map(Event::Damage));
            }
        }
    }
}

impl<R: Read> Iterator for Events<R> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        while self.ready.is_empty() && self.state == State::Reading {
            self.read_packet();
        }
        self.ready.pop_front()
    }
}
