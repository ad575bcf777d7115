//! What the generator hands out: right headers, numbers used once, nothing allocated.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::sequence::SequenceNumbers;
use smbsign_engine::protocol::smb2::{Command, Flags, HeaderFields, MessageId, SessionId};
use smbsign_engine::protocol::{
    Dialect, Nonce, Sender, SequenceNumber, SigningAlgorithm, SigningKey, smb1, smb2, status,
};
use smbsign_engine::signing::{self, Verdict};
use smbsign_engine::traffic::{
    BulkMessage, Envelope, Exchange, FramePlace, Generator, GeneratorConfig, MAX_MESSAGE_BYTES, Profile,
    RecordedMessage, SetOrder, Signing, Wire, payload_bytes,
};

const BULK: [BulkMessage; 2] = [BulkMessage::ReadResponse, BulkMessage::WriteRequest];

fn generator(profile: &Profile, sessions: Option<usize>, set_bytes: usize) -> Generator {
    Generator::new(profile, GeneratorConfig { sessions, set_bytes, seed: 1, ..GeneratorConfig::default() })
}

fn recorded(bytes: &[u8], signing: Signing) -> RecordedMessage<'_> {
    let smb1 = smb1::Header::parse(bytes).map(smb1::Header::sender);
    let sender = smb2::Header::parse(bytes).map(smb2::Header::sender).or(smb1).unwrap_or(Sender::Client);
    RecordedMessage { bytes, sender, signing, place: FramePlace::Opens }
}

/// An SMB2 message of nothing but a header and a pattern.
fn smb2_message(message_id: u64, command: Command, flags: Flags, status: u32) -> Vec<u8> {
    let header = HeaderFields {
        credit_charge: 1,
        status,
        command,
        credits: 1,
        flags,
        next_command: 0,
        message_id: MessageId(message_id),
        process_and_tree: 0,
        session_id: SessionId(77),
    };
    [&header.encode()[..], &[0xa5; 9]].concat()
}

fn smb1_message(mid: u16, command: smb1::Command, flags: u8) -> Vec<u8> {
    let header = smb1::HeaderFields { command, status: 0, flags, flags2: 0, tid: 1, pid: 1, uid: 9, mid };
    [&header.encode()[..], &[0, 0, 0]].concat()
}

/// A conversation with everything that shares a MessageId: responses, a cancelled request, CANCELs that all say 0.
fn smb2_conversation() -> Vec<(Vec<u8>, Signing)> {
    let server = Flags::SERVER_TO_REDIR;
    let interim = server.with(Flags::ASYNC_COMMAND);
    let unsolicited = smb2_message(u64::MAX, Command::OPLOCK_BREAK, server, 0);
    vec![
        (smb2_message(0, Command::NEGOTIATE, Flags(0), 0), Signing::Unsigned),
        (smb2_message(0, Command::NEGOTIATE, server, 0), Signing::Unsigned),
        (smb2_message(5, Command::CREATE, Flags(0), 0), Signing::Signed),
        (smb2_message(5, Command::CREATE, server, 0), Signing::Signed),
        (smb2_message(6, Command::CHANGE_NOTIFY, Flags(0), 0), Signing::Signed),
        // Whatever a recording says of an interim response, signing it would use its nonce twice.
        (smb2_message(6, Command::CHANGE_NOTIFY, interim, status::PENDING), Signing::Signed),
        (smb2_message(0, Command::CANCEL, Flags::ASYNC_COMMAND, 0), Signing::Signed),
        (smb2_message(0, Command::CANCEL, Flags::ASYNC_COMMAND, 0), Signing::Signed),
        (smb2_message(6, Command::CHANGE_NOTIFY, server, 0xc000_0120), Signing::Signed),
        (unsolicited, Signing::Unsigned),
    ]
}

#[test]
fn no_gmac_nonce_is_used_twice_under_one_key() {
    let conversation = smb2_conversation();
    let messages = || conversation.iter().map(|(bytes, signing)| recorded(bytes, *signing));
    let replay = Profile::replay(Dialect::Smb311, [messages(), messages()]).unwrap();
    let bulk = BULK.map(|message| Profile::bulk(message, Dialect::Smb311, 300_000).unwrap());
    for profile in bulk.iter().chain([&replay]) {
        for sessions in [1, 3] {
            let mut generator = generator(profile, Some(sessions), 1 << 20);
            let mut used = HashSet::new();
            for _ in 0..5_000 {
                let message = generator.next_message();
                if message.signing == Signing::Signed {
                    let nonce = Nonce::of(&smb2::Header::parse(message.bytes).unwrap());
                    assert!(used.insert((message.session, nonce)), "{nonce:?} of {}", message.session);
                }
            }
        }
    }
}

