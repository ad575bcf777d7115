//! `smbsign policy`, and the exports that it reads.

mod command;
mod fleet;
mod readers;
mod systems;
