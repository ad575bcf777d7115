//! Any mix of messages run together, held to what becomes of each alone on portable code.
#![no_main]

use std::io::IoSlice;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use smbsign_engine::batch::{LaneScheduler, Message, Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{Sender, SequenceNumber, SigningAlgorithm, SigningKey};
use smbsign_engine::signing::{self, Verdict};

#[derive(Debug, Clone, Arbitrary)]
struct Plan {
    algorithm: u8,
    session: u8,
    /// Above 60,000 times eight: a few messages that take several steps.
    bytes: u16,
    paint: u8,
    /// The header's bytes after the protocol id and StructureSize.
    header: [u8; 16],
    cuts: Vec<u16>,
    offset: u8,
    deed: Deed,
    sequence: Option<u32>,
    /// Above 200: so many short ones follow that are as this one is, under keys of their own.
    alike: u8,
}

#[derive(Debug, Clone, Arbitrary)]
enum Deed {
    Sign,
    /// Verifies what was signed, then changed here.
    Verify { change: Option<u16> },
    /// Bytes as they are, which may be no message.
    Raw { sign: bool },
}

impl Plan {
    fn and_those_alike(&self) -> impl Iterator<Item = Self> {
        let count = if self.alike > 200 && self.bytes < 8000 { self.alike - 160 } else { 1 };
        (0..count).map(|session| Self { session: self.session.wrapping_add(session), ..self.clone() })
    }

    fn algorithm(&self) -> SigningAlgorithm {
        SigningAlgorithm::ALL[usize::from(self.algorithm % 4)]
    }

    fn key(&self) -> SigningKey {
        let key: Vec<u8> = (0..96).map(|byte| self.session.wrapping_mul(31).wrapping_add(byte)).collect();
        let bytes = if self.algorithm() == SigningAlgorithm::Md5 { 16 + usize::from(self.session % 80) } else { 16 };
        SigningKey::new(self.algorithm(), &key[..bytes]).expect("a length that the algorithm takes")
    }

    fn bytes(&self) -> Vec<u8> {
        let bytes = usize::from(self.bytes) * if self.bytes > 60_000 { 8 } else { 1 } / 4;
        let mut message: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8 ^ self.paint).collect();
        if let Deed::Raw { .. } = self.deed {
            return message;
        }
        message.resize(bytes.max(64), self.paint);
        let id: &[u8] = match self.algorithm() {
            SigningAlgorithm::Md5 => b"\xffSMB",
            _ => b"\xfeSMB\x40\0",
        };
        message[..id.len()].copy_from_slice(id);
        message[8..24].copy_from_slice(&self.header);
        message
    }
}

/// A message with all that it borrows.
struct Parts {
    key: PreparedKey,
    pieces: Vec<Vec<u8>>,
    operation: Operation,
    sequence: Option<SequenceNumber>,
    expected: Outcome,
    expected_bytes: Vec<u8>,
}

fn parts(plan: &Plan, backend: Backend) -> Parts {
    let key = plan.key();
    let oracle = PreparedKey::new(&key, Backend::portable());
    let sequence = plan.sequence.map(SequenceNumber);
    let mut bytes = plan.bytes();
    let sender = if plan.session % 2 == 0 { Sender::Client } else { Sender::Server };
    let operation = match plan.deed {
        Deed::Sign | Deed::Raw { sign: true } => Operation::Sign,
        Deed::Verify { change } => {
            let _ = signing::sign(&oracle, &mut bytes, sequence);
            if let Some(change) = change {
                let place = usize::from(change) % bytes.len();
                bytes[place] ^= 1;
            }
            Operation::Verify(sender)
        }
        Deed::Raw { sign: false } => Operation::Verify(sender),
    };
    let mut expected_bytes = bytes.clone();
    let expected = match operation {
        Operation::Sign => match signing::sign(&oracle, &mut expected_bytes, sequence) {
            Ok(()) => Outcome::Signed,
            Err(error) => Outcome::Refused((&error).into()),
        },
        Operation::Verify(sender) => match signing::verify(&oracle, sender, &bytes, sequence) {
            Ok(Verdict::Verified) => Outcome::Verified,
            Ok(Verdict::BadSignature { .. }) => Outcome::BadSignature,
            Ok(Verdict::NotSigned) => Outcome::NotSigned,
            Err(error) => Outcome::Refused((&error).into()),
        },
    };
    let mut cuts: Vec<usize> = plan.cuts.iter().map(|cut| usize::from(*cut) % (bytes.len() + 1)).collect();
    cuts.retain(|cut| *cut >= 64);
    cuts.truncate(Message::BODY_SLICES);
    cuts.sort_unstable();
    let padding = vec![0xEE; usize::from(plan.offset % 64)];
    let mut pieces = Vec::new();
    let mut start = 0;
    for cut in cuts.into_iter().chain([bytes.len()]) {
        pieces.push([&padding[..], &bytes[start..cut]].concat());
        start = cut;
    }
    Parts { key: PreparedKey::new(&key, backend), pieces, operation, sequence, expected, expected_bytes }
}

fuzz_target!(|plans: Vec<Plan>| {
    let plans: Vec<_> = plans.iter().flat_map(Plan::and_those_alike).collect();
    for backend in Backend::available() {
        let mut parts: Vec<_> = plans.iter().map(|plan| parts(plan, backend)).collect();
        let offsets = plans.iter().map(|plan| usize::from(plan.offset % 64));
        let mut borrowed: Vec<_> = parts
            .iter_mut()
            .zip(offsets.clone())
            .map(|(parts, offset)| {
                let (head, body) = parts.pieces.split_first_mut().expect("a head");
                let body: Vec<_> = body.iter().map(|piece| IoSlice::new(&piece[offset..])).collect();
                (&parts.key, &mut head[offset..], body, parts.operation, parts.sequence)
            })
            .collect();
        let mut messages: Vec<_> = borrowed
            .iter_mut()
            .map(|(key, head, body, operation, sequence)| {
                let mut message = Message::scattered(key, head, body, *operation);
                message.sequence = *sequence;
                message
            })
            .collect();
        LaneScheduler::new(backend).run(&mut messages.iter_mut());
        let outcomes: Vec<_> = messages.iter().map(|message| message.outcome).collect();
        for (((parts, outcome), offset), plan) in parts.iter().zip(outcomes).zip(offsets).zip(&plans) {
            assert_eq!(outcome, parts.expected, "{backend}, {plan:?}");
            let now: Vec<u8> = parts.pieces.iter().flat_map(|piece| &piece[offset..]).copied().collect();
            assert!(now == parts.expected_bytes, "{backend}, {plan:?}");
        }
    }
});
