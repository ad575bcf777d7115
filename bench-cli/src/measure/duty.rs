//! What a worker does to each message.

use std::ops::Range;

use smbsign_engine::batch::Outcome;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::Failure;
use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::{
    SecuritySignature, SequenceNumber, Signature, SigningKey, smb1, smb2, transform,
};
use smbsign_engine::sealing::{self, OpeningKey, SealingError, SealingKey};
use smbsign_engine::signing::{self, SigningError, Verdict};
use smbsign_engine::traffic::{FinishedFrame, Generator, Outgoing, Signing};

use super::keys::Keys;
use super::transmit::TransmitBuffer;
use crate::record::Direction;

/// The work, with its keys by session.
#[derive(Debug)]
pub(super) enum Duty {
    /// None: the unsigned baseline, which takes the same way.
    PassOn,
    /// All of signing but the MAC: what is left is the harness's own cost.
    Stamp,
    /// Sign each message.
    Sign(Vec<PreparedKey>),
    /// Verify each message.
    Verify(Vec<PreparedKey>),
    /// Encrypt each frame into the transmit buffer.
    Seal(Vec<SealingKey>),
    /// Decrypt each frame as it came in.
    Open(Vec<OpeningKey>, Received),
}

/// Work that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DutyError {
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Sealing(#[from] SealingError),
    #[error("a message that was signed here did not verify: {0:?}")]
    NotVerified(Verdict),
    #[error("a message was not done: {0:?}")]
    NotDone(Outcome),
    #[error("the offload engine did not do a message: {0}")]
    Failed(Failure),
}

impl Duty {
    /// Takes the next message and does it, transmission included; `sent` is told of it.
    #[inline]
    pub(super) fn carry_out<T>(
        &self,
        generator: &mut Generator,
        transmit: &mut TransmitBuffer,
        sent: impl FnOnce(&Outgoing<'_>) -> T,
    ) -> Result<T, DutyError> {
        match self {
            Self::PassOn => on_each(generator.next_message(), transmit, sent, |_| Ok(())),
            Self::Stamp => on_each(generator.next_message(), transmit, sent, |message| {
                stamp(message.bytes, message.sequence);
                Ok(())
            }),
            Self::Sign(keys) => on_each(generator.next_message(), transmit, sent, |message| {
                Ok(signing::sign(&keys[message.session], message.bytes, message.sequence)?)
            }),
            Self::Verify(keys) => on_each(generator.next_received(), transmit, sent, |message| {
                let key = &keys[message.session];
                match signing::verify(key, message.sender, message.bytes, message.sequence)? {
                    Verdict::Verified => Ok(()),
                    verdict => Err(DutyError::NotVerified(verdict)),
                }
            }),
            Self::Seal(keys) => {
                let sent = sent(&generator.next_message());
                on_each_frame(generator, transmit, |frame, transmit| {
                    let sealed = transmit.frame(transform::HEADER_BYTES + frame.bytes.len());
                    sealing::seal(&keys[frame.session], frame.bytes, sealed)
                })?;
                Ok(sent)
            }
            Self::Open(keys, received) => {
                let sent = sent(&generator.next_received());
                on_each_frame(generator, transmit, |frame, transmit| {
                    let opened = transmit.frame(frame.bytes.len());
                    sealing::open(&keys[frame.session], received.frame(frame.place), opened)
                })?;
                Ok(sent)
            }
        }
    }

    /// Of the frame that was transformed last, if the last message ended one: plaintext as it went in or came out, and
    /// transform header with ciphertext.
    pub(super) fn transformed<'a>(
        &'a self,
        generator: &'a Generator,
        transmit: &'a TransmitBuffer,
    ) -> Option<(&'a [u8], &'a [u8])> {
        let frame = generator.finished_frame().filter(|frame| frame.signing == Signing::Signed)?;
        match self {
            Self::Seal(_) => Some((frame.bytes, transmit.last())),
            Self::Open(_, received) => Some((transmit.last(), received.frame(frame.place))),
            _ => None,
        }
    }

    /// Whether frames are encrypted or decrypted, so that a message by itself proves nothing.
    pub(super) const fn transforms(&self) -> bool {
        matches!(self, Self::Seal(_) | Self::Open(..))
    }

