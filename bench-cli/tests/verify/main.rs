//! `smbsign verify`, on captures of real clients and servers.
//!
//! A small set of them lies in `tests/data/captures`; where the full sets are found beside the repository, they run too,
//! and the output says which did.

mod captures;
mod challenge_response;
mod command;
mod damage;
mod odd;
mod sets;
mod tampering;
mod waiting;
