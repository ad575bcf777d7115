//! What a message's signature is worth.

use std::sync::Arc;

use smbsign_engine::protocol::smb2::{Command, MessageId, SessionId};
use smbsign_engine::protocol::{Sender, status};
use smbsign_engine::signing::{self, SignatureField};

use super::{Carried, Channel, Context, Received, Smb2, unknown_session};
use crate::capture::follow::Coverage;
use crate::capture::follow::judgement::{Check, Judgement};
use crate::capture::follow::message::{Failure, SignedWith, Unchecked, Unsigned, Verdict};
use crate::capture::follow::sessions::Session;
use crate::capture::follow::setup::Purpose;
use crate::capture::keys::NoKey;

impl Smb2 {
    /// A message that says it is signed, in a transform as well: a client may sign what it then encrypts (rule 25).
    pub(super) fn signed(
        &mut self,
        context: &mut Context<'_>,
        received: &Received<'_>,
        purpose: Option<Purpose>,
    ) -> Judgement {
        let Received { sender, header, bytes, .. } = *received;
        let id = self.meant(context, received.session);
        let unknown = match (received.session, context.coverage) {
            (SessionId::NONE | SessionId::RELATED, Coverage::FromItsStart) => {
                Verdict::failed(Failure::BeforeKey)
            }
            (_, coverage) => unknown_session(coverage),
        };
        let Some(session) = self.session(context, id) else {
            return self.echoed(context.coverage, received).unwrap_or(unknown).into();
        };
        let (signer, with) = match self.channels.get(&id) {
            Some(Channel::Bound(_, signer)) => (&**signer, SignedWith::Channel),
            _ => (&context.sessions.at(session).signer, SignedWith::Session),
        };
        let with = if id == received.session { with } else { SignedWith::LatestSession };
        let signer = match signer {
            Ok(signer) => signer,
            Err(reason) => {
                let unchecked = || Verdict::Unchecked(reason.clone().into());
                return self.echoed(context.coverage, received).unwrap_or_else(unchecked).into();
            }
        };
        let with = if purpose == Some(Purpose::Bind) { SignedWith::SessionToBind } else { with };
        let right = if header.sender() == sender {
            Verdict::Verified(with)
        } else {
            Verdict::failed(Failure::WrongDirection)
        };
        let instead = self.echoed(context.coverage, received).or_else(|| {
            // A session of another connection, to which missing messages may have bound this one.
            let perhaps_bound = context.coverage == Coverage::InPart && !self.channels.contains_key(&id);
            match perhaps_bound {
                _ if id != received.session => Some(unknown),
                true => Some(Verdict::Unchecked(NoKey::DamagedSessionSetup.into())),
                false => None,
            }
        });
        let check = Check { key: Arc::clone(&signer.prepared), sender, right, instead };
        if header.command() != Command::SESSION_SETUP {
            return Judgement::Pending(check);
        }
        let verified = check.alone(bytes);
        let wrong = matches!(verified, Ok(signing::Verdict::BadSignature { .. }));
        if wrong && self.binds(context.sessions.at(session), sender, bytes) {
            let bind = purpose == Some(Purpose::Bind);
            let with = if bind { SignedWith::SessionToBind } else { SignedWith::Session };
            return Verdict::Verified(with).into();
        }
        check.verdict(verified).into()
    }

    /// Whether the session's own key signed a message that binds this connection to it: under the session's algorithm
    /// or this connection's (rule 19).
    fn binds(&self, session: &Session, sender: Sender, bytes: &[u8]) -> bool {
        let Ok(signer) = &session.signer else { return false };
        let here = self.negotiated.and_then(|negotiated| signer.with(negotiated.signing));
        std::iter::once(signer).chain(here.as_ref()).any(|signer| {
            signing::verify(&signer.prepared, sender, bytes, None) == Ok(signing::Verdict::Verified)
        })
    }

    /// A response that carries its request's signature instead of one of its own (rule 23). In clear only errors do,
    /// so that a forged answer cannot pass for an echo.
    fn echoed(&self, coverage: Coverage, received: &Received<'_>) -> Option<Verdict> {
        let status = received.header.status();
        if received.carried == Carried::InClear && status >> 30 != 3 {
            None
        } else if self.copies_request(received) {
            Some(Verdict::Echoed { status })
        } else {
            let missing = coverage == Coverage::InPart
                && received.sender == Sender::Server
                && !self.requested.contains_key(&received.header.message_id());
            missing.then_some(Verdict::Unchecked(Unchecked::RequestMissing))
        }
    }

    fn copies_request(&self, received: &Received<'_>) -> bool {
        let field = received.header.signature();
        received.sender == Sender::Server && self.requested.get(&received.header.message_id()) == Some(&field)
    }

    /// A message that does not say it is signed. Its field must then be empty, or a response's a copy (rule 22).
    pub(super) fn unsigned(&mut self, context: &mut Context<'_>, received: &Received<'_>) -> Verdict {
        let Received { sender, carried, session, header, .. } = *received;
        if carried != Carried::InClear {
            return Verdict::Unsigned(Unsigned::Encrypted);
        }
        let field = header.signature();
        // Where the request may be missing from the capture, nobody can tell a copy.
        let telling = sender == Sender::Client
            || context.coverage == Coverage::FromItsStart
            || self.requested.contains_key(&header.message_id());
        if !field.is_zero() && telling && !self.copies_request(received) {
            return Verdict::Failed {
                expected: None,
                found: Some(SignatureField::Smb2(field)),
                reason: Failure::NotFlagged,
            };
        }
        let guest =
            self.channels.get(&session).is_some_and(|channel| context.sessions.at(channel.session()).guest);
        Verdict::Unsigned(match (header.command(), sender) {
            (Command::NEGOTIATE, _) => Unsigned::Negotiate,
            (Command::SESSION_SETUP, Sender::Client) => Unsigned::SessionSetupRequest,
            (Command::SESSION_SETUP, Sender::Server) => match header.status() {
                status::SUCCESS if guest => Unsigned::GuestSessionSetup,
                status::SUCCESS => Unsigned::SessionSetupWithoutSigning,
                status::MORE_PROCESSING_REQUIRED => Unsigned::SessionSetupContinues,
                error => Unsigned::SessionSetupFailed(error),
            },
            (_, Sender::Server) if header.message_id() == MessageId::UNSOLICITED => Unsigned::Notification,
            (_, Sender::Server) if header.status() == status::PENDING && header.is_async() => {
                Unsigned::Interim
            }
            _ if session == SessionId::NONE => Unsigned::OutsideSession,
            _ if guest => Unsigned::Guest,
            _ => Unsigned::NotRequired,
        })
    }
}
