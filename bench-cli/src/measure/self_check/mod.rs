//! Known answers for every algorithm, before anything is measured: a fast wrong MAC is no result.

mod sealed;

use serde::Deserialize;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::{PreparedKey, reference};
use smbsign_engine::protocol::{Nonce, SigningAlgorithm, SigningKey};

/// An algorithm that does not give a known answer. `smbsign` then ends with exit code 5.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the self-check failed: {implementation} gives a wrong {algorithm} of {message_bytes} bytes ({source_of_answer})"
)]
pub struct SelfCheckError {
    algorithm: String,
    implementation: String,
    message_bytes: usize,
    source_of_answer: String,
}

/// One line of the data file.
#[derive(Debug, Deserialize)]
struct KnownAnswer {
    source: String,
    algorithm: String,
    key: String,
    nonce: String,
    /// The message in hexadecimal, or
    message: Option<String>,
    /// so many bytes that count from 0 to 250, again and again.
    message_bytes: Option<usize>,
    tag: String,
}

impl KnownAnswer {
    fn wrong(&self, implementation: &str, message_bytes: usize) -> SelfCheckError {
        SelfCheckError {
            algorithm: self.algorithm.clone(),
            implementation: implementation.to_owned(),
            message_bytes,
            source_of_answer: self.source.clone(),
        }
    }

    fn message(&self) -> Option<Vec<u8>> {
        match (&self.message, self.message_bytes) {
            (Some(hexadecimal), _) => hex::decode(hexadecimal).ok(),
            (None, Some(length)) => Some((0..length).map(|at| (at % 251) as u8).collect()),
            (None, None) => None,
        }
    }

    /// Compares the backend's tag and the reference's with the answer.
    fn check(&self, backend: Backend) -> Result<(), SelfCheckError> {
        let unreadable = || self.wrong("the data file", 0);
        let algorithm = SigningAlgorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == self.algorithm)
            .ok_or_else(unreadable)?;
        let message = self.message().ok_or_else(unreadable)?;
        let key = hex::decode(&self.key).map_err(|_| unreadable())?;
        let key = SigningKey::new(algorithm, &key).map_err(|_| unreadable())?;
        let mut nonce = [0; Nonce::BYTES];
        hex::decode_to_slice(&self.nonce, &mut nonce).map_err(|_| unreadable())?;
        let nonce = Nonce::from_bytes(nonce);
        let answer = hex::decode(&self.tag).map_err(|_| unreadable())?;

        let prepared = PreparedKey::new(&key, backend);
        if prepared.tag(&nonce, &[&message]).as_bytes()[..] != answer {
            return Err(self.wrong(prepared.implementation(), message.len()));
        }
        match reference::tag(&key, &nonce, &message) {
            Ok(tag) if tag.as_bytes()[..] == answer => Ok(()),
            _ => Err(self.wrong("the reference implementation", message.len())),
        }
    }
}

/// Checks every algorithm and cipher of this backend, and the references that samples are checked with.
///
/// # Errors
/// [`SelfCheckError`] names the first wrong answer.
pub fn self_check(backend: Backend) -> Result<(), SelfCheckError> {
    known_answers().iter().try_for_each(|answer| answer.check(backend))?;
    sealed::known_frames().iter().try_for_each(|frame| frame.check(backend))
}

fn known_answers() -> Vec<KnownAnswer> {
    serde_json::from_str(include_str!("known_answers.json"))
        .unwrap_or_else(|error| unreachable!("a test reads this file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_gives_the_known_answers() {
        for backend in Backend::available() {
            assert_eq!(self_check(backend), Ok(()), "{backend}");
        }
    }

    #[test]
    fn every_algorithm_has_known_answers() {
        for algorithm in SigningAlgorithm::ALL {
            assert!(known_answers().iter().any(|answer| answer.algorithm == algorithm.name()), "{algorithm}");
        }
    }

    #[test]
    fn a_wrong_answer_is_named() {
        let mut answer = known_answers().remove(0);
        answer.tag = "00".repeat(16);
        let error = answer.check(Backend::portable()).unwrap_err().to_string();
        assert!(error.contains("aes-128-cmac of 40 bytes (RFC 4493, example 3)"), "{error}");
    }
}
