//! SMB1: one key and one row of numbers for a whole connection (rules 28 to 37).

use std::collections::HashMap;
use std::ops::Range;

use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::negotiate::Smb1NegotiateResponse;
use smbsign_engine::protocol::sequence::SequenceNumbers;
use smbsign_engine::protocol::session_setup::{Smb1Request, Smb1Response};
use smbsign_engine::protocol::smb1::{BEFORE_SIGNING, Command, Header, UNSOLICITED_MID};
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::{Dialect, SecuritySignature, Sender, SequenceNumber, SigningKey, status};
use smbsign_engine::signing::{self, SignatureField, SigningError};

use super::message::{self, Failure, Message, SignedWith, Unchecked, Unsigned, Verdict};
use super::{Coverage, Place};
use crate::capture::Connection;
use crate::capture::keys::ntlm::{self, Logon};
use crate::capture::keys::{Keys, NoKey};

/// Numbers tried, from the next one up, when messages are missing.
const NUMBERS_TRIED: u32 = 1 << 16;
/// Bytes hashed in searching for lost numbers in vain, on one connection: a fraction of a second's work, and still
/// thousands of numbers for the longest messages.
const SEARCH_BYTES: u64 = 256 << 20;
/// What a number that was found gives back of them.
const REFUND_BYTES: u64 = 16 << 20;

/// The SMB1 side of one connection.
#[derive(Clone, Default)]
pub(super) struct Smb1 {
    challenge: Option<[u8; 8]>,
    /// Session setups that await an answer, by MID.
    requested: HashMap<u16, Exchange>,
    /// Session setups that the server asked to go on with, by UID: its challenge.
    continued: HashMap<u16, [u8; 8]>,
    signing: Option<Signing>,
}

/// A session setup request, as far as its response depends on it.
#[derive(Clone)]
struct Exchange {
    field: SecuritySignature,
    logon: Option<Logon>,
    /// What the MAC key appends to the session key (rule 29).
    challenge_response: Vec<u8>,
}

/// Signing on a connection, from its first authenticated session on (rule 36).
#[derive(Clone)]
struct Signing {
    key: Result<PreparedKey, NoKey>,
    numbers: SequenceNumbers,
    /// Rule 37: numbers run, but nobody signs.
    active: bool,
    counting: Counting,
    /// Numbers of requests that are missing.
    skipped: Vec<Range<u32>>,
    search_bytes_left: u64,
}

/// Whether the numbers are those that both ends count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
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

impl Smb1 {
    pub(super) fn damage(&mut self) {
        if let Some(signing) = &mut self.signing
            && signing.counting != Counting::Unknown
        {
            signing.counting = Counting::Lost;
        }
    }

    /// One message: a frame holds one, AndX chains included (rule 28).
    pub(super) fn frame(
        &mut self,
        keys: &Keys,
        connection: &Connection,
        coverage: Coverage,
        place: Place,
        bytes: &[u8],
    ) -> Message {
        let header = match Header::parse(bytes) {
            Ok(header) => header,
            Err(error) => {
                let verdict = Verdict::failed(error.into());
                return place.message(None, message::Header::Unreadable, bytes.len(), verdict);
            }
        };
        if self.signing.is_none() && coverage == Coverage::InPart {
            self.signing = keys.smb1_key(connection).as_ref().map(Signing::midway);
        }
        let number = self.signing.as_mut().and_then(|signing| signing.number(place.sender, header));
        let verdict = match (header.command(), place.sender) {
            (Command::NEGOTIATE, sender) if self.signing.is_none() => {
                if sender == Sender::Server {
                    self.challenge =
                        Smb1NegotiateResponse::parse(bytes).ok().and_then(|response| response.challenge);
                }
                Verdict::Unsigned(Unsigned::Negotiate)
            }
            (Command::SESSION_SETUP_ANDX, Sender::Client) if self.awaits_logon() => {
                self.session_setup_request(header, bytes);
                Verdict::Unsigned(Unsigned::SessionSetupRequest)
            }
            (Command::SESSION_SETUP_ANDX, Sender::Server) if self.awaits_logon() => {
                let verdict = self.session_setup_response(keys, connection, header, bytes);
                self.unless_later_session(coverage, verdict)
            }
            (_, sender) => self.judge(coverage, sender, header, bytes, number),
        };
        place.message(Some(Dialect::Smb1), message::Header::of_smb1(header), bytes.len(), verdict)
    }

    /// Whether a session setup may be the one that signing starts with.
    fn awaits_logon(&self) -> bool {
        self.signing.as_ref().is_none_or(|signing| !signing.active && signing.counting == Counting::Certain)
    }

    /// Where the beginning is missing, a session setup that does not verify as the connection's first is a later one.
    fn unless_later_session(&mut self, coverage: Coverage, verdict: Verdict) -> Verdict {
        if coverage == Coverage::InPart && matches!(verdict, Verdict::Failed { .. }) {
            self.signing = None;
            return Verdict::Unchecked(NoKey::NoSessionSetup.into());
        }
        verdict
    }

    /// Rule 30: not signed, whatever Flags2 says and the field holds.
    fn session_setup_request(&mut self, header: Header<'_>, bytes: &[u8]) {
        let request = Smb1Request::parse(bytes).ok();
        let continued = self.continued.remove(&header.uid());
        let logon = request.as_ref().and_then(|request| match request {
            Smb1Request::Extended { token } => Logon::from_token(token, continued?),
            Smb1Request::Responses { .. } => Logon::from_smb1(request, self.challenge?),
        });
        let challenge_response = match request {
            Some(Smb1Request::Responses { nt, .. }) => nt.to_vec(),
            _ => Vec::new(),
        };
        let exchange = Exchange { field: header.signature(), logon, challenge_response };
        self.requested.insert(header.mid(), exchange);
    }

