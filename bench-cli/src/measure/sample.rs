//! Messages kept from a trial, and the second implementation that checks them.

use smbsign_engine::mac::reference;
use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::{
    CipherKey, MalformedMessage, Nonce, SecuritySignature, Sender, SequenceNumber, Signature, SigningKey,
    smb2,
};
use smbsign_engine::sealing::{self, SealingError};
use smbsign_engine::traffic::{Envelope, FramePlace, Outgoing, Signing};

/// A message as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) bytes: Vec<u8>,
    pub(super) session: usize,
    pub(super) sequence: Option<SequenceNumber>,
    pub(super) sender: Sender,
    pub(super) signing: Signing,
    pub(super) place: FramePlace,
    /// Transform header and ciphertext of the frame that `bytes` is, where it was sealed or opened; else empty.
    pub(super) sealed: Vec<u8>,
}

/// Why a sample is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SampleError {
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    #[error(transparent)]
    Reference(#[from] reference::ReferenceError),
    #[error("a signature differs from the reference implementation's")]
    WrongSignature,
    #[error("a frame does not open with the reference implementation: {0}")]
    NotOpened(#[from] SealingError),
    #[error("the reference implementation opens a frame to other bytes")]
    WrongPlaintext,
}

/// Room for samples, made and touched before the trial: a page fault is no part of signing.
#[derive(Debug)]
pub(super) struct Samples {
    room: Vec<Sample>,
    kept: usize,
}

impl Samples {
    /// Room for a message or frame of each of these lengths, in this order, twice where it is sealed too.
    pub(super) fn with_room(lengths: impl IntoIterator<Item = usize>, envelope: Envelope) -> Self {
        let sealed = |length| match envelope {
            Envelope::Clear => Vec::new(),
            Envelope::Transform => vec![0xff; length + envelope.bytes()],
        };
        let empty = |length| Sample {
            bytes: vec![0xff; length],
            session: 0,
            sequence: None,
            sender: Sender::Server,
            signing: Signing::Unsigned,
            place: FramePlace::Opens,
            sealed: sealed(length),
        };
        Self { room: lengths.into_iter().map(empty).collect(), kept: 0 }
    }

    /// For how many messages there is room in all.
    pub(super) const fn room(&self) -> usize {
        self.room.len()
    }

    /// How many were kept.
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }

    pub(super) const fn is_full(&self) -> bool {
        self.kept == self.room.len()
    }

    /// Keeps a frame, plaintext and sealed, while there is room.
    pub(super) fn keep_transformed(&mut self, session: usize, plaintext: &[u8], frame: &[u8]) {
        let Some(sample) = self.room.get_mut(self.kept) else { return };
        sample.bytes.clear();
        sample.bytes.extend_from_slice(plaintext);
        sample.sealed.clear();
        sample.sealed.extend_from_slice(frame);
        sample.session = session;
        sample.signing = Signing::Signed;
        self.kept += 1;
    }

    /// Keeps a message while there is room.
    pub(super) fn keep(&mut self, message: &Outgoing<'_>) {
        let Some(sample) = self.room.get_mut(self.kept) else { return };
        sample.bytes.clear();
        sample.bytes.extend_from_slice(message.bytes);
        sample.session = message.session;
        sample.sequence = message.sequence;
        sample.sender = message.sender;
        sample.signing = message.signing;
        sample.place = message.place;
        self.kept += 1;
    }

    /// What was kept.
    pub(super) fn into_kept(mut self) -> Vec<Sample> {
        self.room.truncate(self.kept);
        self.room
    }
}

impl Sample {
    pub(super) fn is_signed(&self) -> bool {
        self.signing == Signing::Signed
    }

    /// Opens the sealed frame with the RustCrypto reference, and compares what comes out.
    pub(super) fn check_sealed(&self, key: &CipherKey) -> Result<(), SampleError> {
        let opened = sealing::reference::open(key, &self.sealed)?;
        if opened == self.bytes { Ok(()) } else { Err(SampleError::WrongPlaintext) }
    }

    /// Compares the signature with what the RustCrypto reference makes of the message, in a few lines that share none
    /// with [`smbsign_engine::signing`].
    pub(super) fn check(&self, key: &SigningKey) -> Result<(), SampleError> {
        let mut message = self.bytes.clone();
        let (field, nonce) = match Protocol::of(&message)? {
            Protocol::Smb1 => (SecuritySignature::FIELD, Nonce::from_bytes([0; Nonce::BYTES])),
            _ => (Signature::FIELD, Nonce::of(&smb2::Header::parse(&message)?)),
        };
        let found = message[field.clone()].to_vec();
        message[field.clone()].fill(0);
        if let Some(SequenceNumber(number)) = self.sequence {
            message[field.start..field.start + 4].copy_from_slice(&number.to_le_bytes());
        }
        let tag = reference::tag(key, &nonce, &message)?;
        if tag.as_bytes()[..found.len()] == found { Ok(()) } else { Err(SampleError::WrongSignature) }
    }
}

#[cfg(test)]
mod tests {
    use smbsign_engine::kernels::Backend;
    use smbsign_engine::mac::PreparedKey;
    use smbsign_engine::protocol::Dialect;
    use smbsign_engine::signing;
    use smbsign_engine::traffic::{BulkMessage, Generator, GeneratorConfig, Profile};

    use super::*;

    #[test]
    fn a_right_signature_passes_and_any_flipped_bit_does_not() {
        for dialect in Dialect::ALL {
            for &algorithm in dialect.signing_algorithms() {
                let key = SigningKey::new(algorithm, &[9; 16]).unwrap();
                let profile = Profile::bulk(BulkMessage::ReadResponse, dialect, 300).unwrap();
                let config = GeneratorConfig { sessions: Some(1), seed: 3, ..GeneratorConfig::default() };
                let mut generator = Generator::new(&profile, config);
                let message = generator.next_message();
                let prepared = PreparedKey::new(&key, Backend::detect());
                signing::sign(&prepared, message.bytes, message.sequence).unwrap();
                let mut samples = Samples::with_room([300], Envelope::Clear);
                samples.keep(&generator.last());
                let mut sample = samples.into_kept().remove(0);
                assert_eq!(sample.check(&key), Ok(()));
                for byte in [9, 20, 50, 299] {
                    sample.bytes[byte] ^= 0x10;
                    assert_eq!(sample.check(&key), Err(SampleError::WrongSignature), "{dialect} byte {byte}");
                    sample.bytes[byte] ^= 0x10;
                }
            }
        }
    }
}
