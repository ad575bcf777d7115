//! Pulls messages while lanes are free, and hands each back as it ends.

use core::marker::PhantomData;
use core::{mem, slice};

use arrayvec::ArrayVec;

use super::cmac_pool::{CmacPool, CmacRoom};
use super::message::Message;
use super::occupancy::Occupancy;
use super::pool::{Pool, Room};
use super::serial::{Serial, SerialRoom};
use crate::kernels::cmac_ni::CmacKey;
use crate::kernels::{Backend, Work, prefetch_beginning, prefetch_from};
use crate::mac::chain::Chain;
use crate::mac::{HmacSha256Key, Md5Key};

/// Where messages come from, and where they go.
pub trait Source<'m, 'd> {
    /// The next message; `None` while there is none. It is asked again whenever messages have ended.
    fn pull(&mut self) -> Option<&'m mut Message<'d>>;

    /// Takes a message back, its outcome told, in whatever order messages end.
    fn hand_back(&mut self, message: &'m mut Message<'d>);
}

/// All messages of a slice, told by their outcomes.
impl<'m, 'd> Source<'m, 'd> for slice::IterMut<'m, Message<'d>> {
    #[inline]
    fn pull(&mut self) -> Option<&'m mut Message<'d>> {
        self.next()
    }

    #[inline]
    fn hand_back(&mut self, _: &'m mut Message<'d>) {}
}

/// Runs many messages on one thread: any mix of lengths, keys, algorithms, dialects, to sign and to verify.
///
/// Short messages are sorted into groups that end together; long ones move on step by step in lanes that are refilled as
/// messages end, and hold no short one back. What runs when depends on the messages alone: there is no clock here. Keep a
/// scheduler: it owns the memory that it works in, and a run allocates nothing.
pub struct LaneScheduler {
    backend: Backend,
    occupancy: Occupancy,
    cmac: CmacRoom,
    md5: Room<Md5Key, 64>,
    sha256: Room<HmacSha256Key, 64>,
    serial: Box<SerialRoom>,
    /// Of the latest message of the latest run, which the next one's first are likely to be like.
    latest: Latest,
}

impl LaneScheduler {
    /// A scheduler for a backend's kernels. Keys may be prepared for any backend: those that have no lanes run one by one.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            occupancy: Occupancy::default(),
            cmac: CmacRoom::new(),
            md5: Room::new(),
            sha256: Room::new(),
            serial: SerialRoom::new(),
            latest: Latest::AesGmac,
        }
    }

    /// The backend whose kernels run.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// How full the lanes were since the scheduler was made.
    #[must_use]
    pub const fn occupancy(&self) -> Occupancy {
        self.occupancy
    }

    /// Runs messages until the source has none and each is handed back.
    pub fn run<'m, 'd: 'm>(&mut self, source: &mut impl Source<'m, 'd>) {
        self.backend.compiled(Run { scheduler: self, source, lifetimes: PhantomData });
    }
}

/// A run of the scheduler, as work that is compiled for its backend.
struct Run<'s, 'm, 'd, S> {
    scheduler: &'s mut LaneScheduler,
    source: &'s mut S,
    lifetimes: PhantomData<&'m mut Message<'d>>,
}

impl<'m, 'd: 'm, S: Source<'m, 'd>> Work for Run<'_, 'm, 'd, S> {
    type Yield = ();

    #[inline(always)]
    fn run(self) {
        let Self { scheduler, source, .. } = self;
        let LaneScheduler { backend, occupancy, cmac, md5, sha256, serial, latest } = scheduler;
        let mut pools = Pools {
            cmac: CmacPool::new(*backend, cmac),
            md5: Pool::new(*backend, md5),
            sha256: Pool::new(*backend, sha256),
            serial: Serial::new(*backend, serial),
            latest: *latest,
        };
        loop {
            let supply = pools.pull(occupancy, source);
            pools.turn(supply, occupancy, source);
            if supply == Supply::Dry && pools.is_empty() {
                *latest = pools.latest;
                return;
            }
        }
    }
}

