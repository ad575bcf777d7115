//! Pulls messages while lanes are free, and hands each back as it ends.

use core::slice;

use super::job::Job;
use super::message::Message;
use super::occupancy::Occupancy;
use super::pool::{Pool, Room};
use super::serial::Serial;
use crate::kernels::Backend;
use crate::kernels::cmac_ni::CmacKey;
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
    cmac: Room<16>,
    md5: Room<64>,
    sha256: Room<64>,
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
        let mut cmac = Pool::<CmacKey, 16>::new(self.backend, &mut self.cmac);
        let mut md5 = Pool::<Md5Key, 64>::new(self.backend, &mut self.md5);
        let mut sha256 = Pool::<HmacSha256Key, 64>::new(self.backend, &mut self.sha256);
        let mut serial = Serial::new();
        let occupancy = &mut self.occupancy;
        loop {
            let space = cmac.space().min(md5.space()).min(sha256.space()).min(serial.space());
            let mut dry = false;
            for _ in 0..space {
                let Some(message) = source.pull() else {
                    dry = true;
                    break;
                };
                let key = message.key;
                match Job::admit(message) {
                    Err(message) => source.hand_back(message),
                    Ok(job) => {
                        if let Some(key) = CmacKey::of(key) {
                            cmac.take(job, key);
                        } else if let Some(key) = Md5Key::of(key) {
                            md5.take(job, key);
                        } else if let Some(key) = HmacSha256Key::of(key) {
                            sha256.take(job, key);
                        } else {
                            serial.take(job);
                        }
                    }
                }
            }
            serial.turn(|message| source.hand_back(message));
            cmac.turn(dry, occupancy, |message| source.hand_back(message));
            md5.turn(dry, occupancy, |message| source.hand_back(message));
            sha256.turn(dry, occupancy, |message| source.hand_back(message));
            if dry && cmac.is_empty() && md5.is_empty() && sha256.is_empty() && serial.is_empty() {
                return;
            }
        }
    }
}
