//! What smbsign's MACs cost beside those of other crates. The files under `benches/` only name what to run.

pub mod macs;
mod rivals;
