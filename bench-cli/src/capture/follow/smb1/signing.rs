//! Signing on an SMB1 connection: its key, its numbers, and what a signature is worth.

use std::ops::Range;

use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::sequence::SequenceNumbers;
use smbsign_engine::protocol::smb1::Header;
use smbsign_engine::protocol::{Sender, SequenceNumber, SigningKey};
use smbsign_engine::signing::{self, SigningError};

use super::{failed, is_notification};
use crate::capture::follow::message::{Failure, SignedWith, Unchecked, Verdict};
use crate::capture::keys::NoKey;

/// Numbers tried, from the next one up, when messages are missing.
const NUMBERS_TRIED: u32 = 1 << 16;
/// Bytes hashed in searching for lost numbers in vain, on one connection: a fraction of a second's work, and still
/// thousands of numbers for the longest messages.
const SEARCH_BYTES: u64 = 256 << 20;
/// What a number that was found gives back of them.
const REFUND_BYTES: u64 = 16 << 20;

/// Signing on a connection, from its first authenticated session on (rule 36).
#[derive(Clone)]
pub(super) struct Signing {
    pub(super) key: Result<PreparedKey, NoKey>,
    pub(super) numbers: SequenceNumbers,
    pub(super) signers: Signers,
    pub(super) counting: Counting,
    /// Numbers of requests that are missing.
    skipped: Vec<Range<u32>>,
    search_bytes_left: u64,
}

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signers {
    Both,
    /// Rule 37: numbers run, but nobody signs.
    Nobody,
    /// A guest's or an anonymous session: clients may sign with the key they have, the server has none.
    GuestAtMost,
}

/// Whether the numbers are those that both ends count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    Certain,
    /// The last request did not verify: how many numbers it took is as uncertain as its command.
    Doubtful {
        from: u32,
    },
    /// Messages are missing.
    Lost,
    /// Everything before is missing: no number was seen yet.
    Unknown,
}

impl Signing {
    /// From the response to the first session setup on (rule 31).
    pub(super) fn start(key: Result<PreparedKey, NoKey>, response: Header<'_>, signers: Signers) -> Self {
        Self {
            key,
            numbers: SequenceNumbers::start(response),
            signers,
            counting: Counting::Certain,
            skipped: Vec::new(),
            search_bytes_left: SEARCH_BYTES,
        }
    }

    /// On a connection whose beginning is missing: nothing is known but the key.
    pub(super) fn midway(key: &SigningKey) -> Self {
        Self {
            key: Ok(PreparedKey::new(key, Backend::detect())),
            numbers: SequenceNumbers::unknown(),
            signers: Signers::Nobody,
            counting: Counting::Unknown,
            skipped: Vec::new(),
            search_bytes_left: SEARCH_BYTES,
        }
    }

    /// Takes a message's number. Who sent it, TCP tells.
    pub(super) fn number(&mut self, sender: Sender, header: Header<'_>) -> Option<SequenceNumber> {
        match sender {
            _ if self.counting == Counting::Unknown => None,
            Sender::Client => Some(self.numbers.request(header)),
            // Rule 34.
            Sender::Server if is_notification(sender, header) => None,
            Sender::Server => self.numbers.response(header),
        }
    }

    pub(super) fn verify(
        &mut self,
        sender: Sender,
        header: Header<'_>,
        bytes: &[u8],
        number: Option<SequenceNumber>,
    ) -> Verdict {
        let key = match &self.key {
            Ok(key) => key,
            Err(reason) => return Verdict::Unchecked(reason.clone().into()),
        };
        let check = |number| signing::verify(key, sender, bytes, Some(number));
        let verdict = number.map(check);
        let counted = number.filter(|_| verdict == Some(Ok(signing::Verdict::Verified)));
        let mut hashed = 0;
        let found = counted.or_else(|| {
            let affordable = self.search_bytes_left / (bytes.len() as u64).max(1);
            self.candidates(sender, header, number)
                .take(usize::try_from(affordable).unwrap_or(usize::MAX))
                .inspect(|_| hashed += bytes.len() as u64)
                .find(|number| check(*number) == Ok(signing::Verdict::Verified))
        });
        self.search_bytes_left = self.search_bytes_left.saturating_sub(hashed);
        let Some(found) = found else {
            return self.not_verified(sender, header, number, verdict);
        };
        if header.sender() != sender {
            return Verdict::failed(Failure::WrongDirection);
        }
        if counted.is_none() {
            let next = if sender == Sender::Client { number } else { None }.unwrap_or(self.numbers.next());
            // Of a long way only the end: what came so much earlier has been answered.
            let nearest = found.0.saturating_sub(NUMBERS_TRIED);
            self.skipped.extend((next < found).then(|| next.0.max(nearest)..found.0));
            self.numbers.found(header, sender, found);
            self.search_bytes_left = SEARCH_BYTES.min(self.search_bytes_left + REFUND_BYTES);
        }
        if self.signers == Signers::Nobody {
            self.signers = Signers::Both;
        }
        Verdict::Verified(match sender {
            Sender::Client => {
                self.counting = Counting::Certain;
                SignedWith::Request(found)
            }
            Sender::Server => {
                if self.counting == Counting::Unknown {
                    self.counting = Counting::Lost;
                }
                SignedWith::Response(found)
            }
        })
    }

    /// The numbers that a message may have which does not verify with the one it should have: never one that was used,
    /// so that a replayed message is not taken for a new one.
    fn candidates(
        &self,
        sender: Sender,
        header: Header<'_>,
        number: Option<SequenceNumber>,
    ) -> impl Iterator<Item = SequenceNumber> + use<> {
        let ahead = |from: u32, count: u32| from..from.saturating_add(count);
        let next = match (self.counting, sender) {
            _ if header.signature().is_zero() => 0..0,
            (Counting::Certain, _) => 0..0,
            // The doubtful request took one number or two.
            (Counting::Doubtful { from }, _) => ahead(from, 2),
            (Counting::Unknown, _) => ahead(0, NUMBERS_TRIED),
            (Counting::Lost, Sender::Client) => number.map_or(0..0, |number| ahead(number.0, NUMBERS_TRIED)),
            (Counting::Lost, Sender::Server) => ahead(self.numbers.next().0, NUMBERS_TRIED),
        };
        // Requests that are missing may be answered later.
        let skipped = match sender {
            Sender::Server if !header.signature().is_zero() => self.skipped.clone(),
            _ => Vec::new(),
        };
        skipped.into_iter().rev().chain([next]).flatten().map(SequenceNumber)
    }

    fn not_verified(
        &mut self,
        sender: Sender,
        header: Header<'_>,
        number: Option<SequenceNumber>,
        verdict: Option<Result<signing::Verdict, SigningError>>,
    ) -> Verdict {
        let answers_missing_request = number.is_none() && !self.skipped.is_empty();
        let unsure = matches!(self.counting, Counting::Lost | Counting::Unknown);
        if unsure || answers_missing_request {
            return Verdict::Unchecked(Unchecked::SequenceLost);
        }
        if let (Sender::Client, Some(number), Counting::Certain) = (sender, number, self.counting) {
            self.counting = Counting::Doubtful { from: number.0.wrapping_add(1) };
        }
        let field = header.signature();
        let reason = if field.is_zero() { Failure::Missing } else { Failure::Mismatch };
        match verdict {
            None => failed(None, field, Failure::NoRequest),
            Some(Ok(signing::Verdict::BadSignature { expected, .. })) => {
                failed(Some(expected), field, reason)
            }
            Some(_) => Verdict::Unchecked(NoKey::WrongAlgorithm.into()),
        }
    }
}
