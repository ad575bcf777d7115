//! A message that an engine can own.

use fastrand::Rng;
use smbsign_engine::batch::{Operation, Outcome};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{Completion, Job, KeyId, OffloadEngine, Parcel};
use smbsign_engine::protocol::{Sender, SequenceNumber, SigningAlgorithm};
use smbsign_engine::signing::{self, Verdict};

use super::super::shot::{WrongTag, prepared};
use super::super::work_set::{SMB1_SEQUENCE, random_keys, write_header};

const LINE: usize = 64;

/// A message in memory of its own, at the start of a cache line as those of the lanes are.
pub(super) struct Letter {
    room: Box<[u8]>,
    start: u32,
    end: u32,
    session: u32,
    /// When it should have departed, in nanoseconds of the clock; zero before it ever has.
    pub(super) departed: u64,
}

impl Letter {
    pub(super) fn new(algorithm: SigningAlgorithm, bytes: usize, number: usize, rng: &mut Rng) -> Self {
        let mut room = vec![0; bytes + LINE].into_boxed_slice();
        let start = room.as_ptr().align_offset(LINE).min(LINE);
        let message = &mut room[start..start + bytes];
        rng.fill(message);
        write_header(algorithm, number, message);
        Self { room, start: start as u32, end: (start + bytes) as u32, session: 0, departed: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[self.start as usize..self.end as usize]
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.room[self.start as usize..self.end as usize]
    }
}

impl Parcel for Letter {
    #[inline]
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (self.bytes_mut(), std::iter::empty())
    }
}

/// Which session a message is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belonging {
    /// Each message stays with its own.
    Fixed,
    /// It is drawn whenever the message is submitted.
    Drawn,
}

/// Sessions that are registered with an engine.
pub(super) struct Sessions {
    algorithm: SigningAlgorithm,
    ids: Vec<KeyId>,
    /// Another implementation's keys.
    checkers: Vec<PreparedKey>,
    belonging: Belonging,
    rng: Rng,
}

impl Sessions {
    pub(super) fn register(
        engine: &OffloadEngine<Letter>,
        algorithm: SigningAlgorithm,
        (count, belonging): (usize, Belonging),
        rng: &mut Rng,
    ) -> Self {
        let keys = random_keys(count, rng);
        let register = |key| engine.register(key).expect("an engine has room for all keys of a figure");
        let ids = prepared(algorithm, engine.backend(), &keys).into_iter().map(register).collect();
        let checkers = prepared(algorithm, Backend::portable(), &keys);
        Self { algorithm, ids, checkers, belonging, rng: rng.fork() }
    }

    pub(super) const fn belonging(&self) -> Belonging {
        self.belonging
    }

    /// The message as it goes into a burst for the first time.
    pub(super) fn address(&self, mut letter: Letter, number: usize) -> Job<Letter> {
        let session = number % self.ids.len();
        letter.session = session as u32;
        let sequence = sequence(self.algorithm);
        Job { key: self.ids[session], operation: Operation::Sign, sequence, parcel: letter }
    }

    /// The message as it goes into its next burst.
    #[inline]
    pub(super) fn again(&mut self, mut job: Job<Letter>) -> Job<Letter> {
        if self.belonging == Belonging::Drawn {
            let session = self.rng.usize(..self.ids.len());
            job.parcel.session = session as u32;
            job.key = self.ids[session];
        }
        job
    }

    /// Holds a message that came back to another implementation.
    pub(super) fn check(&self, Completion { job, outcome }: &Completion<Letter>) -> Result<(), WrongTag> {
        let message = job.parcel.bytes();
        let key = &self.checkers[job.parcel.session as usize];
        let verdict = signing::verify(key, Sender::Client, message, job.sequence);
        if *outcome == Ok(Outcome::Signed) && verdict == Ok(Verdict::Verified) {
            return Ok(());
        }
        Err(WrongTag::of_ours(self.algorithm, message.len()))
    }
}

/// SMB1 numbers its messages.
pub(super) fn sequence(algorithm: SigningAlgorithm) -> Option<SequenceNumber> {
    (algorithm == SigningAlgorithm::Md5).then_some(SMB1_SEQUENCE)
}
