//! Messages made to be run together, and what the single-message path says of each.
#![allow(dead_code, reason = "each test file takes its part")]

use std::io::IoSlice;

use smbsign_engine::batch::{Message, Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{Sender, SequenceNumber, SigningAlgorithm, SigningKey};
use smbsign_engine::signing::{self, Verdict};

/// What is done to a message before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Sign,
    /// Verified as it was signed.
    Verify,
    /// Verified after the byte at this place, modulo the message's length, was changed (neither protocol id nor flags).
    VerifyChanged(usize),
    /// Verified although its header does not say that it is signed.
    VerifyUnsigned,
    /// Signed although it is an interim response (under SMB1: although its number is missing).
    Refuse,
}

/// A message to make.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) algorithm: SigningAlgorithm,
    /// Chooses the key.
    pub(crate) session: u8,
    /// Bytes that the MAC covers, at least a header's.
    pub(crate) bytes: usize,
    /// Where the message is cut; what lies within the header is left out.
    pub(crate) cuts: Vec<usize>,
    pub(crate) deed: Deed,
}

/// A message in memory, with its key, and what must become of it.
pub(crate) struct Made {
    pub(crate) plan: Plan,
    pub(crate) key: PreparedKey,
    pub(crate) sequence: Option<SequenceNumber>,
    /// The message as it runs, behind `offset` bytes of something else.
    pub(crate) pieces: Vec<Vec<u8>>,
    offset: usize,
    pub(crate) expected_bytes: Vec<u8>,
    pub(crate) expected: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Signed,
    Verdict(Verdict),
    Refused(signing::SigningError),
}

impl From<Expected> for Outcome {
    fn from(expected: Expected) -> Self {
        match expected {
            Expected::Signed => Self::Signed,
            Expected::Verdict(Verdict::Verified) => Self::Verified,
            Expected::Verdict(Verdict::NotSigned) => Self::NotSigned,
            Expected::Verdict(Verdict::BadSignature { .. }) => Self::BadSignature,
            Expected::Refused(error) => Self::Refused((&error).into()),
        }
    }
}

/// Bytes with period 251: no two blocks of a message are equal, so none can be swapped.
pub(crate) fn painted(bytes: usize, seed: u8) -> Vec<u8> {
    (0u8..251).cycle().skip(usize::from(seed)).take(bytes).collect()
}

pub(crate) fn signing_key(algorithm: SigningAlgorithm, session: u8) -> SigningKey {
    // SMB1's keys may be longer than a block: 16, 40, 63, 64, 65 or 200 bytes.
    let bytes = match algorithm {
        SigningAlgorithm::Md5 => [16, 16, 40, 63, 64, 65, 200, 16][usize::from(session % 8)],
        _ => 16,
    };
    let key: Vec<u8> = painted(bytes, session).iter().map(|byte| byte.wrapping_mul(7) ^ session).collect();
    SigningKey::new(algorithm, &key).expect("a length that the algorithm takes")
}

pub(crate) const fn header_bytes(algorithm: SigningAlgorithm) -> usize {
    match algorithm {
        SigningAlgorithm::Md5 => 32,
        _ => 64,
    }
}

fn unsigned_message(plan: &Plan) -> Vec<u8> {
    let mut bytes = painted(plan.bytes.max(header_bytes(plan.algorithm)), plan.session);
    if plan.algorithm == SigningAlgorithm::Md5 {
        bytes[..4].copy_from_slice(b"\xffSMB");
        bytes[10] &= !4;
        return bytes;
    }
    bytes[..6].copy_from_slice(b"\xfeSMB\x40\x00");
    bytes[16] &= !0x08;
    if plan.deed == Deed::Refuse {
        bytes[8..12].copy_from_slice(&0x0000_0103u32.to_le_bytes());
        bytes[16] |= 0x03;
    }
    bytes
}

