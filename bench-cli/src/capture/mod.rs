//! Capture files: packets, the TCP streams they carry, and the SMB frames in those streams.
//!
//! ```text
//! file         pcap and pcapng → numbered packets
//! link         link layer and IP → TCP segments            fragments: IP fragments put together
//! tcp          segments → each direction's bytes in order, gaps named
//! early        responses that the capture has before their requests
//! frames       bytes → SMB frames, resynchronised after a gap
//! conversation one connection: is it SMB, who is client and who server
//! connections  all of them: where one ends and the next begins, when memory is given back
//! events       all of it behind one iterator
//! follow       events → messages, each with a verdict or with the check that it hangs on
//! backlog      checks that wait, run together
//! verification all of it, to counts
//! ```
//!
//! [`Events`] reads any `std::io::Read` from front to back and holds only what is still incomplete. Whatever is
//! wrong with a capture comes out as [`Damage`] between the frames that could be read; only a file that is no capture
//! at all is refused.
//!
//! # Two numbers
//!
//! *Packet* numbers count the records of the file from 1, as Wireshark's frame column does. *Frame* numbers count SMB
//! frames (what one 4-byte framing header announces: a message, a compound chain or a transform) from 1, over all
//! connections, in wire order; the `frame` column of message lists holds these.

mod backlog;
mod connections;
mod conversation;
mod damage;
mod early;
mod events;
mod file;
pub mod follow;
mod fragments;
mod frames;
pub mod keys;
mod link;
mod tcp;
pub mod verification;

pub use damage::{Cause, Damage, FileError};
pub use events::{Connection, Event, Events, Frame};
pub use file::{Packet, PacketReader};
