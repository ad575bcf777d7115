//! The messages of a measurement, and when they depart: profiles, links, the generator and the pacer.
//!
//! Nothing here signs, counts latencies or talks to a network. A [`Profile`] says what is sent, a [`Wire`] how many
//! bytes of Ethernet that takes, the [`Generator`] hands out message after message with fresh numbers, and a
//! [`Schedule`] says when each of them departs at a [`LinkRate`].
//!
//! ```
//! use smbsign_engine::protocol::Dialect;
//! use smbsign_engine::traffic::{BulkMessage, Generator, GeneratorConfig, Profile};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let profile = Profile::bulk(BulkMessage::ReadResponse, Dialect::Smb311, 64 << 10)?;
//! let config = GeneratorConfig { sessions: Some(8), set_bytes: 512 << 10, seed: 1, ..GeneratorConfig::default() };
//! let mut generator = Generator::new(&profile, config);
//!
//! let message = generator.next_message();
//! assert_eq!(message.bytes.len(), 64 << 10);
//! assert_eq!(message.wire_bytes.round(), 69_614.0); // with framing, TCP/IP, Ethernet and the gap between frames
//! # Ok(())
//! # }
//! ```

mod arrival;
mod bulk;
mod exchange;
mod generator;
mod link;
mod pacer;
mod profile;
mod replay;
mod series;
mod template;
mod wire;

pub use arrival::{Arrival, InvalidArrival};
pub use bulk::BulkMessage;
pub use exchange::Exchange;
pub use generator::{FinishedFrame, Generator, GeneratorConfig, SetOrder};
pub use link::{InvalidLinkRate, LinkRate};
pub use pacer::{Clock, Pacer, Schedule};
pub use profile::{Profile, ProfileError};
pub use replay::RecordedMessage;
pub use series::{Outgoing, Series};
pub use template::{FramePlace, Signing, payload_bytes};
pub use wire::{Envelope, Mtu, Packing, Wire};

/// The longest message a generator makes: the largest SMB2 I/O of 16 MiB with room for everything around it.
///
/// Direct TCP itself ends at [`crate::protocol::framing::MAX_MESSAGE_BYTES`], 64 KiB and a byte below; SMB1 ends at 128 KiB − 1.
pub const MAX_MESSAGE_BYTES: usize = (16 << 20) + (64 << 10);
