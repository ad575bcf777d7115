//! What the follower says of a message: a verdict, or all that is missing for one.

use std::sync::Arc;

use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::Sender;
use smbsign_engine::signing::{self, SignatureField, SigningError};

use super::message::{Failure, Message, Unsigned, Verdict};
use crate::capture::keys::NoKey;

/// A verdict, or what it hangs on.
#[derive(Debug, Clone)]
pub enum Judgement {
    /// The verdict.
    Settled(Verdict),
    /// Its signature decides, whenever that is checked: nothing that follows hangs on it.
    Pending(Check),
}

/// A signature to be checked. It holds all that its verdict takes, as it was when the message came.
#[derive(Debug, Clone)]
pub struct Check {
    /// The key that should have signed the message.
    pub key: Arc<PreparedKey>,
    /// Who sent the message.
    pub sender: Sender,
    /// The verdict if the signature is right.
    pub(super) right: Verdict,
    /// The verdict if it is wrong, where that is no plain failure.
    pub(super) instead: Option<Verdict>,
}

impl Judgement {
    /// The verdict on the message that these bytes are.
    #[must_use]
    pub fn settle(self, message: &[u8]) -> Verdict {
        match self {
            Self::Settled(verdict) => verdict,
            Self::Pending(check) => {
                let verified = check.alone(message);
                check.verdict(verified)
            }
        }
    }

    /// What is still to be checked.
    #[must_use]
    pub const fn pending(&self) -> Option<&Check> {
        match self {
            Self::Settled(_) => None,
            Self::Pending(check) => Some(check),
        }
    }
}

impl Check {
    /// Verifies the message that these bytes are, by itself.
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn alone(&self, message: &[u8]) -> Result<signing::Verdict, SigningError> {
        signing::verify(&self.key, self.sender, message, None)
    }

    /// The verdict, once the message was verified.
    #[must_use]
    pub fn verdict(self, verified: Result<signing::Verdict, SigningError>) -> Verdict {
        match verified {
            Ok(signing::Verdict::Verified) => self.right,
            Ok(signing::Verdict::BadSignature { expected, found }) => {
                self.instead.unwrap_or_else(|| mismatch(expected, found))
            }
            Ok(signing::Verdict::NotSigned) => Verdict::Unsigned(Unsigned::NotRequired),
            Err(SigningError::Malformed(error)) => Verdict::failed(error.into()),
            Err(_) => Verdict::Unchecked(NoKey::WrongAlgorithm.into()),
        }
    }
}

fn mismatch(expected: SignatureField, found: SignatureField) -> Verdict {
    Verdict::Failed { expected: Some(expected), found: Some(found), reason: Failure::Mismatch }
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Self {
        Self::Settled(verdict)
    }
}

impl From<Message> for Message<Judgement> {
    fn from(message: Message) -> Self {
        message.map(Judgement::Settled)
    }
}