/// Messages that are taken in before those have their turn that wait for more: short ones may keep coming. They fill whole
/// groups of every kernel, and mostly whole windows.
const TURN: usize = 8 * 504;

/// Whether more messages wait than could be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Supply {
    /// There may be more.
    More,
    /// The source has none for now.
    Dry,
}

/// All messages in flight, by algorithm.
// Otherwise it hangs on what else stands on the stack which of them lie in two cache lines.
#[repr(align(64))]
struct Pools<'m, 'd, 'r> {
    cmac: CmacPool<'m, 'd, 'r>,
    md5: Pool<'m, 'd, 'r, Md5Key, 64>,
    sha256: Pool<'m, 'd, 'r, HmacSha256Key, 64>,
    serial: Serial<'m, 'd, 'r>,
    /// Of the latest message. The next ones' keys are likely to be like it.
    latest: Latest,
}

/// What the latest message was signed with, and the next one probably is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Latest {
    AesCmac,
    AesGmac,
    Hash,
}

impl Latest {
    /// Messages whose memory is asked for together: of AES-CMAC a group's, of others no more than it takes.
    const fn ahead(self) -> usize {
        match self {
            Self::AesCmac => AHEAD,
            Self::AesGmac | Self::Hash => AHEAD / 2,
        }
    }
}

impl<'m, 'd: 'm> Pools<'m, 'd, '_> {
    /// Takes messages in until a pool is full, the source has none, or the others have waited long enough.
    #[inline(always)]
    fn pull(&mut self, occupancy: &mut Occupancy, source: &mut impl Source<'m, 'd>) -> Supply {
        let (mut near, mut far) = (ArrayVec::new(), ArrayVec::new());
        // Messages may all go to one pool; a pool that they do not go to must not keep them from filling it.
        let mut supply = look_ahead(source, self.latest, self.space(), &mut near);
        let mut turn = TURN;
        while !near.is_empty() {
            turn = turn.saturating_sub(near.len());
            if supply == Supply::More {
                let space = (self.space() - near.len()).min(turn);
                supply = look_ahead(source, self.latest, space, &mut far);
            }
            let mut messages = near.drain(..);
            let mut next = messages.next();
            while let Some(message) = next {
                next = self.take(message, &mut messages, occupancy, source);
            }
            drop(messages);
            mem::swap(&mut near, &mut far);
        }
        supply
    }

    #[inline(always)]
    fn space(&self) -> usize {
        self.cmac.space().min(self.md5.space()).min(self.sha256.space()).min(self.serial.space())
    }

    /// Takes messages in, at least the first, and gives one back that has yet to be taken in.
    #[inline(always)]
    fn take(
        &mut self,
        first: &'m mut Message<'d>,
        rest: &mut impl Iterator<Item = &'m mut Message<'d>>,
        occupancy: &mut Occupancy,
        source: &mut impl Source<'m, 'd>,
    ) -> Option<&'m mut Message<'d>> {
        let key = first.key;
        self.latest = Latest::AesGmac;
        if CmacKey::of(key).is_some() {
            self.latest = Latest::AesCmac;
            self.cmac.take(first, rest, occupancy, source)
        } else if Md5Key::of(key).is_some() {
            self.latest = Latest::Hash;
            self.md5.take(first, rest, occupancy, source)
        } else if HmacSha256Key::of(key).is_some() {
            self.latest = Latest::Hash;
            self.sha256.take(first, rest, occupancy, source)
        } else {
            self.serial.take(first, rest, source)
        }
    }

    #[inline(always)]
    fn turn(&mut self, supply: Supply, occupancy: &mut Occupancy, source: &mut impl Source<'m, 'd>) {
        self.serial.turn(source);
        self.cmac.turn(supply, occupancy, source);
        self.md5.turn(supply, occupancy, source);
        self.sha256.turn(supply, occupancy, source);
    }

    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.cmac.is_empty() && self.md5.is_empty() && self.sha256.is_empty() && self.serial.is_empty()
    }
}

/// Messages whose memory is asked for together at most.
const AHEAD: usize = 32;

