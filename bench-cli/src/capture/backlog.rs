//! Messages whose signatures are checked together, on all cores, and given back in wire order.

use rayon::prelude::*;
use smbsign_engine::batch::{self, Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::signing::Verdict;

use super::Frame;
use super::follow::{Judgement, Message};

/// Messages that wait at most, but for the last frame's.
pub const WAITING_MESSAGES: usize = 1 << 13;
/// Bytes that wait at most, but for the last frame's.
pub const WAITING_BYTES: usize = 4 << 20;

/// The messages from the first that is pending on.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    messages: Vec<Message<Judgement>>,
    /// The bytes of those that are pending, one behind the other. Copying them here costs less than a frame's memory of its
    /// own, which nobody has touched yet.
    bytes: Vec<u8>,
}

impl Backlog {
    /// Takes a frame's messages.
    pub(super) fn push(&mut self, frame: &Frame, messages: Vec<Message<Judgement>>) {
        for message in &messages {
            if message.verdict.pending().is_some() {
                self.bytes.extend_from_slice(message.bytes_in(frame));
            }
        }
        self.messages.extend(messages);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether it should be settled before it takes more.
    pub(super) fn is_full(&self) -> bool {
        self.messages.len() >= WAITING_MESSAGES || self.bytes.len() >= WAITING_BYTES
    }

    /// Checks what is pending, and gives all messages back in the order in which they came.
    pub(super) fn settle(&mut self) -> Vec<Message> {
        let mut rest = &mut self.bytes[..];
        let mut checks = Vec::new();
        for message in &self.messages {
            if let Some(check) = message.verdict.pending() {
                let bytes = rest.split_off_mut(..message.length).unwrap_or_default();
                checks.push(batch::Message::whole(&check.key, bytes, Operation::Verify(check.sender)));
            }
        }
        batch::process(&mut checks, Backend::detect());
        // What is wrong with a message is told alone. Mostly few are, but under a wrong key all.
        let pending: Vec<_> = self.messages.iter().filter_map(|message| message.verdict.pending()).collect();
        let verified: Vec<_> = checks
            .into_par_iter()
            .zip(pending)
            .map(|(checked, check)| match checked.outcome {
                Outcome::Verified => Ok(Verdict::Verified),
                _ => check.alone(checked.head),
            })
            .collect();
        self.bytes.clear();
        let mut verified = verified.into_iter();
        let mut verdict = |judgement| match judgement {
            Judgement::Settled(verdict) => verdict,
            Judgement::Pending(check) => {
                check.verdict(verified.next().expect("every check that was pending has run"))
            }
        };
        self.messages.drain(..).map(|message| message.map(&mut verdict)).collect()
    }
}