#[test]
fn a_sessions_outstanding_requests_follow_one_another() {
    let profile = Profile::bulk(BulkMessage::ReadResponse, Dialect::Smb311, 300).unwrap();
    let config = GeneratorConfig {
        sessions: Some(2),
        outstanding: NonZeroUsize::new(3),
        set_bytes: 1500,
        ..GeneratorConfig::default()
    };
    let mut generator = Generator::new(&profile, config);
    let sessions: Vec<_> = (0..8).map(|_| generator.next_message().session).collect();
    assert_eq!(sessions, [0, 0, 0, 1, 1, 1, 0, 0]);
    generator.rewind();
    assert_eq!(generator.next_message().session, 0);
}

#[test]
fn a_replayed_response_keeps_its_requests_message_id() {
    let conversation = smb2_conversation();
    let messages = conversation.iter().map(|(bytes, signing)| recorded(bytes, *signing));
    let profile = Profile::replay(Dialect::Smb302, [messages]).unwrap();
    let mut generator = generator(&profile, None, 0);
    let pass: Vec<_> = (0..profile.message_count())
        .map(|_| smb2::Header::parse(generator.next_message().bytes).unwrap().message_id())
        .collect();
    assert_eq!(pass[0], pass[1]);
    assert_eq!(pass[2], pass[3]);
    assert_eq!(pass[4], pass[8]);
    assert_eq!(pass[9], MessageId::UNSOLICITED);
    let again = smb2::Header::parse(generator.next_message().bytes).unwrap().message_id();
    assert!(again > *pass[..9].iter().max().unwrap());
}

#[test]
fn bulk_smb1_messages_carry_the_numbers_that_their_connection_would_give_them() {
    for (message, sender) in BULK.into_iter().zip([Sender::Server, Sender::Client]) {
        let profile = Profile::bulk(message, Dialect::Smb1, 4096).unwrap();
        let mut generator = generator(&profile, Some(1), 1 << 16);
        let activating = smb1_message(0xfffe, smb1::Command::SESSION_SETUP_ANDX, 0x80);
        let mut connection = SequenceNumbers::start(smb1::Header::parse(&activating).unwrap());
        for _ in 0..100_000 {
            let sent = generator.next_message();
            let header = smb1::Header::parse(sent.bytes).unwrap();
            assert_eq!(header.sender(), sender);
            let request = connection.request(header);
            let expected = if sender == Sender::Client { Some(request) } else { connection.response(header) };
            assert_eq!(sent.sequence, expected);
        }
    }
}

#[test]
fn replayed_smb1_conversations_are_numbered_by_the_protocols_rules() {
    use smb1::Command as C;
    let conversation = [
        smb1_message(6, C::NT_CREATE_ANDX, 0x80),
        smb1_message(7, C::NT_TRANSACT, 0),
        smb1_message(7, C::NT_CANCEL, 0),
        smb1_message(7, C::NT_TRANSACT, 0x80),
        smb1_message(8, C::ECHO, 0),
        smb1_message(8, C::ECHO, 0x80),
    ];
    let setup = [(0, Signing::Unsigned), (0x80, Signing::Signed)]
        .map(|(flags, signing)| (smb1_message(1, C::SESSION_SETUP_ANDX, flags), signing));
    let signed = conversation.iter().map(|bytes| recorded(bytes, Signing::Signed));
    let messages = setup.iter().map(|(bytes, signing)| recorded(bytes, *signing)).chain(signed);
    let profile = Profile::replay(Dialect::Smb1, [messages]).unwrap();
    let mut generator = generator(&profile, Some(1), 1);
    let numbers: Vec<_> = (0..16).map(|_| generator.next_message().sequence.unwrap().0).collect();
    // A response without its request, then a cancelled request and its late response, then an echo.
    assert_eq!(numbers[1..8], [1, 3, 4, 6, 5, 7, 8]);
    assert_eq!(numbers[9..], [8, 10, 11, 13, 12, 14, 15], "the next pass goes on where the first ended");
}

