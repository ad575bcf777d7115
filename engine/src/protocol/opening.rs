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

/// How the MAC sees the header of a message that can be signed or verified: with SIGNED set if it is to be signed, and the
/// signature field zero (rule 4), or under SMB1 holding the sequence number (rule 28).
///
/// The MAC covers the header so changed, and then everything that follows it in the message.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    generation: Generation,
    /// Who sent an SMB2 message, for the nonce.
    sender: Sender,
    /// The flags under the MAC: Flags, or SMB1's Flags2.
    flags: u32,
    /// What stands in SMB1's signature field under the MAC.
    sequence: SequenceNumber,
}

/// Which of the two headers a message has, and with it where its signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    /// A header of 32 bytes, and a signature of 8.
    Smb1,
    /// A header of 64 bytes, and a signature of 16.
    Smb2,
}

impl Generation {
    /// What an algorithm signs (rules 8, 28).
    #[inline(always)]
    pub(crate) const fn signed_with(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Md5 => Self::Smb1,
            SigningAlgorithm::HmacSha256 | SigningAlgorithm::AesCmac | SigningAlgorithm::AesGmac => {
                Self::Smb2
            }
        }
    }

    /// How long the header is.
    #[inline(always)]
    pub(crate) const fn header_bytes(self) -> usize {
        match self {
            Self::Smb1 => smb1::HEADER_BYTES,
            Self::Smb2 => smb2::HEADER_BYTES,
        }
    }

    /// The field that a MAC makes: all of it under SMB2, half of it under SMB1.
    #[inline(always)]
    pub(crate) fn signature(self, mac: &[u8; 16]) -> SignatureField {
        match self {
            Self::Smb1 => SignatureField::Smb1(SecuritySignature::from_bytes(half(mac))),
            Self::Smb2 => SignatureField::Smb2(Signature::from_bytes(*mac)),
        }
    }

    /// The field as it stands in the message that begins with `head`; zeros if the header is not there.
    #[inline(always)]
    pub(crate) fn found(self, head: &[u8]) -> SignatureField {
        match self {
            Self::Smb1 => {
                SignatureField::Smb1(SecuritySignature::from_bytes(field(head, SecuritySignature::FIELD)))
            }
            Self::Smb2 => SignatureField::Smb2(Signature::from_bytes(field(head, Signature::FIELD))),
        }
    }

    /// Makes a copy of the message that begins with `head` what the MAC covers: sets SIGNED where the message is to be signed,
    /// and empties the signature field or puts SMB1's number there.
    #[inline(always)]
    pub(crate) fn cover(self, mark: Mark, sequence: SequenceNumber, head: &mut [u8]) {
        match self {
            Self::Smb1 => {
                if let Some(header) = head.first_chunk_mut::<{ smb1::HEADER_BYTES }>() {
                    mark.set(&mut header[smb1::FLAGS2_FIELD.start], smb1::Header::SIGNED as u8);
                    header[SecuritySignature::FIELD].copy_from_slice(&sequence.signature_field());
                }
            }
            Self::Smb2 => {
                if let Some(header) = head.first_chunk_mut::<{ smb2::HEADER_BYTES }>() {
                    mark.set(&mut header[smb2::FLAGS_FIELD.start], smb2::Flags::SIGNED.0 as u8);
                    header[Signature::FIELD].fill(0);
                }
            }
        }
    }

    /// Fills in the signature field of the message that begins with `head` and says already that it is signed.
    #[inline(always)]
    pub(crate) fn fill_in(self, mac: &[u8; 16], head: &mut [u8]) {
        match self {
            Self::Smb1 => {
                if let Some(header) = head.first_chunk_mut::<{ smb1::HEADER_BYTES }>() {
                    header[SecuritySignature::FIELD].copy_from_slice(&half(mac));
                }
            }
            Self::Smb2 => {
                if let Some(header) = head.first_chunk_mut::<{ smb2::HEADER_BYTES }>() {
                    header[Signature::FIELD].copy_from_slice(mac);
                }
            }
        }
    }

    /// Makes the message that begins with `head` a signed one: sets SIGNED and fills in the signature field.
    #[inline(always)]
    pub(crate) fn complete(self, mac: &[u8; 16], head: &mut [u8]) {
        match self {
            Self::Smb1 => {
                if let Some(header) = head.first_chunk_mut::<{ smb1::HEADER_BYTES }>() {
                    Mark::Set.set(&mut header[smb1::FLAGS2_FIELD.start], smb1::Header::SIGNED as u8);
                }
            }
            Self::Smb2 => {
                if let Some(header) = head.first_chunk_mut::<{ smb2::HEADER_BYTES }>() {
                    Mark::Set.set(&mut header[smb2::FLAGS_FIELD.start], smb2::Flags::SIGNED.0 as u8);
                }
            }
        }
        self.fill_in(mac, head);
    }
}

