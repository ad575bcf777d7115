//! Many messages at once come out as each would alone, whatever runs beside them.

mod many;

use many::{Deed, Plan, assert_same_as_alone, header_bytes, painted, signing_key};
use smbsign_engine::batch::{LaneScheduler, Message, Operation, Outcome, Refusal, process};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::{SequenceNumber, SigningAlgorithm};
use std::io::IoSlice;

const DEEDS: [Deed; 5] =
    [Deed::Sign, Deed::Verify, Deed::VerifyChanged(77), Deed::VerifyUnsigned, Deed::Refuse];

fn assert_scheduled_as_alone(plans: &[Plan], offset: usize) {
    for backend in Backend::available() {
        let made = plans.iter().map(|plan| plan.clone().make(backend, offset)).collect();
        assert_same_as_alone(made, |messages| {
            LaneScheduler::new(backend).run(&mut messages.iter_mut());
        });
    }
}

fn plan(algorithm: SigningAlgorithm, session: usize, bytes: usize) -> Plan {
    let deed = DEEDS[session % DEEDS.len()];
    Plan { algorithm, session: (session % 251) as u8, bytes, cuts: Vec::new(), deed }
}

/// The numbers of messages that fill lanes not at all, exactly, and a little more, for kernels of 8, 16, 24 and 32.
const COUNTS: [usize; 14] = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65];

#[test]
fn every_length_beside_others_of_its_length() {
    for algorithm in SigningAlgorithm::ALL {
        let header = header_bytes(algorithm);
        for length in (header..header + 140).chain([1023, 1024, 1025, 4095, 4096, 4097]) {
            let plans: Vec<_> = (0..35).map(|session| plan(algorithm, session, length)).collect();
            assert_scheduled_as_alone(&plans, 0);
        }
    }
}

#[test]
fn every_number_of_messages_of_equal_and_of_many_lengths() {
    for algorithm in SigningAlgorithm::ALL {
        for count in COUNTS {
            let equal: Vec<_> = (0..count).map(|session| plan(algorithm, session, 200)).collect();
            assert_scheduled_as_alone(&equal, 1);
            let many: Vec<_> =
                (0..count).map(|session| plan(algorithm, session, 64 + session * 37)).collect();
            assert_scheduled_as_alone(&many, 1);
        }
    }
}

/// What is still copied ends within these lengths, and hangs on the neighbours.
#[test]
fn lengths_of_three_and_four_kilobytes_beside_each_other_and_beside_longer_ones() {
    for algorithm in SigningAlgorithm::ALL {
        for longer in [None, Some(9000)] {
            let unlike = (3000..4400).step_by(17).chain(3119..=3137).chain(4271..=4289);
            let twice = unlike.flat_map(|length| [length, length, length + 1]);
            let lengths = longer.into_iter().chain(twice);
            let plans: Vec<_> =
                lengths.enumerate().map(|(session, length)| plan(algorithm, session, length)).collect();
            assert_scheduled_as_alone(&plans, 3);
        }
    }
}

#[test]
fn every_alignment_and_every_edge_of_a_piece() {
    for algorithm in SigningAlgorithm::ALL {
        for offset in 0..64 {
            let plans: Vec<_> = (0..65)
                .map(|cut| Plan { cuts: vec![64 + cut], ..plan(algorithm, cut, 64 + 2 * 64 + offset) })
                .collect();
            assert_scheduled_as_alone(&plans, offset);
        }
    }
}

#[test]
fn sixteen_slices_of_any_length() {
    for algorithm in SigningAlgorithm::ALL {
        let plans: Vec<_> = (1..40)
            .map(|step| {
                let cuts = (0..16).map(|slice| 64 + slice * slice * step / 3).collect();
                Plan { cuts, ..plan(algorithm, step, 64 + 90 * step) }
            })
            .collect();
        assert_scheduled_as_alone(&plans, 3);
    }
}

#[test]
fn the_longest_messages_of_smb_whole_and_scattered() {
    for algorithm in SigningAlgorithm::ALL {
        for length in [64 << 10, 1 << 20, (16 << 20) + (64 << 10)] {
            let mut plans: Vec<_> = (0..20).map(|session| plan(algorithm, session, 64 + session)).collect();
            plans.push(Plan { deed: Deed::Verify, ..plan(algorithm, 1, length) });
            let cuts = (0..16).map(|slice| 64 + slice * (length / 17) + slice * slice).collect();
            plans.push(Plan { deed: Deed::Sign, cuts, ..plan(algorithm, 2, length - 1) });
            assert_scheduled_as_alone(&plans, 1);
        }
    }
}

#[test]
fn long_messages_of_many_lengths() {
    for algorithm in SigningAlgorithm::ALL {
        // More than a queue of lanes holds, and some longer than one step.
        let plans: Vec<_> = (0..330)
            .map(|session| {
                let bytes = if session % 64 == 7 { 150_000 } else { 4700 + session * 7919 % 30_000 };
                let cuts = if session % 3 == 0 { vec![70 + session, bytes / 2] } else { Vec::new() };
                Plan { cuts, ..plan(algorithm, session, bytes) }
            })
            .collect();
        assert_scheduled_as_alone(&plans, 7);
    }
}

