//! Headers read and written, framing, keys and hashes of a session's setup.

use std::hint::black_box;

use smbsign_engine::protocol::framing::{self, Protocol};
use smbsign_engine::protocol::sequence::SequenceNumbers;
use smbsign_engine::protocol::smb2::{Chain, MessageId, SessionId};
use smbsign_engine::protocol::transform::TransformHeader;
use smbsign_engine::protocol::{
    Dialect, Nonce, PreauthHash, SessionKey, Signature, SigningAlgorithm, SigningKey, smb1, smb2,
};

use super::{Row, TIMES};

pub(super) const BENCHMARKS: &[Row] = &[
    ("protocol/framing", |_| {
        let frame = [framing::header(128).expect("a short message").as_slice(), &smb2_message(0)].concat();
        Box::new(move || {
            for _ in 0..TIMES {
                let (header, message) = black_box(&frame).split_first_chunk().expect("a framing header");
                let _ = black_box((framing::parse_header(*header), Protocol::of(message)));
                let _ = black_box(framing::header(black_box(message.len())));
            }
        })
    }),
    ("protocol/smb1-header/read", |_| {
        let message = smb1_fields().encode();
        Box::new(move || {
            for _ in 0..TIMES {
                let header = smb1::Header::parse(black_box(&message)).expect("a header");
                black_box((header.command(), header.status(), header.flags2(), header.uid(), header.mid()));
                black_box((header.sender(), header.is_signed(), header.signature()));
            }
        })
    }),
    ("protocol/smb1-header/write", |_| {
        Box::new(|| {
            for _ in 0..TIMES {
                black_box(black_box(smb1_fields()).encode());
            }
        })
    }),
    ("protocol/smb1-sequence", |_| {
        let header = smb1_fields().encode();
        Box::new(move || {
            let header = smb1::Header::parse(&header).expect("a header");
            let mut numbers = SequenceNumbers::start(header);
            for _ in 0..TIMES {
                black_box((numbers.request(black_box(header)), numbers.response(header)));
            }
        })
    }),
    ("protocol/smb2-header/read", |_| {
        let message = smb2_message(0);
        Box::new(move || {
            for _ in 0..TIMES {
                let header = smb2::Header::parse(black_box(&message)).expect("a header");
                black_box((header.command(), header.status(), header.flags(), header.next_command()));
                black_box((header.message_id(), header.session_id(), header.signature()));
                black_box((header.sender(), header.is_signed(), header.is_async(), Nonce::of(&header)));
            }
        })
    }),
    ("protocol/smb2-header/write", |_| {
        Box::new(|| {
            for _ in 0..TIMES {
                black_box(black_box(smb2_fields(0)).encode());
            }
        })
    }),
    ("protocol/smb2-chain", |_| {
        let frame = [smb2_message(128), smb2_message(128), smb2_message(0)].concat();
        Box::new(move || {
            for _ in 0..TIMES {
                assert_eq!(Chain::new(black_box(&frame)).filter(Result::is_ok).count(), 3);
            }
        })
    }),
    ("protocol/transform-header", |_| {
        let header = TransformHeader {
            signature: Signature::from_bytes([7; 16]),
            nonce: [9; 16],
            original_message_size: 128,
            reserved: 0,
            flags: TransformHeader::ENCRYPTED,
            session_id: SessionId(5),
        };
        Box::new(move || {
            for _ in 0..TIMES {
                let frame: [u8; transform_frame_bytes()] = {
                    let mut frame = [0; transform_frame_bytes()];
                    frame[..52].copy_from_slice(&black_box(header).encode());
                    frame
                };
                let (read, sealed) = TransformHeader::parse(black_box(&frame)).expect("what was written");
                black_box((read.aad(), sealed.len()));
            }
        })
    }),
    ("protocol/signing-key", |_| {
        let (session, preauth) = (SessionKey::new(&[3; 16]).expect("a key"), PreauthHash::new());
        Box::new(move || {
            for _ in 0..TIMES / 10 {
                let derive = SigningKey::derive;
                let key = derive(&session, Dialect::Smb311, SigningAlgorithm::AesGmac, Some(&preauth));
                let _ = black_box(key.expect("3.1.1 derives with its hash"));
            }
        })
    }),
    ("protocol/preauth-hash", |_| {
        let message = smb2_message(0).repeat(2);
        Box::new(move || {
            let mut hash = PreauthHash::new();
            for _ in 0..TIMES / 10 {
                hash.update(black_box(&message));
            }
            black_box(hash);
        })
    }),
];

fn smb1_fields() -> smb1::HeaderFields {
    let command = smb1::Command::SESSION_SETUP_ANDX;
    smb1::HeaderFields { command, status: 0, flags: 0x80, flags2: 0xc807, tid: 1, pid: 2, uid: 3, mid: 4 }
}

const fn transform_frame_bytes() -> usize {
    52 + 128
}

fn smb2_fields(next_command: u32) -> smb2::HeaderFields {
    smb2::HeaderFields {
        credit_charge: 1,
        status: 0,
        command: smb2::Command::READ,
        credits: 1,
        flags: smb2::Flags::SERVER_TO_REDIR.with(smb2::Flags::SIGNED),
        next_command,
        message_id: MessageId(77),
        process_and_tree: 1 << 32,
        session_id: SessionId(5),
    }
}

/// 128 bytes.
fn smb2_message(next_command: u32) -> Vec<u8> {
    [smb2_fields(next_command).encode(), [0x5a; 64]].concat()
}