    fn session_setup_response(
        &mut self,
        keys: &Keys,
        connection: &Connection,
        header: Header<'_>,
        bytes: &[u8],
    ) -> Verdict {
        let exchange = self.requested.remove(&header.mid());
        let field = header.signature();
        let copied = exchange.as_ref().is_some_and(|exchange| exchange.field == field);
        let signed = !copied && !is_placeholder(field);
        let response = Smb1Response::parse(bytes).ok();
        match header.status() {
            status::SUCCESS => {}
            _ if signed => return failed(None, field, Failure::BeforeKey),
            status::MORE_PROCESSING_REQUIRED => {
                let challenge = response.and_then(|response| ntlm::challenge(response.token));
                self.continued.extend(challenge.map(|challenge| (header.uid(), challenge)));
                return Verdict::Unsigned(Unsigned::SessionSetupContinues);
            }
            error => return Verdict::Unsigned(Unsigned::SessionSetupFailed(error)),
        }
        let anonymous =
            exchange.as_ref().and_then(|exchange| exchange.logon.as_ref()).is_some_and(Logon::is_anonymous);
        if !signed && (anonymous || response.is_some_and(|response| response.guest)) {
            return Verdict::Unsigned(Unsigned::GuestSessionSetup);
        }
        // Rule 31: the numbers start here. Rule 37: with an empty field nobody signs, but the numbers run.
        let signing = Signing {
            key: mac_key(keys, connection, header, exchange.as_ref()),
            numbers: SequenceNumbers::start(header),
            active: signed,
            counting: Counting::Certain,
            skipped: Vec::new(),
            search_bytes_left: SEARCH_BYTES,
        };
        let number = signing.numbers.response(header);
        let signing = self.signing.insert(signing);
        if signed {
            signing.verify(Sender::Server, header, bytes, number)
        } else {
            Verdict::Unsigned(Unsigned::SessionSetupWithoutSigning)
        }
    }

    /// Any message but those of the first session setup.
    fn judge(
        &mut self,
        coverage: Coverage,
        sender: Sender,
        header: Header<'_>,
        bytes: &[u8],
        number: Option<SequenceNumber>,
    ) -> Verdict {
        let field = header.signature();
        let Some(signing) = &mut self.signing else {
            return match coverage {
                _ if is_placeholder(field) => Verdict::Unsigned(Unsigned::BeforeKey),
                Coverage::FromItsStart => failed(None, field, Failure::BeforeKey),
                Coverage::InPart => Verdict::Unchecked(NoKey::NoSessionSetup.into()),
            };
        };
        if field.is_zero() && is_notification(sender, header) {
            return Verdict::Unsigned(Unsigned::Notification);
        }
        if !signing.active && is_placeholder(field) {
            return Verdict::Unsigned(Unsigned::NotActive);
        }
        signing.verify(sender, header, bytes, number)
    }
}

impl Signing {
    /// On a connection whose beginning is missing: nothing is known but the key.
    fn midway(key: &SigningKey) -> Self {
        Self {
            key: Ok(PreparedKey::new(key, Backend::detect())),
            numbers: SequenceNumbers::unknown(),
            active: false,
            counting: Counting::Unknown,
            skipped: Vec::new(),
            search_bytes_left: SEARCH_BYTES,
        }
    }

    /// Takes a message's number. Who sent it, TCP tells.
    fn number(&mut self, sender: Sender, header: Header<'_>) -> Option<SequenceNumber> {
        match sender {
            _ if self.counting == Counting::Unknown => None,
            Sender::Client => Some(self.numbers.request(header)),
            // Rule 34.
            Sender::Server if is_notification(sender, header) => None,
            Sender::Server => self.numbers.response(header),
        }
    }

    fn verify(
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
        self.active = true;
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

fn mac_key(
    keys: &Keys,
    connection: &Connection,
    header: Header<'_>,
    exchange: Option<&Exchange>,
) -> Result<PreparedKey, NoKey> {
    let session = SessionId(header.uid().into());
    let logon = exchange.and_then(|exchange| exchange.logon.as_ref());
    let challenge_response = exchange.map_or(&[][..], |exchange| &exchange.challenge_response);
    keys.session_key(connection, session, logon)
        .and_then(|key| SigningKey::smb1(&key, challenge_response).map_err(|_| NoKey::DamagedSessionSetup))
        .or_else(|reason| keys.smb1_key(connection).ok_or(reason))
        .map(|key| PreparedKey::new(&key, Backend::detect()))
}

/// What stands in the field of messages that nobody signed (rules 30, 37).
fn is_placeholder(field: SecuritySignature) -> bool {
    field.is_zero() || field == BEFORE_SIGNING
}

/// A server's own oplock break: a request, not a reply (rule 34).
fn is_notification(sender: Sender, header: Header<'_>) -> bool {
    sender == Sender::Server
        && header.sender() == Sender::Client
        && header.command() == Command::LOCKING_ANDX
        && header.mid() == UNSOLICITED_MID
}

fn failed(expected: Option<SignatureField>, found: SecuritySignature, reason: Failure) -> Verdict {
    Verdict::Failed { expected, found: Some(SignatureField::Smb1(found)), reason }
}
