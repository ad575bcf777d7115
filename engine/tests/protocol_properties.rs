//! Parsers take any bytes; what is written reads back; numbering follows the rules.

use proptest::prelude::*;
use smbsign_engine::protocol::negotiate::{NegotiateResponse, Smb1NegotiateResponse};
use smbsign_engine::protocol::sequence::SequenceNumbers;
use smbsign_engine::protocol::smb2::{Chain, Command, Flags, Header, HeaderFields, MessageId, SessionId};
use smbsign_engine::protocol::transform::TransformHeader;
use smbsign_engine::protocol::{Sender, SequenceNumber, framing, session_setup, smb1};

fn header_fields() -> impl Strategy<Value = HeaderFields> {
    let counts = (any::<u16>(), any::<u32>(), any::<u16>(), any::<u16>(), any::<u32>());
    let ids = (any::<u64>(), any::<u64>(), any::<u64>());
    (counts, ids).prop_map(|((charge, status, command, credits, flags), (message, tree, session))| {
        HeaderFields {
            credit_charge: charge,
            status,
            command: Command(command),
            credits,
            flags: Flags(flags),
            next_command: 0,
            message_id: MessageId(message),
            process_and_tree: tree,
            session_id: SessionId(session),
        }
    })
}

/// Any bytes behind any of the protocol identifiers, or none.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let opening = prop_oneof![
        Just(&b"\xffSMB"[..]),
        Just(&b"\xfeSMB\x40\0"[..]),
        Just(&b"\xfdSMB"[..]),
        Just(&b""[..])
    ];
    (opening, proptest::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(opening, rest)| [opening, &rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_parser_answers_any_bytes(frame in frame()) {
        let _ = framing::Protocol::of(&frame);
        let _ = smb1::Header::parse(&frame).map(|header| format!("{header:?}"));
        let _ = NegotiateResponse::parse(&frame).map(|response| (response.signing(), response.encryption()));
        let _ = Smb1NegotiateResponse::parse(&frame);
        let _ = session_setup::Request::parse(&frame);
        let _ = session_setup::Response::parse(&frame);
        let _ = session_setup::Smb1Request::parse(&frame);
        let _ = session_setup::Smb1Response::parse(&frame);
        if let Ok((header, ciphertext)) = TransformHeader::parse(&frame) {
            prop_assert_eq!([&header.encode()[..], ciphertext].concat(), frame.clone());
        }
        // Messages of a chain lie end to end and never reach beyond the frame.
        let covered: usize = Chain::new(&frame).map_while(Result::ok).map(|(_, message)| message.len()).sum();
        prop_assert!(covered <= frame.len());
    }

    #[test]
    fn an_smb2_header_reads_back_as_it_was_written(fields in header_fields()) {
        let bytes = fields.encode();
        let header = Header::parse(&bytes).unwrap();
        prop_assert_eq!(header.status(), fields.status);
        prop_assert_eq!(header.command(), fields.command);
        prop_assert_eq!(header.flags(), fields.flags);
        prop_assert_eq!(header.message_id(), fields.message_id);
        prop_assert_eq!(header.session_id(), fields.session_id);
        prop_assert!(header.signature().is_zero());
    }

    #[test]
    fn a_chain_gives_each_message_with_its_padding(lengths in proptest::collection::vec(64_usize..200, 1..6)) {
        let last = lengths.len() - 1;
        let mut frame = Vec::new();
        for (index, length) in lengths.iter().enumerate() {
            let padded = if index == last { *length } else { length.next_multiple_of(8) };
            let next_command = if index == last { 0 } else { padded as u32 };
            let mut message = HeaderFields { next_command, ..ECHO }.encode().to_vec();
            message.resize(padded, 0);
            frame.extend(message);
        }
        let members: Vec<_> = Chain::new(&frame).map(|member| member.unwrap().1.len()).collect();
        prop_assert_eq!(members.iter().sum::<usize>(), frame.len());
        prop_assert_eq!(members.len(), lengths.len());
    }
}

const ECHO: HeaderFields = HeaderFields {
    credit_charge: 1,
    status: 0,
    command: Command::ECHO,
    credits: 1,
    flags: Flags(0),
    next_command: 0,
    message_id: MessageId(0),
    process_and_tree: 0,
    session_id: SessionId(1),
};

#[test]
fn a_chain_that_points_outside_its_frame_ends_with_an_error() {
    for next_command in [1, 63, 64, 65, 1000, u32::MAX] {
        let frame = HeaderFields { next_command, ..ECHO }.encode();
        let members: Vec<_> = Chain::new(&frame).collect();
        assert_eq!(members.len(), 1);
        assert!(members[0].is_err(), "NextCommand {next_command}");
    }
}

fn smb1_message(command: smb1::Command, mid: u16, sender: Sender) -> [u8; smb1::HEADER_BYTES] {
    let flags = if sender == Sender::Server { 0x80 } else { 0 };
    smb1::HeaderFields { command, status: 0, flags, flags2: 0, tid: 0, pid: 0, uid: 0, mid }.encode()
}

/// The numbers of a connection, driven by command and MID.
struct Numbering(SequenceNumbers);

impl Numbering {
    fn start() -> Self {
        let activating = smb1_message(smb1::Command::SESSION_SETUP_ANDX, 1, Sender::Server);
        Self(SequenceNumbers::start(smb1::Header::parse(&activating).unwrap()))
    }

    fn request(&mut self, command: smb1::Command, mid: u16) -> u32 {
        let message = smb1_message(command, mid, Sender::Client);
        self.0.request(smb1::Header::parse(&message).unwrap()).0
    }

    fn response(&self, mid: u16) -> Option<u32> {
        let message = smb1_message(smb1::Command::READ_ANDX, mid, Sender::Server);
        self.0.response(smb1::Header::parse(&message).unwrap()).map(|SequenceNumber(number)| number)
    }
}

#[test]
fn requests_take_two_numbers_and_responses_may_come_out_of_order() {
    let mut numbers = Numbering::start();
    assert_eq!(numbers.response(1), Some(1), "the activating response");
    assert_eq!(numbers.request(smb1::Command::READ_ANDX, 2), 2);
    assert_eq!(numbers.request(smb1::Command::READ_ANDX, 3), 4);
    assert_eq!(numbers.response(3), Some(5));
    assert_eq!(numbers.response(2), Some(3));
    assert_eq!(numbers.response(smb1::UNSOLICITED_MID), None, "an oplock break has no number");
}

#[test]
fn nt_cancel_takes_one_number_and_leaves_the_cancelled_request_its_response() {
    let mut numbers = Numbering::start();
    assert_eq!(numbers.request(smb1::Command::NT_TRANSACT, 2), 2);
    assert_eq!(numbers.request(smb1::Command::NT_CANCEL, 2), 4);
    assert_eq!(numbers.request(smb1::Command::READ_ANDX, 3), 5);
    assert_eq!(numbers.response(2), Some(3));
    assert_eq!(numbers.response(3), Some(6));
}

#[test]
fn a_secondary_request_has_a_pair_of_numbers_under_the_same_mid() {
    let mut numbers = Numbering::start();
    assert_eq!(numbers.request(smb1::Command::TRANSACTION2, 2), 2);
    assert_eq!(numbers.response(2), Some(3), "the interim response");
    assert_eq!(numbers.request(smb1::Command::TRANSACTION2_SECONDARY, 2), 4);
    assert_eq!(numbers.response(2), Some(5), "the final response");
    assert_eq!(numbers.request(smb1::Command::CLOSE, 3), 6);
}
