//! AES-128-GMAC of messages in one piece: many, read where they lie.

use core::arch::x86_64::{__m128i, _mm_xor_si128};
use core::slice;

use super::cpu::HaveAvx512;
use super::elements::{Elements, Last};
use super::elements_x4::X4;
use super::ghash::{LAST_GROUP_BYTES, Unit, absorb, before_last, last};
use super::gmac::{self, Ending, GmacKey, TOGETHER, Width, mask};
use super::vector::store;

/// What becomes of a message's first unit before it is taken in.
pub(crate) struct Cover {
    /// Bits that are cleared.
    pub(crate) cleared: Unit,
    /// Bits that are set, all of them among the cleared ones.
    pub(crate) set: Unit,
}

/// A message in one piece.
#[derive(Clone, Copy)]
pub(crate) struct Whole<'a> {
    /// The session's key.
    pub(crate) key: &'a GmacKey,
    /// Must never be used twice with this key.
    pub(crate) nonce: &'a [u8; 12],
    /// From its first unit on, if it has one.
    pub(crate) message: &'a [u8],
}

/// What can be seen as such a message.
pub(crate) trait InOnePiece {
    /// The message. Must be `#[inline(always)]`: it is asked for from within the kernel.
    fn whole(&self) -> Whole<'_>;
}

/// A whole tag.
pub(crate) type Tag = [u8; 16];

/// The tags of messages, as far as there is room for tags.
#[inline]
pub(crate) fn tags(width: Width, cover: &Cover, messages: &[impl InOnePiece], tags: &mut [[Tag; TOGETHER]]) {
    match width {
        Width::Vectors128(_) => tags_of_copies(width, cover, messages, tags),
        // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VPCLMULQDQ and all of AVX2's backend.
        Width::Vectors512(proof) => unsafe { tags_x4(proof, cover, messages, tags) },
    }
}

/// A narrow vector holds a part of the first unit only: that is covered in a copy.
#[inline]
fn tags_of_copies(width: Width, cover: &Cover, messages: &[impl InOnePiece], tags: &mut [[Tag; TOGETHER]]) {
    for (group, tags) in messages.chunks(TOGETHER).zip(tags) {
        let [first, ..] = group else { return };
        let mut units = [[0; 64]; TOGETHER];
        let Whole { key, nonce, .. } = first.whole();
        let mut endings = [Ending::of_nothing(key, nonce); TOGETHER];
        for ((message, unit), ending) in group.iter().zip(&mut units).zip(&mut endings) {
            let Whole { key, nonce, message } = message.whole();
            (ending.key, ending.nonce, ending.bytes, ending.rest) = (key, nonce, message.len(), message);
            if let Some((first, rest)) = message.split_first_chunk() {
                *unit = covered(cover, first);
                (ending.units, ending.rest) = (slice::from_ref(unit), rest);
            }
        }
        *tags = gmac::tags(width, &endings);
    }
}

#[inline(always)]
fn covered(cover: &Cover, unit: &Unit) -> Unit {
    let mut covered = *unit;
    for ((byte, cleared), set) in covered.iter_mut().zip(&cover.cleared).zip(&cover.set) {
        *byte = *byte & !cleared | set;
    }
    covered
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,avx2,aes,pclmulqdq")]
fn tags_x4(proof: HaveAvx512, cover: &Cover, messages: &[impl InOnePiece], tags: &mut [[Tag; TOGETHER]]) {
    let cover = (X4::load(proof, &cover.cleared), X4::load(proof, &cover.set));
    let (groups, left) = messages.as_chunks::<TOGETHER>();
    let (places, left_places) = tags.split_at_mut(groups.len());
    for ([a, b, c, d], tags) in groups.iter().zip(places) {
        // One after the other in the code as well, so that all sums stay in registers.
        let (a, mask_a) = one(proof, cover, a.whole());
        let (b, mask_b) = one(proof, cover, b.whole());
        let (c, mask_c) = one(proof, cover, c.whole());
        let (d, mask_d) = one(proof, cover, d.whole());
        let digests = X4::digests(proof, [a, b, c, d]);
        for ((tag, mask), digest) in tags.iter_mut().zip([mask_a, mask_b, mask_c, mask_d]).zip(digests) {
            *tag = store(_mm_xor_si128(mask, digest.0));
        }
    }
    for (message, tag) in left.iter().zip(left_places.as_flattened_mut()) {
        let (last, mask) = one(proof, cover, message.whole());
        *tag = store(_mm_xor_si128(mask, last.digest(proof.avx2()).reflect().0));
    }
}

/// A message but for what four do together, and its encrypted counter block. AES runs beside the multiplications: one
/// message's after the other, since what waits in line keeps others out of it.
#[inline(always)]
fn one<'a>(proof: HaveAvx512, (cleared, set): (X4, X4), message: Whole<'a>) -> (Last<'a, X4>, __m128i) {
    let Whole { key, nonce, message } = message;
    // SAFETY: the proof exists only if the CPU has AES-NI and AVX2.
    let mask = unsafe { mask(key, nonce) };
    // What the cover changes is added to the first unit as an earlier group's digest would be.
    let mut digest = match message.first_chunk() {
        Some(first) => X4::load(proof, first).and(cleared).plus(set).reflect(),
        None => X4::zero(proof),
    };
    let mut rest = message;
    if message.len() > LAST_GROUP_BYTES {
        let (before, after) = message.split_at(before_last(message.len()));
        digest = absorb(proof, key.powers(), digest, before.as_chunks().0);
        rest = after;
    }
    let sum = last(proof, key.powers(), digest, rest.len(), (&[], rest));
    (Last { sum, bits: (message.len() as u64).wrapping_mul(8), h: key.h() }, mask)
}
