//! AES-128-GMAC: GHASH over the message and its length, under one AES block (SP 800-38D).
//!
//! One message fills a core's multiplier, a short one no more than half of its time: four messages are finished together.

use core::arch::x86_64::{__m128i, _mm_aesenc_si128, _mm_aesenclast_si128, _mm_xor_si128};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aes_ni::RoundKeys;
use super::backend::Backend;
use super::blocks::{Blocks, total_bytes};
use super::cpu::{HaveAvx2, HaveAvx512};
use super::elements::{Elements, Last, Product};
use super::elements_x1::X1;
use super::elements_x4::X4;
use super::ghash::{self, GROUP, LastGroup, POWERS, Powers, absorb, units_of_powers};
pub(crate) use super::ghash::{LAST_GROUP_BYTES, Unit, before_last, last_group};
use super::prefetch::prefetch;
use super::vector::{load, store};

/// Messages that are finished together.
pub(crate) const TOGETHER: usize = 4;

/// Which vectors multiply.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Width {
    /// One block at once.
    Vectors128(HaveAvx2),
    /// Four.
    Vectors512(HaveAvx512),
}

impl Width {
    /// A backend's, if it has a kernel.
    pub(crate) const fn of(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Portable => None,
            Backend::Avx2(proof) => Some(Self::Vectors128(proof)),
            Backend::Avx512(proof) => Some(Self::Vectors512(proof)),
        }
    }

    /// The kernel's name, for records.
    pub(crate) const fn implementation(self) -> &'static str {
        match self {
            Self::Vectors128(_) => "smbsign (pclmulqdq)",
            Self::Vectors512(_) => "smbsign (vpclmulqdq)",
        }
    }

    const fn avx2(self) -> HaveAvx2 {
        match self {
            Self::Vectors128(proof) => proof,
            Self::Vectors512(proof) => proof.avx2(),
        }
    }
}

/// What AES-128-GMAC makes of a key. A short message under the widest kernel meets what lies here and the lowest powers: three
/// cache lines.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct GmacKey {
    h: [u8; 16],
    /// The key itself.
    first_round: [u8; 16],
    far: Box<Far>,
}

/// The powers of H, and the AES-128 round keys behind them.
#[derive(Clone, Zeroize)]
// So that a message of whole units meets powers that lie in whole cache lines.
#[repr(align(64))]
struct Far(Powers);

// A server keeps one per session: a cache's worth of sessions should not shrink unnoticed.
const _: () = assert!(size_of::<Far>() == 704);
// So that it lies in one cache line with what tells algorithms apart.
const _: () = assert!(size_of::<GmacKey>() == 40);

/// How far a message has come: by whole groups, of which none is the last.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    digest: Unit,
    bytes: usize,
}

impl Progress {
    /// Before the first byte.
    pub(crate) const START: Self = Self { digest: [0; 64], bytes: 0 };

    /// Bytes that are done.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn digest<const N: usize>(&self) -> &[u8; N] {
        const { assert!(N <= 64) };
        let (first, _) = self.digest.as_chunks();
        &first[0]
    }
}

/// What is left of a message, and what its tag takes.
#[derive(Clone, Copy)]
pub(crate) struct Ending<'a> {
    /// The session's key.
    pub(crate) key: &'a GmacKey,
    /// Must never be used twice with this key.
    pub(crate) nonce: &'a [u8; 12],
    /// Of the whole message.
    pub(crate) bytes: usize,
    /// What is done of them.
    pub(crate) progress: &'a Progress,
    /// The first units of what is left.
    pub(crate) units: &'a [Unit],
    /// What follows them.
    pub(crate) rest: &'a [u8],
}

impl<'a> Ending<'a> {
    /// Of a message without a byte.
    pub(crate) const fn of_nothing(key: &'a GmacKey, nonce: &'a [u8; 12]) -> Self {
        Self { key, nonce, bytes: 0, progress: &Progress::START, units: &[], rest: &[] }
    }
}

