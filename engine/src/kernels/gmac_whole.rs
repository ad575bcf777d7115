//! AES-128-GMAC of messages in one piece: many, read where they lie.

use core::arch::x86_64::_mm_xor_si128;
use core::slice;

use super::aes_x4::Encryption;
use super::cpu::HaveAvx512;
use super::elements::{Elements, Last};
use super::elements_x4::{X4, spread};
use super::ghash::{
    GROUP, LAST_GROUP_BYTES, SMALL_GROUP, SMALL_GROUPS_BYTES, Unit, absorb, before, last, last_from,
};
use super::gmac::{self, Ending, GmacKey, TOGETHER, Width, mask};
use super::vector::{load, store};

/// What becomes of a message's first unit before it is taken in.
pub(crate) struct Cover {
    /// Bits that stay as they are.
    pub(crate) kept: Unit,
    /// Bits that are set, none of them among those.
    pub(crate) set: Unit,
}

/// A message in one piece.
#[derive(Clone, Copy)]
pub(crate) struct Whole<'a> {
    /// The session's key.
    pub(crate) key: &'a GmacKey,
    /// The first counter block: its nonce must never be used twice with this key.
    pub(crate) counter: &'a [u8; 16],
    /// From its first unit on, if it has one.
    pub(crate) message: &'a [u8],
}

/// What can be seen as such a message.
pub(crate) trait InOnePiece {
    /// The message. Must be `#[inline(always)]`, as must the other one: they are asked for from within the kernel.
    fn whole(&self) -> Whole<'_>;
    /// Takes the message's tag.
    fn settle(&mut self, tag: Tag);
}

/// A whole tag.
pub(crate) type Tag = [u8; 16];

/// Gives up to four messages their tags.
#[inline]
pub(crate) fn settle(width: Width, cover: &Cover, messages: &mut [impl InOnePiece]) {
    match width {
        Width::Vectors128(_) => settle_copies(width, cover, messages),
        // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, VAES, VPCLMULQDQ and all of AVX2's backend.
        Width::Vectors512(proof) => unsafe { settle_x4(proof, cover, messages) },
    }
}

/// A narrow vector holds a part of the first unit only: that is covered in a copy.
#[inline]
fn settle_copies(width: Width, cover: &Cover, messages: &mut [impl InOnePiece]) {
    let [first, ..] = &*messages else { return };
    let mut units = [[0; 64]; TOGETHER];
    let Whole { key, counter, .. } = first.whole();
    let mut endings = [Ending::of_nothing(key, nonce(counter)); TOGETHER];
    for ((message, unit), ending) in messages.iter().zip(&mut units).zip(&mut endings) {
        let Whole { key, counter, message } = message.whole();
        (ending.key, ending.nonce, ending.bytes, ending.rest) = (key, nonce(counter), message.len(), message);
        if let Some((first, rest)) = message.split_first_chunk() {
            *unit = covered(cover, first);
            (ending.units, ending.rest) = (slice::from_ref(unit), rest);
        }
    }
    let tags = gmac::tags(width, &endings);
    messages.iter_mut().zip(tags).for_each(|(message, tag)| message.settle(tag));
}

#[inline(always)]
fn nonce(counter: &[u8; 16]) -> &[u8; 12] {
    let (nonce, _) = counter.as_chunks();
    &nonce[0]
}

#[inline(always)]
fn covered(cover: &Cover, unit: &Unit) -> Unit {
    let mut covered = *unit;
    for ((byte, kept), set) in covered.iter_mut().zip(&cover.kept).zip(&cover.set) {
        *byte = *byte & kept | set;
    }
    covered
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vpclmulqdq,vaes,avx2,aes,pclmulqdq")]
fn settle_x4(proof: HaveAvx512, cover: &Cover, messages: &mut [impl InOnePiece]) {
    let cover = (X4::load(proof, &cover.kept), X4::load(proof, &cover.set));
    if let [a, b, c, d] = messages {
        // AES a few rounds at a time between the messages, and those one after the other in the code as well: all sums stay in
        // registers, and nothing waits in line for so long that it keeps others out of it.
        let masks = {
            let all = [a.whole(), b.whole(), c.whole(), d.whole()];
            Encryption::new(all.map(|message| message.key.first_round()), all.map(|message| message.counter))
        };
        let masks = masks.through::<1, 3>();
        let sum_a = one(proof, cover, a.whole());
        let masks = masks.through::<4, 6>();
        let sum_b = one(proof, cover, b.whole());
        let masks = masks.through::<7, 9>();
        let sum_c = one(proof, cover, c.whole());
        let masks = masks.finish();
        let sum_d = one(proof, cover, d.whole());
        let digests = X4::digests_in_lanes(proof, [sum_a, sum_b, sum_c, sum_d]);
        let [of_a, of_b, of_c, of_d] = spread(digests.plus(X4(masks)).0);
        a.settle(store(of_a));
        b.settle(store(of_b));
        c.settle(store(of_c));
        d.settle(store(of_d));
        return;
    }
    for message in messages {
        let whole = message.whole();
        let mask = mask(whole.key, load(whole.counter));
        let digest = one(proof, cover, whole).digest(proof.avx2()).reflect();
        message.settle(store(_mm_xor_si128(mask, digest.0)));
    }
}

/// A message but for what four do together.
#[inline(always)]
fn one<'a>(proof: HaveAvx512, (kept, set): (X4, X4), message: Whole<'a>) -> Last<'a, X4> {
    let Whole { key, message, .. } = message;
    let of = |sum| Last { sum, bits: (message.len() as u64).wrapping_mul(8), h: key.h() };
    let (powers, bytes) = (key.powers(), message.len());
    let covered = |first: &Unit| X4::load(proof, first).and(kept).plus(set);
    let Some(first) = message.first_chunk() else {
        return of(last(proof, powers, X4::zero(proof), bytes, (&[], message)));
    };
    if bytes <= LAST_GROUP_BYTES {
        return of(last_from(proof, powers, |first| covered(first).reflect(), message));
    }
    // What the cover changes is added as an earlier group's digest would be.
    let change = X4::load(proof, first).plus(covered(first)).reflect();
    let (digest, after) = if bytes <= SMALL_GROUPS_BYTES {
        let (before, after) = message.split_at(before(SMALL_GROUP, bytes));
        (absorb::<SMALL_GROUP, _, _>(proof, powers, change, before.as_chunks().0), after)
    } else {
        let (before, after) = message.split_at(before(GROUP, bytes));
        (absorb::<GROUP, _, _>(proof, powers, change, before.as_chunks().0), after)
    };
    of(last_from(proof, powers, |first| X4::load(proof, first).reflect().plus(digest), after))
}