/// Pulls the next messages and asks for where their keys begin and for their headers, which may be far away: waiting for one
/// after the other would take longer than all the rest.
#[inline(always)]
fn look_ahead<'m, 'd: 'm>(
    source: &mut impl Source<'m, 'd>,
    latest: Latest,
    space: usize,
    ahead: &mut ArrayVec<&'m mut Message<'d>, AHEAD>,
) -> Supply {
    for _ in 0..space.min(latest.ahead()) {
        let Some(message) = source.pull() else { return Supply::Dry };
        match latest {
            // Of AES-CMAC all that a short message needs, of AES-GMAC all but powers of H, and their address.
            Latest::AesCmac | Latest::AesGmac => prefetch_beginning::<1, _>(message.key),
            // The states.
            Latest::Hash => prefetch_beginning::<2, _>(message.key),
        }
        prefetch_from(message.head);
        ahead.push(message);
    }
    Supply::More
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::batch::{Operation, Outcome};
    use crate::mac::PreparedKey;
    use crate::protocol::{SequenceNumber, SigningAlgorithm, SigningKey};

    #[test]
    fn nothing_of_keys_or_messages_stays_behind() {
        for backend in Backend::available() {
            let mut scheduler = LaneScheduler::new(backend);
            for algorithm in [SigningAlgorithm::Md5, SigningAlgorithm::HmacSha256, SigningAlgorithm::AesCmac]
            {
                let key = PreparedKey::new(&SigningKey::new(algorithm, &[0xA5; 16]).unwrap(), backend);
                let md5 = algorithm == SigningAlgorithm::Md5;
                let id: &[u8] = if md5 { b"\xffSMB" } else { b"\xfeSMB\x40\0" };
                let lengths = |index: usize| [97, 300, 1000, 3900, 5000][index % 5] + index;
                for lengths in [(0..90).map(lengths).collect(), vec![300; TURN + 96], vec![300; 120]] {
                    let message = |bytes: &usize| {
                        let mut message = vec![0x5A; *bytes];
                        message[..id.len()].copy_from_slice(id);
                        message
                    };
                    let mut bytes: Vec<_> = lengths.iter().map(message).collect();
                    let sequence = md5.then_some(SequenceNumber(7));
                    let sign = |bytes| Message { sequence, ..Message::whole(&key, bytes, Operation::Sign) };
                    let mut messages: Vec<_> = bytes.iter_mut().map(|bytes| sign(&mut bytes[..])).collect();
                    scheduler.run(&mut messages.iter_mut());
                    assert!(messages.iter().all(|message| message.outcome == Outcome::Signed));
                    let LaneScheduler { cmac, md5, sha256, .. } = &scheduler;
                    assert!(cmac.is_blank() && md5.is_blank() && sha256.is_blank(), "{backend}");
                }
            }
        }
    }

    /// A source that gives up as soon as a message comes back.
    struct Panicking<'m, 'd>(slice::IterMut<'m, Message<'d>>);

    impl<'m, 'd> Source<'m, 'd> for Panicking<'m, 'd> {
        fn pull(&mut self) -> Option<&'m mut Message<'d>> {
            self.0.next()
        }

        fn hand_back(&mut self, _: &'m mut Message<'d>) {
            panic!("by the source");
        }
    }

    #[test]
    fn what_a_panic_leaves_behind_is_emptied_when_the_memory_goes() {
        let key = SigningKey::new(SigningAlgorithm::AesCmac, &[0xA5; 16]).unwrap();
        for backend in Backend::available().filter(|backend| *backend != Backend::portable()) {
            let key = PreparedKey::new(&key, backend);
            let mut bytes = [0x5A; 200];
            bytes[..6].copy_from_slice(b"\xfeSMB\x40\0");
            let mut messages = [Message::whole(&key, &mut bytes, Operation::Sign)];
            let mut scheduler = LaneScheduler::new(backend);
            let run = || scheduler.run(&mut Panicking(messages.iter_mut()));
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
            assert!(!scheduler.cmac.is_blank(), "{backend}: nothing to empty");
            // As its destructor does.
            scheduler.cmac.wipe();
            assert!(scheduler.cmac.is_blank(), "{backend}");
        }
    }
}
