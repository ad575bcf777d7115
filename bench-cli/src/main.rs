//! smbsign
fn main() {}
