//! Sends small messages of all algorithms and kinds through the engine, and accounts for each.
//!
//! `cargo run --release -p smbsign-engine --example soak -- [MESSAGES [WORKERS]]`
//!
//! Fails unless every message came back exactly once and as it should, the engine's counts agree with the sender's own,
//! the reference agrees with a sample of each algorithm over the whole time, and the memory stays what it was after the
//! first tenth.

use std::error::Error;
use std::time::Instant;
use std::{env, fs};

use smbsign_engine::batch::{Operation, Outcome};
use smbsign_engine::mac::{PreparedKey, reference};
use smbsign_engine::offload::{
    Burst, Completion, Config, Failure, Job, KeyId, OffloadEngine, Parcel, QueuePair, Stats, SubmitError,
};
use smbsign_engine::protocol::{
    Nonce, SecuritySignature, Sender, SequenceNumber, Signature, SigningAlgorithm, SigningKey, smb2,
};

const SESSIONS: usize = 4096;
/// More bursts than may be out, so that some are given back.
const BURSTS: usize = 48;
const QUEUE_DEPTH: usize = 40;
/// One in so many signatures is made again by the reference.
const SAMPLE: u64 = 4099;
const SMB1_NUMBER: SequenceNumber = SequenceNumber(4);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let messages: u64 = arguments.next().map_or(Ok(10_000_000), |count| count.parse())?;
    let workers = arguments.next().map_or(Ok(1), |count| count.parse())?;
    let config = Config { workers, queue_depth: QUEUE_DEPTH, max_keys: SESSIONS + 2, ..Config::default() };
    let engine = OffloadEngine::start(config)?;
    let mut soak = Soak::new(&engine)?;
    let started = Instant::now();
    let mut resident = None;
    while soak.accepted() < messages {
        soak.turn(&engine)?;
        if resident.is_none() && soak.accepted() > messages / 10 {
            resident = Some(resident_bytes()?);
        }
    }
    while let Some(burst) = soak.pair.wait() {
        soak.take_back(burst)?;
    }
    let rate = soak.accepted() as f64 / started.elapsed().as_secs_f64() / 1e6;
    let grown = resident_bytes()?.saturating_sub(resident.unwrap_or(0));
    let stats = engine.shutdown();
    println!("{stats:#?}\n{rate:.2} M messages/s, {grown} bytes more than after the first tenth");
    soak.account(&stats)?;
    if grown > 1 << 20 {
        return Err(format!("{grown} bytes more than at the beginning").into());
    }
    Ok(())
}

/// What is to become of a message, and where it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Signed,
    Verified,
    Bad,
    Refused,
}

/// A message that is signed, then verified, then signed again.
struct Letter {
    place: usize,
    session: usize,
    /// Which message it is by now; stands in an SMB2 header.
    number: u64,
    fate: Fate,
    bytes: Vec<u8>,
}

impl Parcel for Letter {
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (&mut self.bytes, std::iter::empty())
    }
}

struct Soak {
    pair: QueuePair<Letter>,
    /// Full bursts that are not out.
    ready: Vec<Burst<Letter>>,
    sessions: Vec<(SigningKey, KeyId)>,
    removed: KeyId,
    /// Letters that came back, on their way into the next burst.
    done: Vec<Completion<Letter>>,
    /// The number of the letter of each place, while it is in a burst.
    written: Vec<Option<u64>>,
    next: u64,
    offered: u64,
    /// By algorithm and fate.
    counts: [[u64; 4]; 4],
    given_back: u64,
    /// Signatures of each algorithm that the reference made again.
    sampled: [u64; 4],
}

