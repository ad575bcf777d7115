//! Pulls messages while lanes are free, and hands each back as it ends.

use core::slice;

use super::job::{Job, admit};
use super::message::Message;
use super::occupancy::Occupancy;
use super::pool::{Pool, Room};
use super::serial::{Serial, SerialRoom};
use crate::kernels::Backend;
use crate::kernels::cmac_ni::CmacKey;
use crate::mac::chain::Chain;
use crate::mac::{HmacSha256Key, Md5Key, PreparedKey};

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
    cmac: Room<16>,
    md5: Room<64>,
    sha256: Room<64>,
    serial: Box<SerialRoom>,
}

impl LaneScheduler {
    /// A scheduler for a backend's kernels. Keys may be prepared for any backend: those that have no lanes run one by one.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            occupancy: Occupancy::default(),
            cmac: Room::new(),
            md5: Room::new(),
            sha256: Room::new(),
            serial: SerialRoom::new(),
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
        let Self { backend, occupancy, cmac, md5, sha256, serial } = self;
        let mut pools = Pools {
            cmac: Pool::new(*backend, cmac),
            md5: Pool::new(*backend, md5),
            sha256: Pool::new(*backend, sha256),
            serial: Serial::new(*backend, serial),
        };
        loop {
            let supply = pools.pull(source);
            pools.turn(supply, occupancy, source);
            if supply == Supply::Dry && pools.is_empty() {
                return;
            }
        }
    }
}

/// Whether more messages wait than could be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Supply {
    /// A pool is full.
    More,
    /// The source has none for now.
    Dry,
}

/// All messages in flight, by algorithm.
struct Pools<'m, 'd, 'r> {
    cmac: Pool<'m, 'd, 'r, CmacKey, 16>,
    md5: Pool<'m, 'd, 'r, Md5Key, 64>,
    sha256: Pool<'m, 'd, 'r, HmacSha256Key, 64>,
    serial: Serial<'m, 'd, 'r>,
}

impl<'m, 'd: 'm> Pools<'m, 'd, '_> {
    /// Takes messages in until a pool is full or the source has none.
    #[inline(always)]
    fn pull(&mut self, source: &mut impl Source<'m, 'd>) -> Supply {
        loop {
            // Messages may all go to one pool; a pool that they do not go to must not keep them from filling it.
            let space = self.space();
            if space == 0 {
                return Supply::More;
            }
            for _ in 0..space {
                let Some(message) = source.pull() else { return Supply::Dry };
                let key = message.key;
                match admit(message) {
                    Some(admitted) => self.take(Job::new(message, admitted), key),
                    None => source.hand_back(message),
                }
            }
        }
    }

    fn space(&self) -> usize {
        self.cmac.space().min(self.md5.space()).min(self.sha256.space()).min(self.serial.space())
    }

    #[inline(always)]
    fn take(&mut self, job: Job<'m, 'd>, key: &'d PreparedKey) {
        if let Some(key) = CmacKey::of(key) {
            self.cmac.take(job, key);
        } else if let Some(key) = Md5Key::of(key) {
            self.md5.take(job, key);
        } else if let Some(key) = HmacSha256Key::of(key) {
            self.sha256.take(job, key);
        } else {
            self.serial.take(job);
        }
    }

    #[inline(always)]
    fn turn(&mut self, supply: Supply, occupancy: &mut Occupancy, source: &mut impl Source<'m, 'd>) {
        self.serial.turn(|message| source.hand_back(message));
        self.cmac.turn(supply, occupancy, |message| source.hand_back(message));
        self.md5.turn(supply, occupancy, |message| source.hand_back(message));
        self.sha256.turn(supply, occupancy, |message| source.hand_back(message));
    }

    fn is_empty(&self) -> bool {
        self.cmac.is_empty() && self.md5.is_empty() && self.sha256.is_empty() && self.serial.is_empty()
    }
}
