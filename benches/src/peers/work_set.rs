//! The messages that both sides work on: the same bytes at the same places, each with its key and the tags it should get.

use fastrand::Rng;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use smbsign_engine::batch::{Message, Operation};
use smbsign_engine::mac::{PreparedKey, reference};
use smbsign_engine::protocol::smb2::{Command, MessageId};
use smbsign_engine::protocol::{
    Nonce, SecuritySignature, Sender, SequenceNumber, Signature, SigningAlgorithm, SigningKey,
};

use super::contender::{Function, Job, Tag};
use super::extent::{Extent, Set};

/// So many keys at most, all different: those of more messages come round again.
pub const MOST_KEYS: usize = 4096;
const LINE: usize = 64;
/// The number of every SMB1 message.
pub(super) const SMB1_SEQUENCE: SequenceNumber = SequenceNumber(2);

/// The memory that messages lie in, used for one set after another.
pub struct Arena {
    bytes: Vec<u8>,
}

impl Arena {
    /// Enough for the largest set.
    pub const LARGEST: usize = Set::COLD_BYTES + Set::COLD_BYTES / 8;
    /// Enough for a hot set of messages of 64 KiB.
    pub const HOT: usize = 16 << 20;

    /// So many bytes, painted once at random.
    #[must_use]
    pub fn new(bytes: usize, seed: u64) -> Self {
        let mut bytes = vec![0; bytes];
        Rng::with_seed(seed).fill(&mut bytes);
        Self { bytes }
    }

    /// Places for messages of these lengths, each at the start of a cache line. Messages of a kilobyte and more have a line
    /// between them: otherwise those of 4 KiB would lie at one offset of their pages and displace each other in the cache.
    fn carve(&mut self, lengths: &[usize]) -> Vec<&mut [u8]> {
        let skipped = self.bytes.as_ptr().align_offset(LINE);
        let mut rest = self.bytes.get_mut(skipped..).unwrap_or_default();
        let mut places = Vec::with_capacity(lengths.len());
        for &length in lengths {
            let gap = if length >= 1024 { LINE } else { 0 };
            let Some((place, others)) = rest.split_at_mut_checked(length.next_multiple_of(LINE) + gap) else {
                break;
            };
            places.push(&mut place[..length]);
            rest = others;
        }
        places
    }
}

/// A message, covered: its signature field as the MAC sees it.
pub struct Place<'a> {
    bytes: &'a mut [u8],
    key: usize,
    nonce: [u8; 12],
    signature: Tag,
    hmac_md5: Tag,
}

/// The messages of a cell, in the order in which they are worked on.
pub struct WorkSet<'a> {
    algorithm: SigningAlgorithm,
    keys: Vec<[u8; 16]>,
    places: Vec<Place<'a>>,
    next: usize,
}

impl<'a> WorkSet<'a> {
    /// Lays the messages out, shuffles a cold set, and asks RustCrypto for all tags. `sessions` limits the keys.
    #[must_use]
    pub fn lay_out(
        arena: &'a mut Arena,
        algorithm: SigningAlgorithm,
        (extent, set): (Extent, Set),
        sessions: usize,
        rng: &mut Rng,
    ) -> Self {
        Self::of_lengths(arena, algorithm, (extent.lengths(algorithm, set), set), sessions, rng)
    }

    /// The same of messages of these lengths.
    #[must_use]
    pub fn of_lengths(
        arena: &'a mut Arena,
        algorithm: SigningAlgorithm,
        (mut lengths, set): (Vec<usize>, Set),
        sessions: usize,
        rng: &mut Rng,
    ) -> Self {
        rng.shuffle(&mut lengths);
        let mut slices = arena.carve(&lengths);
        if set == Set::Cold {
            rng.shuffle(&mut slices);
        }
        let keys = random_keys(slices.len().min(sessions).max(1), rng);
        let places = slices.into_iter().enumerate().map(|(index, bytes)| {
            write_header(algorithm, index, bytes);
            let nonce = Nonce::new(MessageId(index as u64), Sender::Client, Command::WRITE);
            let key = index % keys.len();
            let mut place =
                Place { bytes, key, nonce: *nonce.as_bytes(), signature: [0; 16], hmac_md5: [0; 16] };
            place.expect(algorithm, &keys[key]);
            place
        });
        Self { algorithm, places: places.collect(), keys, next: 0 }
    }

