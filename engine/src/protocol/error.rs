//! The one error of parsing.

/// Bytes that are not the SMB structure they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedMessage {
    /// The structure ends before its fixed part does.
    #[error("{structure} needs {needed} bytes, {found} are there")]
    TooShort {
        /// The structure's name in its specification.
        structure: &'static str,
        /// Bytes the fixed part takes.
        needed: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The first four bytes are no protocol identifier that belongs here.
    #[error("unknown protocol identifier {0:02x?}")]
    ProtocolId([u8; 4]),
    /// A field holds a value that its specification rules out.
    #[error("{field} holds {value}, which is out of bounds")]
    Field {
        /// The field's name in its specification.
        field: &'static str,
        /// What it holds.
        value: u64,
    },
}
