//! How many byte times of Ethernet a frame of SMB messages takes.

use crate::protocol::transform;

/// The IP packet's largest size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mtu {
    /// 1500 bytes: 1448 of TCP payload in a frame that takes 1538 byte times.
    #[default]
    Standard,
    /// 9000 bytes: 8948 in 9038.
    Jumbo,
}

impl Mtu {
    /// The IP packet's largest size in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Standard => 1500,
            Self::Jumbo => 9000,
        }
    }

    /// TCP payload of a full frame.
    #[must_use]
    pub const fn segment_bytes(self) -> usize {
        self.bytes() - IP_AND_TCP
    }
}

/// Whether messages share TCP segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Packing {
    /// A frame that fits one segment goes alone, a longer one as part of a stream.
    #[default]
    BySize,
    /// A frame ends its own segment, as it does when a sender waits for answers.
    Alone,
    /// Back to back: every segment is full.
    Stream,
}

/// The way from SMB frames to byte times on the wire: IPv4 and TCP with timestamps over Ethernet, acknowledgements left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Wire {
    /// The IP packet's largest size.
    pub mtu: Mtu,
    /// Whether messages share segments.
    pub packing: Packing,
}

/// What stands around the messages of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Envelope {
    /// Nothing: they go in the clear, signed or not.
    #[default]
    Clear,
    /// The 52-byte transform header of SMB 3 encryption, around every frame that a signing session would sign.
    Transform,
}

impl Envelope {
    /// Bytes before the messages of such a frame, direct TCP's 4 not counted.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Clear => 0,
            Self::Transform => transform::HEADER_BYTES,
        }
    }
}

/// IPv4 header, TCP header, timestamps option.
const IP_AND_TCP: usize = 20 + 20 + 12;
/// Ethernet header, frame check sequence, preamble with start delimiter, inter-frame gap (IEEE 802.3 3.1, 4.4.2).
const ETHERNET: usize = 14 + 4 + 8 + 12;
/// What the smallest frame takes: 64 bytes, preamble, gap.
const SMALLEST_FRAME: usize = 64 + 8 + 12;

impl Wire {
    /// Byte times of a frame of `frame_bytes`, its 4 bytes of direct-TCP framing included.
    ///
    /// In a stream the last segment is shared, and a frame has its part of it, whence the fraction.
    #[must_use]
    pub fn bytes_of(self, frame_bytes: usize) -> f64 {
        let segment = self.mtu.segment_bytes();
        let alone = match self.packing {
            Packing::Alone => true,
            Packing::Stream => false,
            Packing::BySize => frame_bytes <= segment,
        };
        if alone {
            let rest = frame_bytes % segment;
            let last = if rest == 0 { 0 } else { (rest + IP_AND_TCP + ETHERNET).max(SMALLEST_FRAME) };
            (frame_bytes / segment * (self.mtu.bytes() + ETHERNET) + last) as f64
        } else {
            frame_bytes as f64 * (self.mtu.bytes() + ETHERNET) as f64 / segment as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMING: usize = 4;

    fn wire(packing: Packing) -> Wire {
        Wire { mtu: Mtu::Standard, packing }
    }

    /// Messages per second with `payload` bytes of file data in READ responses, back to back.
    fn messages_per_second(gigabits: f64, payload: usize) -> f64 {
        gigabits * 1e9 / 8.0 / wire(Packing::Stream).bytes_of(payload + 80 + FRAMING)
    }

    #[test]
    fn full_frames_take_1538_and_9038_byte_times() {
        for packing in [Packing::Alone, Packing::Stream, Packing::BySize] {
            assert_eq!(Wire { mtu: Mtu::Standard, packing }.bytes_of(1448), 1538.0);
            assert_eq!(Wire { mtu: Mtu::Jumbo, packing }.bytes_of(8948), 9038.0);
        }
    }

    #[test]
    fn a_message_of_128_bytes_alone_takes_222_and_departs_5_63_million_times_a_second_at_10_gbe() {
        let bytes = wire(Packing::BySize).bytes_of(128 + FRAMING);
        assert_eq!(bytes, 222.0);
        assert_eq!((10e9 / 8.0 / bytes / 1e4).round(), 563.0);
    }

    #[test]
    fn a_message_alone_pays_for_its_last_segment() {
        assert_eq!(wire(Packing::Alone).bytes_of(1448 + 1), 1538.0 + 91.0);
        assert_eq!(wire(Packing::Alone).bytes_of(2 * 1448), 2.0 * 1538.0);
    }

    #[test]
    fn bulk_rates_are_those_of_the_published_arithmetic() {
        for (gigabits, rates) in [
            (1.0, [28_154.0, 1_793.0, 112.0]),
            (10.0, [281_544.0, 17_934.0, 1_122.0]),
            (25.0, [703_859.0, 44_836.0, 2_806.0]),
            (40.0, [1.126e6, 71_738.0, 4_489.0]),
            (100.0, [2.815e6, 179_344.0, 11_222.0]),
        ] {
            for (payload, expected) in [4 << 10, 64 << 10, 1 << 20].into_iter().zip(rates) {
                let found = messages_per_second(gigabits, payload);
                assert!((found / expected - 1.0).abs() < 0.003, "{gigabits} GbE, {payload} B: {found}");
            }
        }
    }
}
