//! The capture reader, from file bytes to SMB frames.

mod corpus;
mod damage;
mod files;
mod streams;
mod wire;
