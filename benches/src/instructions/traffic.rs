//! Messages with their numbers, their byte times and their departures.

use std::hint::black_box;
use std::num::NonZeroU64;

use smbsign_engine::protocol::smb2::{self, Command};
use smbsign_engine::protocol::{Dialect, Sender};
use smbsign_engine::traffic::{
    Arrival, BulkMessage, Exchange, FramePlace, Generator, GeneratorConfig, Packing, Profile,
    RecordedMessage, Schedule, Signing, Wire,
};

use super::{Row, TIMES};

pub(super) const BENCHMARKS: &[Row] = &[
    ("traffic/bulk/SMB1", |_| messages(&bulk(Dialect::Smb1))),
    ("traffic/bulk/3.1.1", |_| messages(&bulk(Dialect::Smb311))),
    ("traffic/received/3.1.1", |_| {
        let mut generator = generator(&bulk(Dialect::Smb311));
        for _ in 0..generator.buffers() {
            generator.next_message();
        }
        Box::new(move || {
            for _ in 0..TIMES {
                black_box(generator.next_received().wire_bytes);
            }
        })
    }),
    ("traffic/mix", |_| messages(&mix())),
    ("traffic/replay", |_| messages(&replay(&conversation()))),
    ("traffic/replay/read", |_| {
        let conversation = conversation();
        Box::new(move || {
            black_box(replay(&conversation).message_count());
        })
    }),
    ("traffic/set", |_| {
        let profile = bulk(Dialect::Smb311);
        Box::new(move || {
            black_box(generator(&profile).set_bytes());
        })
    }),
    ("traffic/wire", |_| {
        Box::new(|| {
            let wire = Wire::default();
            let packed = Wire { packing: Packing::Stream, ..wire };
            for bytes in 0..TIMES {
                black_box(wire.bytes_of(black_box(70 * bytes)) + packed.bytes_of(black_box(70 * bytes)));
            }
        })
    }),
    ("traffic/departures/paced", |_| departures("paced")),
    ("traffic/departures/poisson", |_| departures("poisson")),
    ("traffic/departures/burst", |_| departures("burst:16")),
];

fn messages(profile: &Profile) -> Box<dyn FnOnce()> {
    let mut generator = generator(profile);
    Box::new(move || {
        for _ in 0..TIMES {
            black_box(generator.next_message().wire_bytes);
        }
    })
}

/// 64 KiB of messages, eight sessions in turn.
fn generator(profile: &Profile) -> Generator {
    let config =
        GeneratorConfig { sessions: Some(8), set_bytes: 64 << 10, seed: 1, ..GeneratorConfig::default() };
    Generator::new(profile, config)
}

fn bulk(dialect: Dialect) -> Profile {
    Profile::bulk(BulkMessage::ReadResponse, dialect, 128).expect("a length both dialects have")
}

fn mix() -> Profile {
    use FramePlace::{Continues, Opens};
    let exchange = |command, request_bytes, response_bytes, place| Exchange {
        command,
        request_bytes,
        response_bytes,
        place,
    };
    let exchanges = [
        exchange(Command::READ, 120, 4176, Opens),
        exchange(Command::CREATE, 200, 152, Opens),
        exchange(Command::QUERY_INFO, 104, 88, Continues),
        exchange(Command::CLOSE, 88, 124, Continues),
    ];
    Profile::exchanges(Dialect::Smb311, &exchanges).expect("lengths and places that SMB2 has")
}

/// A hundred requests, each before its response.
fn conversation() -> Vec<(Vec<u8>, Sender, FramePlace)> {
    (0..200_u64)
        .map(|at| {
            let (sender, flags) = match at % 2 {
                0 => (Sender::Client, smb2::Flags(0)),
                _ => (Sender::Server, smb2::Flags::SERVER_TO_REDIR),
            };
            let fields = smb2::HeaderFields {
                credit_charge: 1,
                status: 0,
                command: Command::READ,
                credits: 1,
                flags,
                next_command: 0,
                message_id: smb2::MessageId(at / 2),
                process_and_tree: 1 << 32,
                session_id: smb2::SessionId(5),
            };
            ([fields.encode(), [0x5a; 64]].concat(), sender, FramePlace::Opens)
        })
        .collect()
}

fn replay(conversation: &[(Vec<u8>, Sender, FramePlace)]) -> Profile {
    let recorded = conversation.iter().map(|(bytes, sender, place)| RecordedMessage {
        bytes,
        sender: *sender,
        signing: Signing::Signed,
        place: *place,
    });
    Profile::replay(Dialect::Smb311, [recorded]).expect("well-formed messages")
}

fn departures(arrival: &str) -> Box<dyn FnOnce()> {
    let rate = NonZeroU64::new(10_000_000_000).expect("10 Gbit/s is not 0");
    let arrival: Arrival = arrival.parse().expect("an arrival");
    let mut schedule = Schedule::new(rate, 0, arrival, 1);
    Box::new(move || {
        for _ in 0..TIMES {
            black_box(schedule.depart(black_box(222.0)));
        }
    })
}
