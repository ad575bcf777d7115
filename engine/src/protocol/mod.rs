//! What MS-CIFS, MS-SMB and MS-SMB2 say about signing and encryption, as pure bytes.
//!
//! Nothing here reads a clock, a file or a socket, and nothing computes a message's MAC: this room knows where a
//! signature lies, which bytes it covers, which key and nonce belong to it, and how those keys come about.
//! Malformed bytes give [`MalformedMessage`]; nothing panics.
//!
//! Comments of the form *rule 7* name the numbered signing rules, each observed in real traffic; `ARCHITECTURE.md`
//! lists them with the file that keeps each.

pub mod algorithm;
mod command;
pub mod dialect;
mod error;
pub mod framing;
mod kdf;
pub mod keys;
pub mod negotiate;
pub mod nonce;
pub mod opening;
pub mod preauth;
mod reader;
pub mod sequence;
pub mod session_setup;
pub mod signature;
pub mod smb1;
pub mod smb2;
pub mod status;
pub mod transform;

pub use algorithm::{Cipher, SigningAlgorithm};
pub use dialect::Dialect;
pub use error::MalformedMessage;
pub use keys::{ApplicationKey, CipherKey, KeyError, SessionKey, SigningKey};
pub use nonce::Nonce;
pub(crate) use opening::{Generation, Mark};
pub use opening::{Opening, SignatureField, SigningError};
pub use preauth::PreauthHash;
pub use sequence::SequenceNumber;
pub use signature::{SecuritySignature, Signature};

/// Which end of a connection sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The SMB client: requests.
    Client,
    /// The SMB server: responses and notifications.
    Server,
}