    /// What signs the messages.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The keys of the messages.
    #[must_use]
    pub fn keys(&self) -> &[[u8; 16]] {
        &self.keys
    }

    /// How many messages there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none, as where the arena is too small for one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Their bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.places.iter().map(|place| place.bytes.len()).sum()
    }

    /// So many messages, from where the ones before ended; from the start where there are not so many left.
    pub fn take(&mut self, count: usize) -> &mut [Place<'a>] {
        let count = count.min(self.places.len());
        let start = if self.next + count > self.places.len() { 0 } else { self.next };
        self.next = start + count;
        &mut self.places[start..start + count]
    }
}

impl Place<'_> {
    /// How long the message is, in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: a message has a header.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The message as a peer gets it.
    #[must_use]
    pub fn job(&self) -> Job<'_> {
        Job { key: self.key, nonce: &self.nonce, message: self.bytes }
    }

    /// The message as our engine gets it, to be signed.
    pub fn message<'m>(&'m mut self, keys: &'m [PreparedKey]) -> Message<'m> {
        self.message_of(&keys[self.key])
    }

    /// The same under another session's key.
    pub fn message_of<'m>(&'m mut self, key: &'m PreparedKey) -> Message<'m> {
        let message = Message::whole(key, self.bytes, Operation::Sign);
        if matches!(key, PreparedKey::Md5(_)) { message.numbered(SMB1_SEQUENCE) } else { message }
    }

    /// The tag that a function of the covered bytes should give.
    #[must_use]
    pub const fn expected(&self, function: Function) -> &Tag {
        match function {
            Function::Signature => &self.signature,
            Function::HmacMd5 => &self.hmac_md5,
        }
    }

    /// Whether our engine has put the right signature into the message.
    #[must_use]
    pub fn is_signed(&self, algorithm: SigningAlgorithm) -> bool {
        let field = field(algorithm);
        self.signature[..field.len()] == self.bytes[field]
    }

    /// Puts back what stands in the signature field under the MAC, so that the peers see the same bytes.
    pub fn cover(&mut self, algorithm: SigningAlgorithm) {
        let field = &mut self.bytes[field(algorithm)];
        match algorithm {
            SigningAlgorithm::Md5 => field.copy_from_slice(&SMB1_SEQUENCE.signature_field()),
            _ => field.fill(0),
        }
    }

    fn expect(&mut self, algorithm: SigningAlgorithm, key: &[u8; 16]) {
        self.cover(algorithm);
        let signing = SigningKey::new(algorithm, key).expect("every algorithm takes 16 bytes");
        let tag = reference::tag(&signing, &Nonce::from_bytes(self.nonce), self.bytes);
        self.signature = *tag.expect("RustCrypto takes what SMB can send").as_bytes();
        if algorithm == SigningAlgorithm::Md5 {
            let hmac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes any key");
            self.hmac_md5 = hmac.chain_update(&*self.bytes).finalize().into_bytes().into();
        }
    }
}

/// Keys at random, all different.
pub fn random_keys(count: usize, rng: &mut Rng) -> Vec<[u8; 16]> {
    (0..count).map(|_| rng.u128(..).to_le_bytes()).collect()
}

fn field(algorithm: SigningAlgorithm) -> std::ops::Range<usize> {
    match algorithm {
        SigningAlgorithm::Md5 => SecuritySignature::FIELD,
        _ => Signature::FIELD,
    }
}

/// A client's WRITE with the flag set that says that it is signed (MS-CIFS 2.2.3.1, MS-SMB2 2.2.1.2).
pub(super) fn write_header(algorithm: SigningAlgorithm, index: usize, message: &mut [u8]) {
    if algorithm == SigningAlgorithm::Md5 {
        let header = &mut message[..32];
        header.fill(0);
        header[..4].copy_from_slice(b"\xffSMB");
        header[4] = 0x2f;
        header[10] = 0x04;
        return;
    }
    let header = &mut message[..64];
    header.fill(0);
    header[..5].copy_from_slice(b"\xfeSMB\x40");
    header[12] = 9;
    header[16] = 8;
    header[24..32].copy_from_slice(&(index as u64).to_le_bytes());
}
