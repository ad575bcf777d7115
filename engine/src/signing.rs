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

use std::fmt;

use crate::mac::PreparedKey;
use crate::protocol::framing::Protocol;
use crate::protocol::{
    MalformedMessage, Nonce, SecuritySignature, Sender, SequenceNumber, Signature, SigningAlgorithm, smb1,
    smb2, status,
};

/// Why a message can be neither signed nor verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The message's bytes are no SMB header.
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    /// A key of an algorithm that this generation of the protocol does not sign with.
    #[error("{0} does not sign such a message")]
    WrongAlgorithm(SigningAlgorithm),
    /// SMB1 signs a sequence number in place of the signature.
    #[error("an SMB1 message is signed with its sequence number")]
    SequenceNumberMissing,
    /// An interim response has its final response's MessageId: signing both would use one nonce twice (rule 13).
    #[error("an interim response is never signed")]
    InterimResponse,
}

/// What a signature field holds: 16 bytes under SMB2, 8 under SMB1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureField {
    /// Signature of an SMB2 header.
    Smb2(Signature),
    /// SecuritySignature of an SMB1 header.
    Smb1(SecuritySignature),
}

/// As the field's bytes in hexadecimal.
impl fmt::Display for SignatureField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smb2(signature) => signature.fmt(f),
            Self::Smb1(signature) => signature.fmt(f),
        }
    }
}

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
    match Protocol::of(message)? {
        Protocol::Smb1 => sign_smb1(key, message, sequence.ok_or(SigningError::SequenceNumberMissing)?),
        _ => sign_smb2(key, message),
    }
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
    match Protocol::of(message)? {
        Protocol::Smb1 => verify_smb1(key, message, sequence.ok_or(SigningError::SequenceNumberMissing)?),
        _ => verify_smb2(key, sender, message),
    }
}

fn sign_smb2(key: &PreparedKey, message: &mut [u8]) -> Result<(), SigningError> {
    let header = smb2::Header::parse(message)?;
    smb2_algorithm(key)?;
    if header.sender() == Sender::Server && header.status() == status::PENDING && header.is_async() {
        return Err(SigningError::InterimResponse);
    }
    let flags = header.flags().with(smb2::Flags::SIGNED);
    let nonce = Nonce::new(header.message_id(), header.sender(), header.command());
    message[smb2::FLAGS_FIELD].copy_from_slice(&flags.0.to_le_bytes());
    message[Signature::FIELD].fill(0);
    let tag = key.tag(&nonce, &[message]);
    message[Signature::FIELD].copy_from_slice(tag.as_bytes());
    Ok(())
}

fn verify_smb2(key: &PreparedKey, sender: Sender, message: &[u8]) -> Result<Verdict, SigningError> {
    let header = smb2::Header::parse(message)?;
    smb2_algorithm(key)?;
    if !header.is_signed() {
        return Ok(Verdict::NotSigned);
    }
    let (head, body) = message.split_at(smb2::HEADER_BYTES);
    let mut unsigned = [0; smb2::HEADER_BYTES];
    unsigned[..Signature::FIELD.start].copy_from_slice(&head[..Signature::FIELD.start]);
    let nonce = Nonce::new(header.message_id(), sender, header.command());
    let expected = Signature::from_bytes(*key.tag(&nonce, &[&unsigned, body]).as_bytes());
    let found = header.signature();
    Ok(verdict(SignatureField::Smb2(expected), SignatureField::Smb2(found)))
}

fn sign_smb1(key: &PreparedKey, message: &mut [u8], sequence: SequenceNumber) -> Result<(), SigningError> {
    let flags2 = smb1::Header::parse(message)?.flags2() | smb1::Header::SIGNED;
    smb1_algorithm(key)?;
    message[smb1::FLAGS2_FIELD].copy_from_slice(&flags2.to_le_bytes());
    message[SecuritySignature::FIELD].copy_from_slice(&sequence.signature_field());
    let signature = smb1_signature(key, &[message]);
    message[SecuritySignature::FIELD].copy_from_slice(signature.as_bytes());
    Ok(())
}

fn verify_smb1(key: &PreparedKey, message: &[u8], sequence: SequenceNumber) -> Result<Verdict, SigningError> {
    let header = smb1::Header::parse(message)?;
    smb1_algorithm(key)?;
    let (head, body) = message.split_at(smb1::HEADER_BYTES);
    let mut unsigned = [0; smb1::HEADER_BYTES];
    unsigned.copy_from_slice(head);
    unsigned[SecuritySignature::FIELD].copy_from_slice(&sequence.signature_field());
    let expected = smb1_signature(key, &[&unsigned, body]);
    Ok(verdict(SignatureField::Smb1(expected), SignatureField::Smb1(header.signature())))
}

/// The first 8 bytes of the MAC (rule 28).
fn smb1_signature(key: &PreparedKey, segments: &[&[u8]]) -> SecuritySignature {
    const NO_NONCE: Nonce = Nonce::from_bytes([0; Nonce::BYTES]);
    let mut field = [0; SecuritySignature::BYTES];
    field.copy_from_slice(&key.tag(&NO_NONCE, segments).as_bytes()[..SecuritySignature::BYTES]);
    SecuritySignature::from_bytes(field)
}

fn verdict(expected: SignatureField, found: SignatureField) -> Verdict {
    if expected == found { Verdict::Verified } else { Verdict::BadSignature { expected, found } }
}

fn smb1_algorithm(key: &PreparedKey) -> Result<(), SigningError> {
    match key.algorithm() {
        SigningAlgorithm::Md5 => Ok(()),
        other => Err(SigningError::WrongAlgorithm(other)),
    }
}

fn smb2_algorithm(key: &PreparedKey) -> Result<(), SigningError> {
    match key.algorithm() {
        SigningAlgorithm::Md5 => Err(SigningError::WrongAlgorithm(SigningAlgorithm::Md5)),
        _ => Ok(()),
    }
}