/// Whether a header is made to say that its message is signed, or left to say what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Set,
    Leave,
}

impl Mark {
    /// Both protocols have SIGNED in the flags' first byte.
    #[inline(always)]
    fn set(self, flags: &mut u8, signed: u8) {
        if self == Self::Set {
            *flags |= signed;
        }
    }
}

impl Opening {
    /// Bytes of the longer header.
    pub const MAX_BYTES: usize = smb2::HEADER_BYTES;

    /// What the MAC takes of an SMB2 header otherwise than as it stands: bits that it takes as they stand, and those that count
    /// as one; all others count as zero. Without its signature the header is the same to sign and to verify: SIGNED is set.
    pub(crate) const SMB2_COVER: [[u8; Self::MAX_BYTES]; 2] = {
        let (mut kept, mut set) = ([0xff; Self::MAX_BYTES], [0; Self::MAX_BYTES]);
        let mut at = Signature::FIELD.start;
        while at < Signature::FIELD.end {
            kept[at] = 0;
            at += 1;
        }
        let signed = smb2::Flags::SIGNED.0.to_le_bytes();
        let mut at = 0;
        while at < signed.len() {
            kept[smb2::FLAGS_FIELD.start + at] = !signed[at];
            set[smb2::FLAGS_FIELD.start + at] = signed[at];
            at += 1;
        }
        [kept, set]
    };

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
        Self::signable(algorithm, head, sequence).ok_or_else(|| {
            // What is well formed and yet not signable is an interim response.
            objection(algorithm, head, sequence).err().unwrap_or(SigningError::InterimResponse)
        })
    }

    /// [`Self::to_sign`] without the reason, which callers with many messages need for few.
    #[inline(always)]
    pub(crate) fn signable(
        algorithm: SigningAlgorithm,
        head: &[u8],
        sequence: Option<SequenceNumber>,
    ) -> Option<Self> {
        if algorithm == SigningAlgorithm::Md5 {
            let header = smb1::Header::parse(head).ok()?;
            return Some(Self::smb1(header.flags2() | smb1::Header::SIGNED, sequence?));
        }
        let header = smb2::Header::parse(head).ok()?;
        let sender = header.sender();
        if header.is_async() && sender == Sender::Server && header.status() == status::PENDING {
            return None;
        }
        Some(Self::smb2(header.flags().with(smb2::Flags::SIGNED), sender))
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
        match Self::verifiable(algorithm, sender, head, sequence) {
            Some(opening) => Ok(Some(opening)),
            None => objection(algorithm, head, sequence).map(|()| None),
        }
    }

    /// [`Self::to_verify`] without the reason, which callers with many messages need for few.
    #[inline(always)]
    pub(crate) fn verifiable(
        algorithm: SigningAlgorithm,
        sender: Sender,
        head: &[u8],
        sequence: Option<SequenceNumber>,
    ) -> Option<Self> {
        if algorithm == SigningAlgorithm::Md5 {
            return Some(Self::smb1(smb1::Header::parse(head).ok()?.flags2(), sequence?));
        }
        let header = smb2::Header::parse(head).ok()?;
        header.is_signed().then(|| Self::smb2(header.flags(), sender))
    }

    fn smb1(flags2: u16, sequence: SequenceNumber) -> Self {
        Self { generation: Generation::Smb1, sender: Sender::Client, flags: u32::from(flags2), sequence }
    }

    #[inline]
    const fn smb2(flags: smb2::Flags, sender: Sender) -> Self {
        Self { generation: Generation::Smb2, sender, flags: flags.0, sequence: SequenceNumber(0) }
    }

    /// How long the header is.
    #[inline]
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.generation.header_bytes()
    }

    /// Makes a copy of the message, or of its header, what the MAC covers: sets the flags, and empties the signature field
    /// or puts the sequence number there.
    #[inline]
    pub fn cover(&self, copy: &mut [u8]) {
        match self.generation {
            Generation::Smb1 => {
                if let Some(header) = copy.first_chunk_mut::<{ smb1::HEADER_BYTES }>() {
                    header[smb1::FLAGS2_FIELD].copy_from_slice(&(self.flags as u16).to_le_bytes());
                    header[SecuritySignature::FIELD].copy_from_slice(&self.sequence.signature_field());
                }
            }
            Generation::Smb2 => {
                if let Some(header) = copy.first_chunk_mut::<{ smb2::HEADER_BYTES }>() {
                    header[smb2::FLAGS_FIELD].copy_from_slice(&self.flags.to_le_bytes());
                    header[Signature::FIELD].fill(0);
                }
            }
        }
    }

    /// What AES-GMAC takes beside the message; zeros under SMB1, which has none. `head` is the message's beginning.
    #[inline]
    #[must_use]
    pub fn nonce(&self, head: &[u8]) -> Nonce {
        match (self.generation, head.first_chunk()) {
            (Generation::Smb2, Some(header)) => {
                let header = smb2::Header::of(header);
                Nonce::new(header.message_id(), self.sender, header.command())
            }
            _ => Nonce::from_bytes([0; Nonce::BYTES]),
        }
    }

    /// The field that a MAC makes: all of it under SMB2, half of it under SMB1.
    #[inline]
    #[must_use]
    pub fn signature(&self, mac: &[u8; 16]) -> SignatureField {
        self.generation.signature(mac)
    }

    /// The field as it stands in the message that begins with `head`; zeros if the header is not there.
    #[inline]
    #[must_use]
    pub fn found(&self, head: &[u8]) -> SignatureField {
        self.generation.found(head)
    }

    /// Makes the message that begins with `head` a signed one: sets SIGNED and fills in the signature field.
    #[inline]
    pub fn complete(&self, mac: &[u8; 16], head: &mut [u8]) {
        self.generation.complete(mac, head);
    }
}

/// What SMB1 signs with (rule 28).
fn half(mac: &[u8; 16]) -> [u8; SecuritySignature::BYTES] {
    (u128::from_le_bytes(*mac) as u64).to_le_bytes()
}

fn field<const N: usize>(head: &[u8], at: Range<usize>) -> [u8; N] {
    head.get(at).and_then(|field| field.first_chunk().copied()).unwrap_or([0; N])
}

/// Why a message can be neither signed nor verified; interim responses apart.
#[cold]
fn objection(
    algorithm: SigningAlgorithm,
    head: &[u8],
    sequence: Option<SequenceNumber>,
) -> Result<(), SigningError> {
    let fits = if Protocol::of(head)? == Protocol::Smb1 {
        sequence.ok_or(SigningError::SequenceNumberMissing)?;
        smb1::Header::parse(head)?;
        algorithm == SigningAlgorithm::Md5
    } else {
        smb2::Header::parse(head)?;
        algorithm != SigningAlgorithm::Md5
    };
    if fits { Ok(()) } else { Err(SigningError::WrongAlgorithm(algorithm)) }
}