#[test]
fn one_very_long_message_beside_many_short_ones() {
    for algorithm in SigningAlgorithm::ALL {
        let mut plans: Vec<_> =
            (0..300).map(|session| plan(algorithm, session, 64 + session % 190)).collect();
        plans.insert(3, Plan { deed: Deed::Sign, ..plan(algorithm, 1, (1 << 20) + 77) });
        assert_scheduled_as_alone(&plans, 0);
    }
}

#[test]
fn a_long_message_lets_short_ones_end_first() {
    for backend in Backend::available() {
        for algorithm in SigningAlgorithm::ALL {
            let key = PreparedKey::new(&signing_key(algorithm, 1), backend);
            let plans = [16 << 20, 300, 64, 4096, 1000];
            let mut made: Vec<_> =
                plans.map(|bytes| plan(algorithm, 0, bytes).make(backend, 0)).into_iter().collect();
            let mut messages: Vec<_> = made
                .iter_mut()
                .map(|made| {
                    let mut message = Message::whole(&key, &mut made.pieces[0], Operation::Sign);
                    message.sequence = made.sequence;
                    message
                })
                .collect();
            let mut source = Ended { messages: messages.iter_mut(), lengths: Vec::new() };
            LaneScheduler::new(backend).run(&mut source);
            assert_eq!(source.lengths.len(), plans.len());
            assert_eq!(source.lengths.last(), Some(&plans[0]), "{backend}, {algorithm}");
        }
    }
}

/// Notes in which order messages end.
struct Ended<'m, 'd> {
    messages: std::slice::IterMut<'m, Message<'d>>,
    lengths: Vec<usize>,
}

impl<'m, 'd> smbsign_engine::batch::Source<'m, 'd> for Ended<'m, 'd> {
    fn pull(&mut self) -> Option<&'m mut Message<'d>> {
        self.messages.next()
    }

    fn hand_back(&mut self, message: &'m mut Message<'d>) {
        self.lengths.push(message.head.len());
    }
}

#[test]
fn all_algorithms_mixed_on_one_core_and_on_all() {
    let plans: Vec<_> = (0..1500)
        .map(|session| {
            let algorithm = SigningAlgorithm::ALL[session * 7 % 4];
            plan(algorithm, session, 64 + session * session % 9000)
        })
        .collect();
    assert_scheduled_as_alone(&plans, 5);
    for backend in Backend::available() {
        let made = plans.iter().map(|plan| plan.clone().make(backend, 0)).collect();
        assert_same_as_alone(made, |messages| process(messages, backend));
    }
}

#[test]
fn what_is_no_message_is_refused_and_harms_no_other() {
    let backend = Backend::detect();
    let key = PreparedKey::new(&signing_key(SigningAlgorithm::AesCmac, 0), backend);
    let mut good = plan(SigningAlgorithm::AesCmac, 0, 300).make(backend, 0);
    let (mut short, mut foreign) = ([0xfe, b'S', b'M', b'B', 64], painted(80, 0));
    let (mut smb1, mut scattered) = (painted(80, 0), painted(80, 0));
    smb1[..4].copy_from_slice(b"\xffSMB");
    scattered[..6].copy_from_slice(b"\xfeSMB\x40\x00");
    let before = (short, foreign.clone(), smb1.clone(), scattered.clone());
    let crumbs = [IoSlice::new(b"x"); 17];
    let (mut smb1_bytes, mut interim) = (smb1.clone(), scattered.clone());
    // STATUS_PENDING, from the server, asynchronous.
    interim[8..12].copy_from_slice(&0x103u32.to_le_bytes());
    interim[16] |= 3;
    {
        let mut messages = [
            Message::whole(&key, &mut short, Operation::Sign),
            Message::whole(&key, &mut foreign, Operation::Sign),
            Message::whole(&good.key, &mut good.pieces[0], Operation::Sign),
            Message::whole(&key, &mut smb1, Operation::Sign),
            Message::scattered(&key, &mut scattered, &crumbs, Operation::Sign),
        ];
        LaneScheduler::new(backend).run(&mut messages.iter_mut());
        let [short, foreign, good, smb1, scattered] = messages.each_ref().map(|message| message.outcome);
        assert_eq!([short, foreign], [Outcome::Refused(Refusal::Malformed); 2]);
        assert_eq!(good, Outcome::Signed);
        assert_eq!(smb1, Outcome::Refused(Refusal::SequenceNumberMissing));
        assert_eq!(scattered, Outcome::Refused(Refusal::Scattered));
        let numbered = Message::whole(&key, &mut smb1_bytes, Operation::Sign).numbered(SequenceNumber(2));
        let interim = Message::whole(&key, &mut interim, Operation::Sign);
        let mut messages = [numbered, interim];
        LaneScheduler::new(backend).run(&mut messages.iter_mut());
        let [numbered, interim] = messages.map(|message| message.outcome);
        assert_eq!(numbered, Outcome::Refused(Refusal::WrongAlgorithm));
        assert_eq!(interim, Outcome::Refused(Refusal::InterimResponse));
    }
    assert_eq!((short, foreign, smb1, scattered), before);
    assert_eq!(good.pieces[0], good.expected_bytes);
}

