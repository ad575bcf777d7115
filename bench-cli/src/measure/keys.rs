//! One key per session, all different, made from a seed: measurements protect no secret.

use smbsign_engine::batch::LaneKernel;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::{CipherKey, KeyError, SigningKey};
use smbsign_engine::sealing::SealingKey;
use smbsign_engine::traffic::Generator;

use crate::record::{Engine, Protection};

/// The keys of a trial's sessions.
#[derive(Debug)]
pub(super) enum Keys {
    /// Nothing is protected.
    None,
    /// The MAC that costs nothing has none either.
    Null,
    /// To sign and to verify.
    Signing(Vec<SigningKey>),
    /// To seal and to open.
    Cipher(Vec<CipherKey>),
}

impl Keys {
    pub(super) fn new(protection: Protection, sessions: usize, seed: u64) -> Result<Self, KeyError> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bytes = [0; 32];
        let mut next = |length: usize| {
            random.fill(&mut bytes);
            bytes[..length].to_vec()
        };
        Ok(match protection {
            Protection::Unsigned => Self::None,
            Protection::Null => Self::Null,
            Protection::Signed(algorithm) => Self::Signing(
                (0..sessions).map(|_| SigningKey::new(algorithm, &next(16))).collect::<Result<_, _>>()?,
            ),
            Protection::Sealed(cipher) => Self::Cipher(
                (0..sessions)
                    .map(|_| CipherKey::new(cipher, &next(cipher.key_bytes())))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }

    /// Session 0's, which signs a dump.
    pub(super) fn first_signing(&self) -> Option<&SigningKey> {
        match self {
            Self::Signing(keys) => keys.first(),
            Self::None | Self::Null | Self::Cipher(_) => None,
        }
    }

    /// What the sessions of this generator seal with; empty for keys that sign.
    pub(super) fn sealing(&self, generator: &Generator, backend: Backend) -> Vec<SealingKey> {
        let Self::Cipher(keys) = self else { return Vec::new() };
        keys.iter()
            .enumerate()
            .map(|(session, key)| SealingKey::new(key, generator.session_id(session), backend))
            .collect()
    }
}

/// The code that a protection runs on with this engine and backend, a crate and its version or a kernel: a key is prepared
/// and asked, unless there are lanes for it. `none` where nothing is computed.
#[must_use]
pub fn implementation(protection: Protection, engine: Engine, backend: Backend) -> String {
    match (protection, engine) {
        (Protection::Signed(algorithm), Engine::Lanes | Engine::Offload) => {
            LaneKernel::of(algorithm, backend)
                .map_or_else(|| alone(protection, backend).to_owned(), |kernel| kernel.to_string())
        }
        _ => alone(protection, backend).to_owned(),
    }
}

fn alone(protection: Protection, backend: Backend) -> &'static str {
    const NOTHING: &str = "none";
    match Keys::new(protection, 1, 0) {
        Ok(Keys::Signing(keys)) => {
            keys.first().map_or(NOTHING, |key| PreparedKey::new(key, backend).implementation())
        }
        Ok(Keys::Cipher(keys)) => keys
            .first()
            .map_or(NOTHING, |key| SealingKey::new(key, SessionId::NONE, backend).implementation()),
        Ok(Keys::None | Keys::Null) | Err(_) => NOTHING,
    }
}