impl Soak {
    fn new(engine: &OffloadEngine<Letter>) -> Result<Self, Box<dyn Error>> {
        let prepared = |key: &SigningKey| PreparedKey::new(key, engine.backend());
        let mut sessions = Vec::new();
        for session in 0..SESSIONS {
            let bytes =
                (session as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_le_bytes();
            let key = SigningKey::new(SigningAlgorithm::ALL[session % 4], &bytes)?;
            let id = engine.register(prepared(&key))?;
            sessions.push((key, id));
        }
        let removed = engine.register(prepared(&sessions[0].0))?;
        engine.remove(removed)?;
        let mut soak = Self {
            pair: engine.queue_pair(),
            ready: Vec::with_capacity(BURSTS),
            sessions,
            removed,
            done: Vec::with_capacity(Burst::<Letter>::MAX_MESSAGES),
            written: vec![None; BURSTS * Burst::<Letter>::MAX_MESSAGES],
            next: 0,
            offered: 0,
            counts: [[0; 4]; 4],
            given_back: 0,
            sampled: [0; 4],
        };
        let mut places = 0..soak.written.len();
        for _ in 0..BURSTS {
            let mut burst = Burst::new();
            places.by_ref().take(Burst::<Letter>::MAX_MESSAGES).for_each(|place| {
                soak.write(Letter::new(place), &mut burst);
            });
            soak.ready.push(burst);
        }
        Ok(soak)
    }

    /// Messages that the engine has taken.
    const fn accepted(&self) -> u64 {
        self.offered - self.given_back
    }

    /// Submits until the queue is full, and takes a burst back; meanwhile a session comes and goes.
    fn turn(&mut self, engine: &OffloadEngine<Letter>) -> Result<(), Box<dyn Error>> {
        let passing = engine.register(PreparedKey::new(&self.sessions[1].0, engine.backend()))?;
        while let Some(burst) = self.ready.pop() {
            let count = burst.len() as u64;
            self.offered += count;
            if let Err(error) = self.pair.submit(burst) {
                self.given_back += count;
                let SubmitError::Full(burst) = error else { return Err("the engine has stopped".into()) };
                self.ready.push(burst);
                break;
            }
        }
        while let Some(burst) = self.pair.poll() {
            self.take_back(burst)?;
        }
        if let Some(burst) = self.pair.wait() {
            self.take_back(burst)?;
        }
        engine.remove(passing)?;
        Ok(())
    }

    /// Holds the engine's counts against the sender's own, once everything is back.
    fn account(&self, stats: &Stats) -> Result<(), Box<dyn Error>> {
        let counts: [u64; 4] =
            std::array::from_fn(|fate| self.counts.iter().map(|counts| counts[fate]).sum());
        for (algorithm, (counts, sampled)) in
            SigningAlgorithm::ALL.iter().zip(self.counts.iter().zip(self.sampled))
        {
            let [signed, verified, bad, refused] = counts;
            println!(
                "{algorithm}: {signed} signed ({sampled} also by the reference), {verified} verified, {bad} bad, {refused} refused"
            );
        }
        let told = [stats.signed, stats.verified, stats.bad_signatures, stats.refused];
        if told != counts || stats.given_back != self.given_back {
            return Err(format!("the engine counts {told:?}, the sender {counts:?}").into());
        }
        let answered = counts.iter().sum::<u64>();
        let lost = stats.failed + stats.abandoned + stats.panics;
        if stats.submitted != answered
            || self.accepted() != answered
            || self.ready.len() != BURSTS
            || lost > 0
        {
            return Err(format!("of {} messages {answered} were answered", stats.submitted).into());
        }
        if self.sampled.contains(&0) {
            return Err("too few messages for a sample of each algorithm".into());
        }
        Ok(())
    }

    fn take_back(&mut self, mut burst: Burst<Letter>) -> Result<(), Box<dyn Error>> {
        let mut done = std::mem::take(&mut self.done);
        done.extend(burst.drain());
        for Completion { job, outcome } in done.drain(..) {
            let letter = job.parcel;
            if self.written[letter.place].take() != Some(letter.number) {
                return Err(format!("message {} has come back before", letter.number).into());
            }
            let good = match letter.fate {
                Fate::Signed => outcome == Ok(Outcome::Signed) && self.agrees(&letter)?,
                Fate::Verified => outcome == Ok(Outcome::Verified),
                Fate::Bad => outcome == Ok(Outcome::BadSignature),
                Fate::Refused => outcome == Err(Failure::UnknownKey),
            };
            if !good {
                return Err(format!("{outcome:?} of message {}, {:?}", letter.number, letter.fate).into());
            }
            self.counts[letter.algorithm()][letter.fate as usize] += 1;
            self.write(letter, &mut burst);
        }
        self.done = done;
        self.ready.push(burst);
        Ok(())
    }

    /// Whether the reference makes the same signature; only a sample is looked at.
    fn agrees(&mut self, letter: &Letter) -> Result<bool, Box<dyn Error>> {
        if !letter.number.is_multiple_of(SAMPLE) {
            return Ok(true);
        }
        self.sampled[letter.algorithm()] += 1;
        let (key, mut copy) = (&self.sessions[letter.session].0, letter.bytes.clone());
        let field = letter.field();
        let (nonce, zeros) = match key.algorithm() {
            SigningAlgorithm::Md5 => (Nonce::from_bytes([0; 12]), SMB1_NUMBER.signature_field().to_vec()),
            _ => (Nonce::of(&smb2::Header::parse(&copy)?), vec![0; 16]),
        };
        copy[field.clone()].copy_from_slice(&zeros);
        let tag = reference::tag(key, &nonce, &copy)?;
        Ok(letter.bytes[field.clone()] == tag.as_bytes()[..field.len()])
    }

    /// Gives a letter its next fate, and puts it into a burst.
    fn write(&mut self, mut letter: Letter, burst: &mut Burst<Letter>) {
        letter.fate = match letter.fate {
            Fate::Signed if letter.number.is_multiple_of(61) => Fate::Refused,
            Fate::Signed if letter.number.is_multiple_of(5) => Fate::Bad,
            Fate::Signed => Fate::Verified,
            _ => Fate::Signed,
        };
        if letter.fate == Fate::Signed {
            self.next += 1;
            letter.number = self.next;
            // Another session of the same algorithm.
            letter.session = (self.next as usize * 28 + letter.algorithm()) % SESSIONS;
            if !letter.is_smb1() {
                letter.bytes[smb2::MESSAGE_ID_FIELD].copy_from_slice(&letter.number.to_le_bytes());
            }
        }
        if letter.fate == Fate::Bad
            && let Some(last) = letter.bytes.last_mut()
        {
            *last ^= 1;
        }
        self.written[letter.place] = Some(letter.number);
        let job = Job {
            key: if letter.fate == Fate::Refused { self.removed } else { self.sessions[letter.session].1 },
            operation: match letter.fate {
                Fate::Verified | Fate::Bad => Operation::Verify(Sender::Client),
                _ => Operation::Sign,
            },
            sequence: Some(SMB1_NUMBER),
            parcel: letter,
        };
        assert!(burst.push(job).is_ok(), "a burst takes as many as came back in it");
    }
}

impl Letter {
    /// A message of 64 to 512 bytes; every fourth is of SMB1.
    fn new(place: usize) -> Self {
        let bytes = vec![place as u8; 64 + place * 97 % 449];
        let mut letter = Self { place, session: 0, number: 0, fate: Fate::Refused, bytes };
        let smb1 = letter.is_smb1();
        letter.bytes[..6].copy_from_slice(if smb1 { b"\xffSMB\x40\0" } else { b"\xfeSMB\x40\0" });
        letter.bytes[16..20].fill(0);
        letter
    }

    /// Its place among [`SigningAlgorithm::ALL`].
    const fn algorithm(&self) -> usize {
        self.place % SigningAlgorithm::ALL.len()
    }

    fn is_smb1(&self) -> bool {
        SigningAlgorithm::ALL[self.algorithm()] == SigningAlgorithm::Md5
    }

    /// Where its signature stands.
    fn field(&self) -> std::ops::Range<usize> {
        if self.is_smb1() { SecuritySignature::FIELD } else { Signature::FIELD }
    }
}

/// What the process keeps in memory, as Linux tells it.
fn resident_bytes() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? << 10)
}