impl GmacKey {
    /// Expands the key.
    pub(crate) fn new(width: Width, key: &[u8; 16]) -> Self {
        let proof = width.avx2();
        let rounds = RoundKeys::aes128(proof, key);
        let h = times_x(u128::from_be_bytes(rounds.encrypt_block(proof, &[0; 16])));
        // SAFETY: the proof exists only if the CPU has PCLMULQDQ and AVX2.
        let mut far = Box::new(Far(unsafe { powers(proof, &h.to_le_bytes()) }));
        far.0[POWERS..].copy_from_slice(rounds.as_bytes());
        Self { h: h.to_le_bytes(), first_round: *key, far }
    }

    /// Asks for what the tag of a message of so many bytes takes.
    #[inline(always)]
    pub(crate) fn prefetch(&self, bytes: usize) {
        let units = self.far.0.as_chunks::<4>().0;
        match units_of_powers(bytes) {
            2 => units[GROUP - 2..GROUP].iter().for_each(prefetch),
            4 => units[GROUP - 4..GROUP].iter().for_each(prefetch),
            6 => units[GROUP - 6..GROUP].iter().for_each(prefetch),
            _ => units[..GROUP].iter().for_each(prefetch),
        }
    }

    /// The powers of H.
    #[inline(always)]
    pub(super) const fn powers(&self) -> &Powers {
        &self.far.0
    }

    /// The round keys.
    #[inline(always)]
    fn rounds(&self) -> &[[u8; 16]; 11] {
        match self.far.0.last_chunk() {
            Some(rounds) => rounds,
            None => unreachable!(),
        }
    }

    /// The first round key, which is the key.
    #[inline(always)]
    pub(super) const fn first_round(&self) -> &[u8; 16] {
        &self.first_round
    }

    /// H, which the length block meets.
    #[inline(always)]
    pub(super) const fn h(&self) -> &[u8; 16] {
        &self.h
    }

    /// The tag of the concatenation of `segments` under a nonce that must never be used twice with this key.
    #[inline]
    pub(crate) fn tag(&self, width: Width, nonce: &[u8; 12], segments: &[&[u8]]) -> [u8; 16] {
        let bytes = total_bytes(segments);
        let (mut progress, mut room) = (Progress::START, [0; LAST_GROUP_BYTES]);
        let (units, rest) = match segments {
            [message] => (&[][..], *message),
            [first, rest] if first.len().is_multiple_of(64) => (first.as_chunks().0, *rest),
            _ => {
                self.advance(width, &mut progress, segments, before_last(bytes));
                last_group(segments.iter().copied(), progress.bytes, &mut room)
            }
        };
        let ending = &Ending { key: self, nonce, bytes, progress: &progress, units, rest };
        match width {
            // SAFETY: the proof exists only if the CPU has AES-NI, PCLMULQDQ and AVX2.
            Width::Vectors128(proof) => unsafe { tag_x1(proof, ending) },
            // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VPCLMULQDQ and all of AVX2's backend.
            Width::Vectors512(proof) => unsafe { tag_x4(proof, ending) },
        }
    }

    /// Moves a message on until so many bytes of it are done, as many as come [`before_last`] of some message up to this
    /// one's length; always with the same width.
    #[inline]
    pub(crate) fn advance(&self, width: Width, progress: &mut Progress, segments: &[&[u8]], until: usize) {
        let bytes = until.saturating_sub(progress.bytes);
        if bytes == 0 {
            return;
        }
        let mut units = Blocks::new(&[], segments, bytes / 64);
        units.skip(progress.bytes);
        let digest = &mut progress.digest;
        match width {
            // SAFETY: the proof exists only if the CPU has PCLMULQDQ and AVX2.
            Width::Vectors128(proof) => unsafe { advance_x1(proof, self.powers(), digest, units) },
            // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, and VPCLMULQDQ.
            Width::Vectors512(proof) => unsafe { advance_x4(proof, self.powers(), digest, units) },
        }
        progress.bytes = until;
    }
}

