//! What a worker does to each message.

use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{SigningAlgorithm, SigningKey};
use smbsign_engine::signing::{self, SigningError, Verdict};
use smbsign_engine::traffic::{Generator, Outgoing, Signing};

/// The work, with its keys by session.
#[derive(Debug)]
pub(super) enum Duty {
    /// None: the unsigned baseline, which takes the same way.
    PassOn,
    /// Sign each message.
    Sign(Vec<PreparedKey>),
    /// Verify each message.
    Verify(Vec<PreparedKey>),
}

/// Work that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DutyError {
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error("a message that was signed here did not verify: {0:?}")]
    NotVerified(Verdict),
}

impl Duty {
    /// Does it to one message.
    #[inline]
    pub(super) fn perform(&self, message: &mut Outgoing<'_>) -> Result<(), DutyError> {
        match self {
            Self::PassOn => Ok(()),
            _ if message.signing == Signing::Unsigned => Ok(()),
            Self::Sign(keys) => Ok(signing::sign(&keys[message.session], message.bytes, message.sequence)?),
            Self::Verify(keys) => {
                let key = &keys[message.session];
                match signing::verify(key, message.sender, message.bytes, message.sequence)? {
                    Verdict::Verified => Ok(()),
                    verdict => Err(DutyError::NotVerified(verdict)),
                }
            }
        }
    }

    /// The next message to do it to: a fresh one to send, or one that came in.
    #[inline]
    pub(super) fn next<'a>(&self, generator: &'a mut Generator) -> Outgoing<'a> {
        match self {
            Self::PassOn | Self::Sign(_) => generator.next_message(),
            Self::Verify(_) => generator.next_received(),
        }
    }

    /// Signs what a receiver will get, before it is measured.
    pub(super) fn fill(&self, generator: &mut Generator) -> Result<(), DutyError> {
        if let Self::Verify(keys) = self {
            for _ in 0..generator.buffers() {
                let message = generator.next_message();
                if message.signing == Signing::Signed {
                    signing::sign(&keys[message.session], message.bytes, message.sequence)?;
                }
            }
        }
        Ok(())
    }
}

/// One key per session, all different, made from a seed: measurements protect no secret.
pub(super) fn session_keys(
    algorithm: SigningAlgorithm,
    sessions: usize,
    seed: u64,
) -> Result<Vec<SigningKey>, smbsign_engine::protocol::KeyError> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = [0; 16];
    (0..sessions)
        .map(|_| {
            random.fill(&mut bytes);
            SigningKey::new(algorithm, &bytes)
        })
        .collect()
}

/// The keys, ready for use.
pub(super) fn prepare(keys: &[SigningKey], backend: Backend) -> Vec<PreparedKey> {
    keys.iter().map(|key| PreparedKey::new(key, backend)).collect()
}
