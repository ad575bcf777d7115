//! The capture reader, from file bytes to SMB frames.

mod corpus;