/// The tags of messages that were moved on with the same width.
#[inline]
pub(crate) fn tags(width: Width, endings: &[Ending<'_>; TOGETHER]) -> [[u8; 16]; TOGETHER] {
    match width {
        // SAFETY: the proof exists only if the CPU has AES-NI, PCLMULQDQ and AVX2.
        Width::Vectors128(proof) => unsafe { tags_x1(proof, endings) },
        // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VPCLMULQDQ and all of AVX2's backend.
        Width::Vectors512(proof) => unsafe { tags_x4(proof, endings) },
    }
}

#[target_feature(enable = "avx2,pclmulqdq")]
fn advance_x1(proof: HaveAvx2, powers: &Powers, digest: &mut Unit, mut units: Blocks<'_, 64>) {
    let [digest, ..] = digest.as_chunks_mut().0 else { return };
    let mut lanes = X1::load(proof, digest);
    while let Some(run) = units.next_run() {
        lanes = absorb::<GROUP, _, _>(proof, powers, lanes, run);
    }
    *digest = lanes.store();
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,pclmulqdq")]
fn advance_x4(proof: HaveAvx512, powers: &Powers, digest: &mut Unit, mut units: Blocks<'_, 64>) {
    let mut lanes = X4::load(proof, digest);
    while let Some(run) = units.next_run() {
        lanes = absorb::<GROUP, _, _>(proof, powers, lanes, run);
    }
    *digest = lanes.store();
}

#[target_feature(enable = "avx2,aes,pclmulqdq")]
fn tag_x1(proof: HaveAvx2, ending: &Ending<'_>) -> [u8; 16] {
    let mask = mask(ending.key, counter(ending.nonce));
    tag_of(mask, last::<X1, 16>(proof, ending, near(proof, ending)).digest(proof))
}

#[target_feature(enable = "avx2,aes,pclmulqdq")]
fn tags_x1(proof: HaveAvx2, endings: &[Ending<'_>; TOGETHER]) -> [[u8; 16]; TOGETHER] {
    let last = endings.each_ref().map(|ending| last::<X1, 16>(proof, ending, near(proof, ending)));
    tags_of(masks(endings), X1::digests(proof, last))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,aes,pclmulqdq")]
fn tag_x4(proof: HaveAvx512, ending: &Ending<'_>) -> [u8; 16] {
    let mask = mask(ending.key, counter(ending.nonce));
    tag_of(mask, last::<X4, 64>(proof, ending, near(proof, ending)).digest(proof.avx2()))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,aes,pclmulqdq")]
fn tags_x4(proof: HaveAvx512, endings: &[Ending<'_>; TOGETHER]) -> [[u8; 16]; TOGETHER] {
    // One after the other in the code as well, so that all sums stay in registers.
    let nears = endings.each_ref().map(|ending| near(proof, ending));
    let last = |place: usize| last::<X4, 64>(proof, &endings[place], nears[place]);
    let last = [last(0), last(1), last(2), last(3)];
    // AES later: what multiplies is waited for.
    tags_of(masks(endings), X4::digests(proof, last))
}

/// A message that has come to its last group.
#[derive(Clone, Copy)]
struct Near<'a, V> {
    digest: V,
    /// In the last group.
    bytes: usize,
    last: LastGroup<'a>,
}

/// Moves a message on to its last group.
#[inline(always)]
fn near<'a, V: Elements<N>, const N: usize>(proof: V::Proof, ending: &Ending<'a>) -> Near<'a, V> {
    let Ending { key, bytes, progress, units, rest, .. } = *ending;
    let left = bytes - progress.bytes;
    let digest = V::load(proof, progress.digest());
    if left <= LAST_GROUP_BYTES {
        return Near { digest, bytes: left, last: (units, rest) };
    }
    let before = before_last(left);
    let (first, units) = units.split_at(units.len().min(before / 64));
    let (then, rest) = rest.split_at(before - first.as_flattened().len());
    let digest = absorb::<GROUP, _, _>(proof, key.powers(), digest, first);
    let digest = absorb::<GROUP, _, _>(proof, key.powers(), digest, then.as_chunks().0);
    Near { digest, bytes: left - before, last: (units, rest) }
}

/// All of a message's GHASH but what four messages do together.
#[inline(always)]
fn last<'a, V: Elements<N>, const N: usize>(
    proof: V::Proof,
    ending: &Ending<'a>,
    near: Near<'a, V>,
) -> Last<'a, V> {
    let Near { digest, bytes, last } = near;
    let sum = ghash::last(proof, ending.key.powers(), digest, bytes, last);
    Last { sum, bits: (ending.bytes as u64).wrapping_mul(8), h: ending.key.h() }
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn tag_of(mask: __m128i, digest: X1) -> [u8; 16] {
    store(_mm_xor_si128(mask, digest.reflect().0))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn tags_of(masks: [__m128i; TOGETHER], digests: [X1; TOGETHER]) -> [[u8; 16]; TOGETHER] {
    core::array::from_fn(|message| store(_mm_xor_si128(masks[message], digests[message].0)))
}

/// The first counter block, encrypted.
#[inline]
#[target_feature(enable = "avx2,aes")]
pub(super) fn mask(key: &GmacKey, counter: __m128i) -> __m128i {
    let [mask] = encrypted([key], [counter]);
    mask
}

/// The first counter blocks, each encrypted under its key.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn masks(endings: &[Ending<'_>; TOGETHER]) -> [__m128i; TOGETHER] {
    let counters = endings.each_ref().map(|ending| counter(ending.nonce));
    encrypted(endings.each_ref().map(|ending| ending.key), counters)
}

/// Blocks, each encrypted under its key, one round after the other.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn encrypted<const N: usize>(keys: [&GmacKey; N], mut states: [__m128i; N]) -> [__m128i; N] {
    let keys = keys.map(GmacKey::rounds);
    for (state, keys) in states.iter_mut().zip(keys) {
        *state = _mm_xor_si128(*state, load(&keys[0]));
    }
    for round in 1..10 {
        for (state, keys) in states.iter_mut().zip(keys) {
            *state = _mm_aesenc_si128(*state, load(&keys[round]));
        }
    }
    for (state, keys) in states.iter_mut().zip(keys) {
        *state = _mm_aesenclast_si128(*state, load(&keys[10]));
    }
    states
}

/// The first counter block (SP 800-38D §7.1): the nonce and a 32-bit 1. It is made of two numbers: bytes put together in memory
/// would have to get there first.
#[inline(always)]
pub(crate) const fn counter_block(nonce: &[u8; 12]) -> [u8; 16] {
    let [low @ .., a, b, c, d] = *nonce;
    let high = u32::from_le_bytes([a, b, c, d]) as u64 | 1 << 56;
    ((high as u128) << 64 | u64::from_le_bytes(low) as u128).to_le_bytes()
}

#[inline(always)]
fn counter(nonce: &[u8; 12]) -> __m128i {
    load(&counter_block(nonce))
}

/// Multiplies by x in POLYVAL's field, without a branch on the secret.
const fn times_x(value: u128) -> u128 {
    (value << 1) ^ ((value >> 127) * 0xc200_0000_0000_0000_0000_0000_0000_0001)
}

#[target_feature(enable = "avx2,pclmulqdq")]
fn powers(proof: HaveAvx2, h: &[u8; 16]) -> Powers {
    let mut powers = [[0; 16]; _];
    let h = X1::load(proof, h);
    let mut power = h;
    for slot in powers[..POWERS].iter_mut().rev() {
        *slot = power.store();
        let mut product = Product::zero(proof);
        product.add(power, h);
        power = product.reduce(proof);
    }
    powers
}