    /// The duty of a protection's keys in a direction, and what a receiver gets signed or sealed before it is measured.
    pub(super) fn new(
        keys: &Keys,
        direction: Direction,
        backend: Backend,
        generator: &mut Generator,
    ) -> Result<Self, DutyError> {
        match (keys, direction) {
            (Keys::None, _) => Ok(Self::PassOn),
            (Keys::Null, _) => Ok(Self::Stamp),
            (Keys::Signing(keys), Direction::Sign) => Ok(Self::Sign(prepared(keys, backend))),
            (Keys::Signing(keys), Direction::Verify) => {
                let keys = prepared(keys, backend);
                for _ in 0..generator.buffers() {
                    let message = generator.next_message();
                    if message.signing == Signing::Signed {
                        signing::sign(&keys[message.session], message.bytes, message.sequence)?;
                    }
                }
                Ok(Self::Verify(keys))
            }
            (Keys::Cipher(_), Direction::Sign) => Ok(Self::Seal(keys.sealing(generator, backend))),
            (Keys::Cipher(ciphers), Direction::Verify) => {
                let received = Received::sealed(generator, &keys.sealing(generator, backend))?;
                let keys = ciphers.iter().map(|key| OpeningKey::new(key, backend)).collect();
                Ok(Self::Open(keys, received))
            }
        }
    }
}

fn prepared(keys: &[SigningKey], backend: Backend) -> Vec<PreparedKey> {
    keys.iter().map(|key| PreparedKey::new(key, backend)).collect()
}

#[inline]
fn on_each<T>(
    mut message: Outgoing<'_>,
    transmit: &mut TransmitBuffer,
    sent: impl FnOnce(&Outgoing<'_>) -> T,
    work: impl FnOnce(&mut Outgoing<'_>) -> Result<(), DutyError>,
) -> Result<T, DutyError> {
    if message.signing == Signing::Signed {
        work(&mut message)?;
    }
    transmit.take(message.bytes, message.place);
    Ok(sent(&message))
}

/// What the last message completed is transformed, or goes in the clear as it is.
#[inline]
fn on_each_frame(
    generator: &Generator,
    transmit: &mut TransmitBuffer,
    work: impl FnOnce(FinishedFrame<'_>, &mut TransmitBuffer) -> Result<(), SealingError>,
) -> Result<(), DutyError> {
    match generator.finished_frame() {
        Some(frame) if frame.signing == Signing::Signed => Ok(work(frame, transmit)?),
        Some(frame) => {
            transmit.frame(frame.bytes.len()).copy_from_slice(frame.bytes);
            Ok(())
        }
        None => Ok(()),
    }
}

/// Everything that signing writes, around a MAC that costs nothing.
#[inline]
pub(super) fn stamp(message: &mut [u8], sequence: Option<SequenceNumber>) {
    match Protocol::of(message) {
        Ok(Protocol::Smb1) => {
            if let Ok(header) = smb1::Header::parse(message) {
                let flags2 = header.flags2() | smb1::Header::SIGNED;
                message[smb1::FLAGS2_FIELD].copy_from_slice(&flags2.to_le_bytes());
                let field = sequence.unwrap_or(SequenceNumber(0)).signature_field();
                message[SecuritySignature::FIELD].copy_from_slice(&field);
            }
        }
        _ => {
            if let Ok(header) = smb2::Header::parse(message) {
                let (id, flags) = (header.message_id().0, header.flags().with(smb2::Flags::SIGNED));
                message[smb2::FLAGS_FIELD].copy_from_slice(&flags.0.to_le_bytes());
                let tag = u128::from(id).to_le_bytes();
                message[Signature::FIELD].copy_from_slice(&tag);
            }
        }
    }
}

/// Sealed frames as they came in, by their place in the set.
#[derive(Debug)]
pub(super) struct Received {
    bytes: Vec<u8>,
    frames: Vec<Range<usize>>,
}

impl Received {
    /// Seals every frame of the set that a session seals.
    fn sealed(generator: &mut Generator, keys: &[SealingKey]) -> Result<Self, SealingError> {
        const CACHE_LINE: usize = 64;
        const PAGE: usize = 4096;
        let mut received = Self { bytes: Vec::new(), frames: vec![0..0; generator.buffers()] };
        for _ in 0..generator.buffers() {
            generator.next_message();
            let Some(frame) = generator.finished_frame().filter(|frame| frame.signing == Signing::Signed)
            else {
                continue;
            };
            let start = received.bytes.len();
            let end = start + transform::HEADER_BYTES + frame.bytes.len();
            // Laid out as the generator's own buffers are.
            let mut stride = (end - start).next_multiple_of(CACHE_LINE);
            if stride.is_multiple_of(PAGE) {
                stride += CACHE_LINE;
            }
            received.bytes.resize(start + stride, 0);
            sealing::seal(&keys[frame.session], frame.bytes, &mut received.bytes[start..end])?;
            received.frames[frame.place] = start..end;
        }
        Ok(received)
    }

    #[inline]
    fn frame(&self, place: usize) -> &[u8] {
        &self.bytes[self.frames[place].clone()]
    }
}