#[test]
fn bulk_messages_of_every_dialect_and_length_say_what_they_carry() {
    for dialect in Dialect::ALL {
        for message in BULK {
            let (min, max) = (message.min_bytes(dialect), message.max_bytes(dialect));
            for length in [min, min + 1, 4096, 65_536, 65_536 + 65_536 / 2, max] {
                let profile = Profile::bulk(message, dialect, length).unwrap();
                let mut generator = generator(&profile, Some(1), 0);
                let sent = generator.next_message();
                assert_eq!(sent.bytes.len(), length);
                assert_eq!(sent.payload_bytes, length - min + 1);
                assert_eq!(payload_bytes(sent.bytes), sent.payload_bytes);
            }
            for length in [0, min - 1, max + 1] {
                assert!(Profile::bulk(message, dialect, length).is_err());
            }
        }
    }
    assert_eq!(BulkMessage::ReadResponse.max_bytes(Dialect::Smb311), MAX_MESSAGE_BYTES);
}

#[test]
fn a_request_of_several_credits_takes_as_many_message_ids() {
    let ids = |dialect, length| {
        let profile = Profile::bulk(BulkMessage::WriteRequest, dialect, length).unwrap();
        let mut generator = generator(&profile, Some(1), 0);
        let mut next = || {
            let message = generator.next_message();
            let charge = u16::from_le_bytes([message.bytes[6], message.bytes[7]]);
            (charge, smb2::Header::parse(message.bytes).unwrap().message_id().0)
        };
        let (first, second) = (next(), next());
        (first.0, second.1 - first.1)
    };
    assert_eq!(ids(Dialect::Smb311, 112 + (1 << 20)), (16, 16));
    assert_eq!(ids(Dialect::Smb210, 112 + (64 << 10) + 1), (2, 2));
    assert_eq!(ids(Dialect::Smb300, 112 + (64 << 10)), (1, 1));
    assert_eq!(ids(Dialect::Smb202, 65_536), (0, 1));
}

#[test]
fn what_is_sent_can_be_signed_and_what_is_received_again_still_verifies() {
    for dialect in Dialect::ALL {
        let algorithm = dialect.default_signing_algorithm();
        let key = PreparedKey::new(&SigningKey::new(algorithm, &[7; 16]).unwrap(), Backend::detect());
        let profile = Profile::bulk(BulkMessage::ReadResponse, dialect, 1000).unwrap();
        let mut generator = generator(&profile, None, 10_000);
        for _ in 0..generator.buffers() {
            let message = generator.next_message();
            signing::sign(&key, message.bytes, message.sequence).unwrap();
        }
        for _ in 0..2 * generator.buffers() {
            let message = generator.next_received();
            let verdict = signing::verify(&key, message.sender, message.bytes, message.sequence);
            assert_eq!(verdict, Ok(Verdict::Verified));
        }
    }
}

#[test]
fn after_rewinding_the_same_messages_come_again() {
    let profile = Profile::bulk(BulkMessage::ReadResponse, Dialect::Smb1, 500).unwrap();
    let mut generator = generator(&profile, Some(3), 2_000);
    let mut thousand = || {
        generator.rewind();
        (0..1000)
            .map(|_| {
                let message = generator.next_message();
                (message.bytes.to_vec(), message.session, message.sequence)
            })
            .collect::<Vec<_>>()
    };
    let first = thousand();
    assert_eq!(first, thousand());
    assert_eq!(first[0].2, Some(SequenceNumber(3)));
}

#[test]
fn a_compound_chain_takes_the_wire_once() {
    let conversation = smb2_conversation();
    let bytes = &conversation[2].0;
    let place = |place| RecordedMessage { place, ..recorded(bytes, Signing::Signed) };
    let chain = [place(FramePlace::Opens), place(FramePlace::Continues), place(FramePlace::Opens)];
    let profile = Profile::replay(Dialect::Smb311, [chain]).unwrap();
    let mut generator = generator(&profile, None, 0);
    let wire_bytes: Vec<_> = (0..3).map(|_| generator.next_message().wire_bytes).collect();
    let alone = |payload: usize| (payload + 4 + 90) as f64;
    assert_eq!(wire_bytes, [0.0, alone(2 * bytes.len()), alone(bytes.len())]);
    assert_eq!(profile.wire_bytes(Wire::default(), Envelope::Clear), wire_bytes.iter().sum());
    let sealed = profile.wire_bytes(Wire::default(), Envelope::Transform);
    assert_eq!(sealed, wire_bytes.iter().sum::<f64>() + 2.0 * 52.0);
    assert_eq!(profile.longest_frame(), 2 * bytes.len());
}