impl Plan {
    /// Makes the message, `offset` bytes off an aligned place, for a backend; portable code says what must become of it.
    pub(crate) fn make(self, backend: Backend, offset: usize) -> Made {
        let key = signing_key(self.algorithm, self.session);
        let oracle = PreparedKey::new(&key, Backend::portable());
        let sequence = (self.algorithm == SigningAlgorithm::Md5 && self.deed != Deed::Refuse)
            .then(|| SequenceNumber(u32::from(self.session) * 3));
        let mut bytes = unsigned_message(&self);
        let sender = if bytes[16] & 1 == 1 { Sender::Server } else { Sender::Client };
        if matches!(self.deed, Deed::Verify | Deed::VerifyChanged(_)) {
            signing::sign(&oracle, &mut bytes, sequence).expect("a message that can be signed");
        }
        if let Deed::VerifyChanged(place) = self.deed {
            let first = if self.algorithm == SigningAlgorithm::Md5 { 12 } else { 24 };
            let place = first + place % (bytes.len() - first);
            bytes[place] ^= 0x40;
        }
        let mut expected_bytes = bytes.clone();
        let expected = match self.deed {
            Deed::Sign | Deed::Refuse => match signing::sign(&oracle, &mut expected_bytes, sequence) {
                Ok(()) => Expected::Signed,
                Err(error) => Expected::Refused(error),
            },
            _ => signing::verify(&oracle, sender, &bytes, sequence)
                .map_or_else(Expected::Refused, Expected::Verdict),
        };
        let mut pieces = Vec::new();
        let mut cuts: Vec<usize> = self.cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.retain(|cut| *cut >= header_bytes(self.algorithm));
        cuts.sort_unstable();
        let mut start = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            pieces.push([&vec![0xEE; offset][..], &bytes[start..cut]].concat());
            start = cut;
        }
        Made {
            key: PreparedKey::new(&key, backend),
            plan: self,
            sequence,
            pieces,
            offset,
            expected_bytes,
            expected,
        }
    }
}

impl Made {
    /// The body's slices, to be kept beside [`Self::message`].
    pub(crate) fn body(pieces: &[Vec<u8>], offset: usize) -> Vec<IoSlice<'_>> {
        pieces.iter().map(|piece| IoSlice::new(&piece[offset..])).collect()
    }

    /// What the deed asks for.
    pub(crate) fn operation(&self) -> Operation {
        match self.plan.deed {
            Deed::Sign | Deed::Refuse => Operation::Sign,
            _ => Operation::Verify(if self.expected_bytes[16] & 1 == 1 {
                Sender::Server
            } else {
                Sender::Client
            }),
        }
    }

    fn now(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| &piece[self.offset..]).copied().collect()
    }
}

/// Runs `run` over all messages at once and holds each outcome and each byte to the single-message path.
pub(crate) fn assert_same_as_alone(mut made: Vec<Made>, run: impl FnOnce(&mut [Message<'_>])) {
    let operations: Vec<_> = made.iter().map(Made::operation).collect();
    let outcomes: Vec<Outcome> = {
        let mut parts: Vec<_> = made
            .iter_mut()
            .map(|made| {
                let Made { key, pieces, sequence, offset, .. } = made;
                let (head, body) = pieces.split_first_mut().expect("a head");
                (&*key, &mut head[*offset..], Made::body(body, *offset), *sequence)
            })
            .collect();
        let mut messages: Vec<_> = parts
            .iter_mut()
            .zip(&operations)
            .map(|((key, head, body, sequence), operation)| {
                let mut message = Message::scattered(key, head, body, *operation);
                message.sequence = *sequence;
                message
            })
            .collect();
        run(&mut messages);
        messages.iter().map(|message| message.outcome).collect()
    };
    for (made, outcome) in made.iter().zip(outcomes) {
        assert_eq!(outcome, made.expected.into(), "{:?}, {:?}", made.plan, made.key);
        assert!(made.now() == made.expected_bytes, "other bytes than alone: {:?}, {:?}", made.plan, made.key);
        let canaries = made.pieces.iter().all(|piece| piece[..made.offset].iter().all(|byte| *byte == 0xEE));
        assert!(canaries, "a byte before a piece changed: {:?}", made.plan);
    }
}
