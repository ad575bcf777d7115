//! A message's header as its signature covers it, and where the signature goes.

use std::fmt;
use std::ops::Range;

use super::framing::Protocol;
use super::{
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

/// The header of a message that can be signed or verified, as the MAC covers it: SIGNED set if it is to be signed, and the
/// signature field zero (rule 4), or under SMB1 holding the sequence number (rule 28).
///
/// The MAC covers these bytes and then everything that follows the header in the message.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    bytes: [u8; smb2::HEADER_BYTES],
    generation: Generation,
}

#[derive(Debug, Clone, Copy)]
enum Generation {
    Smb1,
    Smb2(Sender),
}

impl Opening {
    /// The opening of a message to be signed: `head` is the message, or at least its header.
    ///
    /// `sequence` is SMB1's number, and ignored for SMB2, whose nonce comes from the header (rule 11).
    ///
    /// # Errors
    /// [`SigningError`].
    #[inline]
    pub fn to_sign(
        algorithm: SigningAlgorithm,
        head: &[u8],
        sequence: Option<SequenceNumber>,
    ) -> Result<Self, SigningError> {
        match Protocol::of(head)? {
            Protocol::Smb1 => {
                let mut opening = Self::smb1(algorithm, head, sequence)?;
                let flags2 = smb1::Header::parse(head)?.flags2() | smb1::Header::SIGNED;
                opening.bytes[smb1::FLAGS2_FIELD].copy_from_slice(&flags2.to_le_bytes());
                Ok(opening)
            }
            _ => {
                let header = smb2::Header::parse(head)?;
                smb2_algorithm(algorithm)?;
                let sender = header.sender();
                if header.is_async() && sender == Sender::Server && header.status() == status::PENDING {
                    return Err(SigningError::InterimResponse);
                }
                let mut opening = Self::smb2(head, sender);
                let flags = header.flags().with(smb2::Flags::SIGNED);
                opening.bytes[smb2::FLAGS_FIELD].copy_from_slice(&flags.0.to_le_bytes());
                Ok(opening)
            }
        }
    }

    /// The opening of a message to be verified; `None` if its SMB2 header does not say that it is signed. SMB1's flag is
    /// no such proof (rule 30), so that an SMB1 message is always checked.
    ///
    /// `sender` is who sent the message as far as the connection tells; it enters the AES-GMAC nonce.
    ///
    /// # Errors
    /// [`SigningError`].
    #[inline]
    pub fn to_verify(
        algorithm: SigningAlgorithm,
        sender: Sender,
        head: &[u8],
        sequence: Option<SequenceNumber>,
    ) -> Result<Option<Self>, SigningError> {
        match Protocol::of(head)? {
            Protocol::Smb1 => Self::smb1(algorithm, head, sequence).map(Some),
            _ => {
                let header = smb2::Header::parse(head)?;
                smb2_algorithm(algorithm)?;
                Ok(header.is_signed().then(|| Self::smb2(head, sender)))
            }
        }
    }

    #[inline]
    fn smb2(head: &[u8], sender: Sender) -> Self {
        let mut bytes = [0; smb2::HEADER_BYTES];
        if let Some(covered) = head.get(..Signature::FIELD.start) {
            bytes[..Signature::FIELD.start].copy_from_slice(covered);
        }
        Self { bytes, generation: Generation::Smb2(sender) }
    }

    fn smb1(
        algorithm: SigningAlgorithm,
        head: &[u8],
        sequence: Option<SequenceNumber>,
    ) -> Result<Self, SigningError> {
        let sequence = sequence.ok_or(SigningError::SequenceNumberMissing)?;
        smb1::Header::parse(head)?;
        if algorithm != SigningAlgorithm::Md5 {
            return Err(SigningError::WrongAlgorithm(algorithm));
        }
        let mut bytes = [0; smb2::HEADER_BYTES];
        for (to, from) in bytes.iter_mut().zip(head).take(smb1::HEADER_BYTES) {
            *to = *from;
        }
        bytes[SecuritySignature::FIELD].copy_from_slice(&sequence.signature_field());
        Ok(Self { bytes, generation: Generation::Smb1 })
    }

    /// The header's bytes: 64 under SMB2, 32 under SMB1.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self.generation {
            Generation::Smb1 => self.bytes.split_at(smb1::HEADER_BYTES).0,
            Generation::Smb2(_) => &self.bytes,
        }
    }

    /// What AES-GMAC takes beside the message; zeros under SMB1, which has none.
    #[inline]
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        match (self.generation, smb2::Header::parse(&self.bytes)) {
            (Generation::Smb2(sender), Ok(header)) => {
                Nonce::new(header.message_id(), sender, header.command())
            }
            _ => Nonce::from_bytes([0; Nonce::BYTES]),
        }
    }

    /// The field that a MAC of the opening and what follows it makes: all of it under SMB2, half of it under SMB1.
    #[inline]
    #[must_use]
    pub fn signature(&self, mac: &[u8; 16]) -> SignatureField {
        match self.generation {
            Generation::Smb1 => {
                let mut half = [0; SecuritySignature::BYTES];
                half.copy_from_slice(&mac[..SecuritySignature::BYTES]);
                SignatureField::Smb1(SecuritySignature::from_bytes(half))
            }
            Generation::Smb2(_) => SignatureField::Smb2(Signature::from_bytes(*mac)),
        }
    }

    /// The field as it stands in the message that begins with `head`; zeros if the header is not there.
    #[inline]
    #[must_use]
    pub fn found(&self, head: &[u8]) -> SignatureField {
        match self.generation {
            Generation::Smb1 => {
                SignatureField::Smb1(SecuritySignature::from_bytes(field(head, SecuritySignature::FIELD)))
            }
            Generation::Smb2(_) => SignatureField::Smb2(Signature::from_bytes(field(head, Signature::FIELD))),
        }
    }

    /// Makes the message that begins with `head` a signed one: sets SIGNED and fills in the signature field.
    #[inline]
    pub fn complete(&self, mac: &[u8; 16], head: &mut [u8]) {
        let (flags, signature) = match self.generation {
            Generation::Smb1 => (smb1::FLAGS2_FIELD, SecuritySignature::FIELD),
            Generation::Smb2(_) => (smb2::FLAGS_FIELD, Signature::FIELD),
        };
        if let (Some(to), Some(from)) = (head.get_mut(flags.clone()), self.bytes.get(flags)) {
            to.copy_from_slice(from);
        }
        for (to, from) in head.get_mut(signature).into_iter().flatten().zip(mac) {
            *to = *from;
        }
    }
}

fn field<const N: usize>(head: &[u8], at: Range<usize>) -> [u8; N] {
    head.get(at).and_then(|field| field.first_chunk().copied()).unwrap_or([0; N])
}

fn smb2_algorithm(algorithm: SigningAlgorithm) -> Result<(), SigningError> {
    match algorithm {
        SigningAlgorithm::Md5 => Err(SigningError::WrongAlgorithm(SigningAlgorithm::Md5)),
        _ => Ok(()),
    }
}
