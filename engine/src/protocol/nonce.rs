//! The 12-byte nonce of AES-GMAC signatures.

use super::{Sender, smb2};

/// An AES-GMAC nonce: the MessageId, then the sender's and CANCEL's bit (rule 11; MS-SMB2 3.1.4.1).
///
/// Under one key the nonce is unique as long as MessageIds are: a response differs from its request by bit 0, and a
/// CANCEL, which reuses the MessageId of what it cancels, by bit 1 (rule 12). An interim response shares the final
/// response's nonce and is therefore never signed (rule 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; Self::BYTES]);

impl Nonce {
    /// Length in bytes.
    pub const BYTES: usize = 12;

    const SENT_BY_SERVER: u32 = 0x1;
    const CANCEL_REQUEST: u32 = 0x2;

    /// The nonce of a message with this MessageId, sender and command.
    #[inline]
    #[must_use]
    pub fn new(message_id: smb2::MessageId, sender: Sender, command: smb2::Command) -> Self {
        let mut bits = 0;
        if sender == Sender::Server {
            bits |= Self::SENT_BY_SERVER;
        } else if command == smb2::Command::CANCEL {
            bits |= Self::CANCEL_REQUEST;
        }
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&message_id.0.to_le_bytes());
        bytes[8..].copy_from_slice(&u32::to_le_bytes(bits));
        Self(bytes)
    }

    /// The nonce of the message with this header.
    #[must_use]
    pub fn of(header: &smb2::Header<'_>) -> Self {
        Self::new(header.message_id(), header.sender(), header.command())
    }

    /// A nonce with exactly these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, as they enter GCM.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::smb2::{Command, MessageId};
    use super::*;

    #[test]
    fn request_response_and_cancel_of_one_message_id_have_three_nonces() {
        let id = MessageId(0x0102_0304_0506_0708);
        let bytes = |sender, command| *Nonce::new(id, sender, command).as_bytes();
        assert_eq!(bytes(Sender::Client, Command::READ), [8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0]);
        assert_eq!(bytes(Sender::Server, Command::READ), [8, 7, 6, 5, 4, 3, 2, 1, 1, 0, 0, 0]);
        assert_eq!(bytes(Sender::Client, Command::CANCEL), [8, 7, 6, 5, 4, 3, 2, 1, 2, 0, 0, 0]);
    }
}