/// As many as show what the next ones are like, fill every kernel's lanes, and begin to do so again.
const ALIKE: usize = 16 + 64 + 20;

fn alike(algorithm: SigningAlgorithm, bytes: usize, deed: Deed) -> Vec<Plan> {
    (0..ALIKE).map(|session| Plan { deed, ..plan(algorithm, session, bytes) }).collect()
}

#[test]
fn messages_of_one_length_that_are_all_signed_or_all_verified() {
    for algorithm in SigningAlgorithm::ALL {
        for length in (64..=80).chain(127..=129).chain(1024..=1090).chain(3040..=3080) {
            assert_scheduled_as_alone(&alike(algorithm, length, Deed::Sign), length % 64);
            let mut verified = alike(algorithm, length, Deed::Verify);
            for plan in verified.iter_mut().step_by(5) {
                plan.deed = Deed::VerifyChanged(usize::from(plan.session) * 3);
            }
            assert_scheduled_as_alone(&verified, length % 64);
        }
    }
}

#[test]
fn one_that_differs_among_messages_that_are_alike() {
    for (deed, opposite) in [(Deed::Sign, Deed::Verify), (Deed::Verify, Deed::Sign)] {
        for place in (0..ALIKE).step_by(3) {
            let alike = alike(SigningAlgorithm::AesCmac, 200, deed);
            let other = |change: &dyn Fn(&mut Plan)| {
                let mut plans = alike.clone();
                change(&mut plans[place]);
                assert_scheduled_as_alone(&plans, place % 64);
            };
            other(&|plan| plan.deed = opposite);
            other(&|plan| plan.deed = Deed::VerifyUnsigned);
            other(&|plan| plan.deed = Deed::Refuse);
            other(&|plan| plan.bytes = 201);
            other(&|plan| plan.bytes = 5000);
            other(&|plan| plan.cuts = vec![100]);
            other(&|plan| (plan.bytes, plan.cuts) = (300, vec![200]));
            other(&|plan| plan.algorithm = SigningAlgorithm::HmacSha256);
        }
    }
}

#[test]
fn messages_that_keep_coming_do_not_hold_another_back() {
    const COUNT: usize = 60_000;
    for backend in Backend::available() {
        for (algorithm, other) in [
            (SigningAlgorithm::AesCmac, SigningAlgorithm::AesGmac),
            (SigningAlgorithm::AesGmac, SigningAlgorithm::AesCmac),
            (SigningAlgorithm::HmacSha256, SigningAlgorithm::AesCmac),
        ] {
            let key = |algorithm| PreparedKey::new(&signing_key(algorithm, 0), backend);
            let (key, other) = (key(algorithm), key(other));
            let mut one = plan(algorithm, 0, 80).make(backend, 0).pieces.remove(0);
            one[16] = 0;
            let mut bytes = vec![one; COUNT];
            bytes[5].resize(90, 0);
            let mut messages: Vec<_> = bytes
                .iter_mut()
                .map(|bytes| {
                    let key = if bytes.len() == 90 { &other } else { &key };
                    Message::whole(key, bytes, Operation::Sign)
                })
                .collect();
            let mut source = Ended { messages: messages.iter_mut(), lengths: Vec::new() };
            LaneScheduler::new(backend).run(&mut source);
            let place = source.lengths.iter().position(|bytes| *bytes == 90);
            assert!(place.is_some_and(|place| place < COUNT / 2), "{backend}, {algorithm}: {place:?}");
            assert!(messages.iter().all(|message| message.outcome == Outcome::Signed), "{backend}");
        }
    }
}

#[test]
fn lanes_stay_full_where_messages_are_alike() {
    for backend in Backend::available() {
        // A multiple of every kernel's lanes: 3, 7, 24, 64.
        let mut made: Vec<_> = (0..1344)
            .map(|session| {
                Plan { deed: Deed::Sign, ..plan(SigningAlgorithm::HmacSha256, session, 1000) }
                    .make(backend, 0)
            })
            .collect();
        let mut messages: Vec<_> = made
            .iter_mut()
            .map(|made| Message::whole(&made.key, &mut made.pieces[0], Operation::Sign))
            .collect();
        let mut scheduler = LaneScheduler::new(backend);
        assert_eq!(scheduler.occupancy().ratio(), None);
        scheduler.run(&mut messages.iter_mut());
        assert_eq!(scheduler.occupancy().ratio(), Some(1.0), "{backend}");
    }
}
