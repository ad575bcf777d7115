//! The scheduler against a model: any messages, given out in any bursts, each come back once and as they would alone.

mod many;

use std::collections::HashMap;

use many::{Deed, Plan, assert_same_as_alone};
use proptest::prelude::*;
use smbsign_engine::batch::{LaneScheduler, Message, Source};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::SigningAlgorithm;

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Sign),
        4 => Just(Deed::Verify),
        2 => any::<usize>().prop_map(|place| Deed::VerifyChanged(place % 100_000)),
        1 => Just(Deed::VerifyUnsigned),
        1 => Just(Deed::Refuse),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let bytes =
        prop_oneof![8 => 32usize..600, 4 => 64usize..6000, 2 => 6000usize..40_000, 1 => 60_000usize..300_000];
    let cuts = prop::collection::vec(any::<usize>(), 0..=16);
    let algorithm = prop::sample::select(SigningAlgorithm::ALL.to_vec());
    (algorithm, any::<u8>(), bytes, cuts, deed()).prop_map(|(algorithm, session, bytes, cuts, deed)| Plan {
        algorithm,
        session,
        bytes,
        cuts,
        deed,
    })
}

/// Messages under keys of their own that are as one is, but for their sessions.
fn alike() -> impl Strategy<Value = Vec<Plan>> {
    (plan(), prop_oneof![9 => 1usize..3, 1 => 20usize..120]).prop_map(|(first, count)| {
        let next =
            |session: usize| Plan { session: first.session.wrapping_add(session as u8), ..first.clone() };
        (0..if first.bytes < 6000 { count } else { 1 }).map(next).collect()
    })
}

/// Gives messages out in bursts, and says "none for now" between two of them.
struct Bursts<'m, 'd> {
    waiting: std::slice::IterMut<'m, Message<'d>>,
    bursts: std::vec::IntoIter<usize>,
    left: usize,
    /// How often each message, by where it lies, was given out less how often it came back.
    out: HashMap<*const Message<'d>, i32>,
    returned: usize,
}

impl<'m, 'd> Source<'m, 'd> for Bursts<'m, 'd> {
    fn pull(&mut self) -> Option<&'m mut Message<'d>> {
        if self.left == 0 {
            // When the bursts are over, the rest comes at once.
            self.left = self.bursts.next().unwrap_or(usize::MAX);
            return None;
        }
        self.left -= 1;
        let message = self.waiting.next()?;
        *self.out.entry(&raw const *message).or_default() += 1;
        Some(message)
    }

    fn hand_back(&mut self, message: &'m mut Message<'d>) {
        *self.out.entry(&raw const *message).or_default() -= 1;
        self.returned += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_message_comes_back_once_and_as_it_would_alone(
        plans in prop::collection::vec(alike(), 0..200).prop_map(|plans| plans.concat()),
        bursts in prop::collection::vec(0usize..90, 0..40),
        offset in 0usize..64,
    ) {
        for backend in Backend::available() {
            let made = plans.iter().map(|plan| plan.clone().make(backend, offset)).collect();
            assert_same_as_alone(made, |messages| {
                let count = messages.len();
                let mut source = Bursts {
                    waiting: messages.iter_mut(),
                    bursts: bursts.clone().into_iter(),
                    left: 0,
                    out: HashMap::new(),
                    returned: 0,
                };
                let mut scheduler = LaneScheduler::new(backend);
                // A run ends when the source is dry: the next one goes on with the next burst.
                while source.returned < count {
                    scheduler.run(&mut source);
                    assert!(source.out.values().all(|out| *out == 0), "kept, or handed back twice");
                }
                assert_eq!((source.returned, source.out.len()), (count, count));
            });
        }
    }
}
