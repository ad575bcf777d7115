//! Signs and verifies one message of any dialect.
//!
//! ```
//! use smbsign_engine::kernels::Backend;
//! use smbsign_engine::mac::PreparedKey;
//! use smbsign_engine::protocol::{Sender, SessionKey, SigningAlgorithm, SigningKey, Dialect, smb2};
//! use smbsign_engine::signing::{self, Verdict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let session = SessionKey::new(&[7; 16])?;
//! let key = SigningKey::derive(&session, Dialect::Smb300, SigningAlgorithm::AesCmac, None)?;
//! let key = PreparedKey::new(&key, Backend::detect());
//!
//! let header = smb2::HeaderFields {
//!     credit_charge: 1,
//!     status: 0,
//!     command: smb2::Command::ECHO,
//!     credits: 1,
//!     flags: smb2::Flags(0),
//!     next_command: 0,
//!     message_id: smb2::MessageId(9),
//!     process_and_tree: 0,
//!     session_id: smb2::SessionId(1),
//! };
//! let mut message = [&header.encode()[..], &[4, 0, 0, 0]].concat();
//! signing::sign(&key, &mut message, None)?;
//! assert_eq!(signing::verify(&key, Sender::Client, &message, None)?, Verdict::Verified);
//! # Ok(())
//! # }
//! ```

use crate::mac::{PreparedKey, Tag};
use crate::protocol::{Opening, Sender, SequenceNumber};
pub use crate::protocol::{SignatureField, SigningError};

/// What verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is right.
    Verified,
    /// The signature is wrong.
    BadSignature {
        /// What the field should hold.
        expected: SignatureField,
        /// What it holds.
        found: SignatureField,
    },
    /// The SMB2 header does not say that the message is signed. SMB1's flag is no such proof (rule 30), so that an
    /// SMB1 message is always checked.
    NotSigned,
}

/// Signs a whole message in place, from its protocol id to its end: a compound's member with its padding (rule 5).
///
/// Sets the header's SIGNED bit, which the MAC covers (rule 4), and fills in the signature field. `sequence` is
/// SMB1's number, and ignored for SMB2, whose nonce comes from the header (rule 11).
///
/// # Errors
/// [`SigningError`]; the message is then as it was.
pub fn sign(
    key: &PreparedKey,
    message: &mut [u8],
    sequence: Option<SequenceNumber>,
) -> Result<(), SigningError> {
    let opening = Opening::to_sign(key.algorithm(), message, sequence)?;
    // In place: the MAC then reads the message in one piece.
    opening.cover(message);
    let tag = key.tag(&opening.nonce(message), &[message]);
    opening.complete(tag.as_bytes(), message);
    Ok(())
}

/// Verifies a whole message as received: only the signature field counts as something else under the MAC (rule 8).
///
/// `sender` is who sent the message as far as the connection tells. It enters the AES-GMAC nonce, so that a message
/// whose header claims the other direction does not verify.
///
/// A response may carry a copy of its request's signature and still say SIGNED (rule 23); it is a
/// [`Verdict::BadSignature`] here, since telling it takes the request.
///
/// # Errors
/// [`SigningError`].
pub fn verify(
    key: &PreparedKey,
    sender: Sender,
    message: &[u8],
    sequence: Option<SequenceNumber>,
) -> Result<Verdict, SigningError> {
    let Some(opening) = Opening::to_verify(key.algorithm(), sender, message, sequence)? else {
        return Ok(Verdict::NotSigned);
    };
    let expected = opening.signature(tag(key, &opening, message).as_bytes());
    let found = opening.found(message);
    Ok(if expected == found { Verdict::Verified } else { Verdict::BadSignature { expected, found } })
}

fn tag(key: &PreparedKey, opening: &Opening, message: &[u8]) -> Tag {
    let (header, body) = message.split_at(opening.bytes());
    let mut copy = [0; Opening::MAX_BYTES];
    let (covered, _) = copy.split_at_mut(header.len());
    covered.copy_from_slice(header);
    opening.cover(covered);
    key.tag(&opening.nonce(message), &[covered, body])
}
