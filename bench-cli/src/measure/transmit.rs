//! Where signed messages go.

use smbsign_engine::protocol::framing;
use smbsign_engine::traffic::{FramePlace, Outgoing};

use crate::record::Transmit;

/// A transmit buffer that wraps, as a socket's does; or none, for a network card that reads the signed buffer itself.
#[derive(Debug)]
pub(super) struct TransmitBuffer {
    bytes: Vec<u8>,
    at: usize,
}

impl TransmitBuffer {
    /// A buffer of a socket's usual size, larger where one message needs it.
    pub(super) fn new(transmit: Transmit, longest_message: usize) -> Self {
        const SOCKET_BUFFER: usize = 512 << 10;
        let bytes = match transmit {
            Transmit::Copy => SOCKET_BUFFER.max(longest_message + framing::HEADER_BYTES),
            Transmit::None => 0,
        };
        Self { bytes: vec![0; bytes], at: 0 }
    }

    /// Copies a message, and the framing header before a frame's first.
    #[inline]
    pub(super) fn take(&mut self, message: &Outgoing<'_>) {
        if self.bytes.is_empty() {
            return;
        }
        let length = message.bytes.len();
        if self.at + framing::HEADER_BYTES + length > self.bytes.len() {
            self.at = 0;
        }
        if message.place == FramePlace::Opens {
            let header = (length as u32).to_be_bytes();
            self.bytes[self.at..self.at + framing::HEADER_BYTES].copy_from_slice(&header);
            self.at += framing::HEADER_BYTES;
        }
        self.bytes[self.at..self.at + length].copy_from_slice(message.bytes);
        self.at += length;
    }
}
