//! What smbsign's MACs and ciphers cost beside those of other crates, and what measuring them costs. The files under
//! `benches/` only name what to run.

pub mod instructions;
pub mod lanes;
pub mod macs;
pub mod offload;
#[cfg(feature = "peers")]
pub mod peers;
mod rivals;
pub mod sealing;
pub mod traffic;
