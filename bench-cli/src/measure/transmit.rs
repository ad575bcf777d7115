//! Where signed messages go.

use smbsign_engine::protocol::framing;
use smbsign_engine::traffic::FramePlace;

/// A transmit buffer that wraps, as a socket's does; or none, for a network card that reads the signed buffer itself.
#[derive(Debug)]
pub(super) struct TransmitBuffer {
    bytes: Vec<u8>,
    at: usize,
    /// Where the frame that was made here last begins.
    last: usize,
}

impl TransmitBuffer {
    /// A buffer of a socket's usual size, larger where one frame needs it.
    pub(super) fn new(longest_frame: usize) -> Self {
        const SOCKET_BUFFER: usize = 512 << 10;
        let bytes = vec![0; SOCKET_BUFFER.max(longest_frame + framing::HEADER_BYTES)];
        Self { bytes, at: 0, last: 0 }
    }

    /// No buffer: what is taken goes nowhere.
    pub(super) const fn none() -> Self {
        Self { bytes: Vec::new(), at: 0, last: 0 }
    }

    /// Copies a message, and the framing header before a frame's first.
    #[inline]
    pub(super) fn take(&mut self, message: &[u8], place: FramePlace) {
        if self.bytes.is_empty() {
            return;
        }
        let length = message.len();
        if place == FramePlace::Opens {
            self.frame(length).copy_from_slice(message);
            return;
        }
        if self.at + length > self.bytes.len() {
            self.at = 0;
        }
        self.bytes[self.at..self.at + length].copy_from_slice(message);
        self.at += length;
    }

    /// Room for the next frame, behind its framing header; not to be asked of [`Self::none`].
    #[inline]
    pub(super) fn frame(&mut self, length: usize) -> &mut [u8] {
        if self.at + framing::HEADER_BYTES + length > self.bytes.len() {
            self.at = 0;
        }
        self.last = self.at + framing::HEADER_BYTES;
        self.bytes[self.at..self.last].copy_from_slice(&(length as u32).to_be_bytes());
        self.at = self.last + length;
        &mut self.bytes[self.last..self.at]
    }

    /// The frame that was made last.
    pub(super) fn last(&self) -> &[u8] {
        &self.bytes[self.last..self.at]
    }
}
