//! SMB1: one key and one row of numbers for a whole connection (rules 28 to 37).

mod signing;

use std::collections::HashMap;

use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::negotiate::Smb1NegotiateResponse;
use smbsign_engine::protocol::session_setup::{Smb1Request, Smb1Response};
use smbsign_engine::protocol::smb1::{BEFORE_SIGNING, Command, Header, UNSOLICITED_MID};
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::{Dialect, SecuritySignature, Sender, SequenceNumber, SigningKey, status};
use smbsign_engine::signing::SignatureField;

use super::message::{self, Failure, Message, Unsigned, Verdict};
use super::{Coverage, Place};
use crate::capture::Connection;
use crate::capture::keys::ntlm::{self, Logon};
use crate::capture::keys::{Keys, NoKey};
use signing::{Counting, Signers, Signing};

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
        self.signing
            .as_ref()
            .is_none_or(|signing| signing.signers != Signers::Both && signing.counting == Counting::Certain)
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
        // A changed MID fails alone: it must not cost the key of all that follows.
        let only = self.requested.keys().copied().next().filter(|_| self.requested.len() == 1);
        let exchange = self.requested.remove(&header.mid()).or_else(|| self.requested.remove(&only?));
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
        let guest = anonymous || response.is_some_and(|response| response.guest);
        // Rule 31: the numbers start here. Rule 37: with an empty field nobody signs, but the numbers run.
        let signers = match (signed, guest) {
            (true, _) => Signers::Both,
            (false, true) => Signers::GuestAtMost,
            (false, false) => Signers::Nobody,
        };
        let key = mac_key(keys, connection, header, exchange.as_ref());
        let signing = self.signing.insert(Signing::start(key, header, signers));
        let number = signing.numbers.response(header);
        match signers {
            Signers::Both => signing.verify(Sender::Server, header, bytes, number),
            Signers::Nobody => Verdict::Unsigned(Unsigned::SessionSetupWithoutSigning),
            Signers::GuestAtMost => Verdict::Unsigned(Unsigned::GuestSessionSetup),
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
        match signing.signers {
            Signers::Nobody if is_placeholder(field) => Verdict::Unsigned(Unsigned::NotActive),
            Signers::GuestAtMost if is_placeholder(field) => Verdict::Unsigned(Unsigned::Guest),
            _ => signing.verify(sender, header, bytes, number),
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