#[test]
fn a_finished_frame_is_the_whole_chain_as_numbered() {
    let conversation = smb2_conversation();
    let bytes = &conversation[2].0;
    let place = |place| RecordedMessage { place, ..recorded(bytes, Signing::Signed) };
    let chain = [place(FramePlace::Opens), place(FramePlace::Continues), place(FramePlace::Opens)];
    let profile = Profile::replay(Dialect::Smb311, [chain]).unwrap();
    let mut generator = generator(&profile, None, 4096);
    for _ in 0..100 {
        let first = generator.next_message().bytes.to_vec();
        assert!(generator.finished_frame().is_none());
        let second = generator.next_message().bytes.to_vec();
        assert_eq!(generator.finished_frame().unwrap().bytes, [first, second].concat());
        let alone = generator.next_message().bytes.to_vec();
        assert_eq!(generator.finished_frame().unwrap().bytes, alone);
    }
}

#[test]
fn a_shuffled_set_has_every_buffer_once_and_neighbours_seldom_follow_each_other() {
    let profile = Profile::bulk(BulkMessage::ReadResponse, Dialect::Smb311, 1000).unwrap();
    let config = GeneratorConfig {
        set_bytes: 200_000,
        order: SetOrder::Shuffled,
        seed: 3,
        ..GeneratorConfig::default()
    };
    let mut generator = Generator::new(&profile, config);
    let mut pass =
        || -> Vec<usize> { (0..200).map(|_| generator.next_message().bytes.as_ptr() as usize).collect() };
    let first = pass();
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 200);
    assert_eq!(first, pass());
    let ascending = first.windows(2).filter(|pair| pair[1] == pair[0] + 1024).count();
    assert!(ascending < 10, "{ascending} of 199 follow their neighbour");
}

#[test]
fn messages_of_the_other_generation_are_left_out_and_none_at_all_is_an_error() {
    let conversation = smb2_conversation();
    let messages = || conversation.iter().map(|(bytes, signing)| recorded(bytes, *signing));
    assert!(Profile::replay(Dialect::Smb1, [messages()]).is_err());
    let garbage = recorded(b"not SMB at all", Signing::Signed);
    assert!(Profile::replay(Dialect::Smb311, [[garbage]]).is_err());
}

#[test]
fn a_running_generator_allocates_nothing() {
    let profile = Profile::bulk(BulkMessage::WriteRequest, Dialect::Smb311, 512).unwrap();
    let key = SigningKey::new(SigningAlgorithm::AesGmac, &[1; 16]).unwrap();
    let key = PreparedKey::new(&key, Backend::detect());
    let mut generator = generator(&profile, Some(5), 1 << 16);
    let allocated = allocation_counter::measure(|| {
        for _ in 0..1000 {
            let message = generator.next_message();
            signing::sign(&key, message.bytes, message.sequence).unwrap();
        }
        generator.rewind();
    });
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn exchanges_share_their_numbers_chains_are_linked_and_credits_are_taken() {
    let exchange = |command, request_bytes, response_bytes, place| Exchange {
        command,
        request_bytes,
        response_bytes,
        place,
    };
    let exchanges = [
        exchange(Command::CREATE, 384, 240, FramePlace::Opens),
        exchange(Command::QUERY_INFO, 104, 128, FramePlace::Continues),
        exchange(Command::READ, 113, 80 + (128 << 10), FramePlace::Opens),
        exchange(Command::CLOSE, 88, 124, FramePlace::Opens),
    ];
    let profile = Profile::exchanges(Dialect::Smb311, &exchanges).unwrap();
    let mut generator = generator(&profile, Some(1), 0);
    for pass in 0..3 {
        let mut seen = Vec::new();
        for _ in 0..8 {
            let message = generator.next_message();
            let header = smb2::Header::parse(message.bytes).unwrap();
            assert_eq!(header.sender(), message.sender);
            seen.push((header.command(), header.message_id().0, header.next_command()));
        }
        let first = 4 + 5 * pass;
        let expected = [
            (Command::CREATE, first, 384),
            (Command::QUERY_INFO, first + 1, 0),
            (Command::CREATE, first, 240),
            (Command::QUERY_INFO, first + 1, 0),
            (Command::READ, first + 2, 0),
            (Command::READ, first + 2, 0),
            // A READ of two credits takes two MessageIds.
            (Command::CLOSE, first + 4, 0),
            (Command::CLOSE, first + 4, 0),
        ];
        assert_eq!(seen, expected);
    }
    let unaligned = [
        exchange(Command::CREATE, 385, 240, FramePlace::Opens),
        exchange(Command::CLOSE, 88, 124, FramePlace::Continues),
    ];
    assert!(Profile::exchanges(Dialect::Smb311, &unaligned).is_err());
    assert!(Profile::exchanges(Dialect::Smb1, &exchanges).is_err());
}
