//! SMB1 sequence numbers: which number each message of a connection is signed with (MS-SMB 3.2.4.1, 3.3.4.1).

use std::collections::HashMap;

use super::smb1::{Command, Header};
use super::{SecuritySignature, Sender};

/// The number that stands in the signature field while an SMB1 message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber(pub u32);

impl SequenceNumber {
    /// What stands in the signature field under the MAC: the number, then four zero bytes (rule 28).
    #[must_use]
    pub const fn signature_field(self) -> [u8; SecuritySignature::BYTES] {
        (self.0 as u64).to_le_bytes()
    }
}

/// The numbers of one connection, from its first signed message on.
///
/// Numbering belongs to the connection, whatever sessions come and go on it (rule 36). It starts with the SUCCESS
/// response of the first session setup, whose request counts as 0 and whose response is number 1 (rule 31).
#[derive(Debug, Clone)]
pub struct SequenceNumbers {
    next: u32,
    /// The number of the response to the latest request with this MID. Entries stay: ECHO may be answered many
    /// times, and there are 65,536 MIDs at most.
    responses: HashMap<u16, SequenceNumber>,
}

impl SequenceNumbers {
    /// Starts the numbering: `activating` is the header of the first SUCCESS session setup response.
    #[must_use]
    pub fn start(activating: Header<'_>) -> Self {
        Self { next: 2, responses: HashMap::from([(activating.mid(), SequenceNumber(1))]) }
    }

    /// Numbers of a connection whose beginning nobody saw: [`Self::found`] sets them once a message shows its number.
    #[must_use]
    pub fn unknown() -> Self {
        Self { next: 0, responses: HashMap::new() }
    }

    /// The number the next request takes.
    #[must_use]
    pub const fn next(&self) -> SequenceNumber {
        SequenceNumber(self.next)
    }

    /// Goes on from a message whose number became known by its signature, after messages before it were lost.
    pub fn found(&mut self, header: Header<'_>, sender: Sender, number: SequenceNumber) {
        match sender {
            Sender::Client => {
                self.next = number.0;
                self.request(header);
            }
            Sender::Server => {
                self.next = self.next.max(number.0.wrapping_add(1));
                self.responses.insert(header.mid(), number);
            }
        }
    }

    /// The number of a request, given the whole message; requests must come in the order they were sent in.
    ///
    /// A request takes two numbers, its own and its response's (rule 31). NT_CANCEL has no response of its own and
    /// takes one; the cancelled request's response keeps its number (rule 32). An oplock-break acknowledgement has
    /// no response either, yet takes two (rule 33), and a secondary request takes a pair of its own (rule 35).
    pub fn request(&mut self, header: Header<'_>) -> SequenceNumber {
        let number = SequenceNumber(self.next);
        if header.command() == Command::NT_CANCEL {
            self.next = self.next.wrapping_add(1);
        } else {
            self.next = self.next.wrapping_add(2);
            self.responses.insert(header.mid(), SequenceNumber(number.0.wrapping_add(1)));
        }
        number
    }

    /// The number of a response, matched by MID since responses may come out of order; `None` when no request with
    /// this MID was seen, as for a server's own oplock break with MID 0xFFFF (rule 34).
    #[must_use]
    pub fn response(&self, header: Header<'_>) -> Option<SequenceNumber> {
        self.responses.get(&header.mid()).copied()
    }
}
