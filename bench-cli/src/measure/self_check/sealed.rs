//! Known answers of the ciphers: what the first frame of a session's key holds.

use serde::Deserialize;
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::smb2::SessionId;
use smbsign_engine::protocol::transform::{HEADER_BYTES, TransformHeader};
use smbsign_engine::protocol::{Cipher, CipherKey};
use smbsign_engine::sealing::{self, OpeningKey, SealingKey, reference};

use super::SelfCheckError;

/// One line of the data file: the tag covers header and ciphertext, and with them everything.
#[derive(Debug, Deserialize)]
pub(super) struct KnownFrame {
    source: String,
    cipher: String,
    key: String,
    session_id: u64,
    /// So many bytes that count from 0 to 250, again and again.
    message_bytes: usize,
    tag: String,
}

impl KnownFrame {
    fn wrong(&self, implementation: &str) -> SelfCheckError {
        SelfCheckError {
            algorithm: self.cipher.clone(),
            implementation: implementation.to_owned(),
            message_bytes: self.message_bytes,
            source_of_answer: self.source.clone(),
        }
    }

    fn cipher_key(&self) -> Option<CipherKey> {
        let cipher = Cipher::ALL.into_iter().find(|cipher| cipher.name() == self.cipher)?;
        CipherKey::new(cipher, &hex::decode(&self.key).ok()?).ok()
    }

    /// Seals, compares, and opens both ways.
    pub(super) fn check(&self, backend: Backend) -> Result<(), SelfCheckError> {
        let key = self.cipher_key().ok_or_else(|| self.wrong("the data file"))?;
        let message: Vec<u8> = (0..self.message_bytes).map(|at| (at % 251) as u8).collect();
        let sealing_key = SealingKey::new(&key, SessionId(self.session_id), backend);
        let wrong = || self.wrong(sealing_key.implementation());

        let mut frame = vec![0; HEADER_BYTES + message.len()];
        sealing::seal(&sealing_key, &message, &mut frame).map_err(|_| wrong())?;
        let (header, _) = TransformHeader::parse(&frame).map_err(|_| wrong())?;
        if header.signature.to_string() != self.tag {
            return Err(wrong());
        }
        let mut opened = vec![0; message.len()];
        let result = sealing::open(&OpeningKey::new(&key, backend), &frame, &mut opened);
        if result.is_err() || opened != message {
            return Err(wrong());
        }
        match reference::open(&key, &frame) {
            Ok(opened) if opened == message => Ok(()),
            _ => Err(self.wrong("the reference implementation")),
        }
    }
}

pub(super) fn known_frames() -> Vec<KnownFrame> {
    serde_json::from_str(include_str!("known_sealed.json"))
        .unwrap_or_else(|error| unreachable!("a test reads this file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cipher_has_known_frames_on_every_backend() {
        for cipher in Cipher::ALL {
            assert!(known_frames().iter().any(|frame| frame.cipher == cipher.name()), "{cipher}");
        }
        for backend in Backend::available() {
            for frame in known_frames() {
                assert_eq!(frame.check(backend), Ok(()), "{backend}");
            }
        }
    }

    #[test]
    fn a_wrong_frame_is_named() {
        let mut frame = known_frames().remove(0);
        frame.session_id += 1;
        let error = frame.check(Backend::portable()).unwrap_err().to_string();
        assert!(error.contains("aes-128-ccm of 68 bytes"), "{error}");
    }
}
