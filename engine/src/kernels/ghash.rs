//! GHASH of messages that are all additional data (SP 800-38D), in vectors of any width.
//!
//! GHASH is a polynomial in H, so a run of blocks needs one reduction if each block meets its own power of H. A message is
//! taken in groups. Before the last, each lane is a polynomial of its own: the same power meets
//! all blocks of a vector, and a lane's digest goes on to the lane's next block. Only the last group meets powers that
//! fall from block to block, which puts the lanes together; it may end with a vector that is not full, since blocks of zeros
//! add nothing. The length block has H to itself.

use super::cpu::HaveAvx2;
use super::elements::{Elements, Last, Product};
use super::elements_x1::{X1, length_block};

/// Four blocks of a message: as many as a vector may hold.
pub(crate) type Unit = [u8; 64];

/// Powers of H that are kept.
pub(super) const POWERS: usize = 33;
/// Units of a group; H itself is the length block's.
pub(super) const GROUP: usize = POWERS / 4;
/// Units of a group of a message that does not fill many.
pub(super) const SMALL_GROUP: usize = GROUP / 2;

/// From the highest power down to H, so that they lie in their blocks' order, and what lies behind H: blocks of zeros meet
/// that. All of it fills whole cache lines, and so do the powers that whole units of a last group meet.
pub(super) type Powers = [[u8; 16]; POWERS + 11];

/// What a last group's units take at most, in bytes.
pub(crate) const LAST_GROUP_BYTES: usize = 64 * GROUP;

/// Messages of more than a last group and at most so many bytes are taken in small groups: one more reduction takes less time
/// than to fetch the higher powers of a key.
pub(crate) const SMALL_GROUPS_BYTES: usize = 1024;

/// How many units of powers, the lowest ones, a message of so many bytes meets, in steps of two.
#[inline(always)]
pub(super) const fn units_of_powers(bytes: usize) -> usize {
    match bytes {
        0..=128 => 2,
        129..=256 => 4,
        257..=384 => 6,
        _ if LAST_GROUP_BYTES < bytes && bytes <= SMALL_GROUPS_BYTES => SMALL_GROUP,
        _ => GROUP,
    }
}

/// How many bytes of a message of so many come before its last group, which keeps more than a unit: a digest of each lane
/// goes into its first.
#[inline(always)]
pub(crate) const fn before_last(bytes: usize) -> usize {
    before(GROUP, bytes)
}

/// The same of groups of so many units.
#[inline(always)]
pub(super) const fn before(group: usize, bytes: usize) -> usize {
    bytes.saturating_sub(64 * group).next_multiple_of(64)
}

/// A last group: whole units, and what follows them.
pub(crate) type LastGroup<'a> = (&'a [Unit], &'a [u8]);

/// What follows the first `skip` bytes of a message, which its last group takes: where it lies, or put together in `room`.
pub(crate) fn last_group<'a>(
    segments: impl Iterator<Item = &'a [u8]>,
    mut skip: usize,
    room: &'a mut [u8; LAST_GROUP_BYTES],
) -> LastGroup<'a> {
    let mut segments = segments.filter_map(|segment| {
        let rest = segment.get(skip..);
        skip = skip.saturating_sub(segment.len());
        rest.filter(|rest| !rest.is_empty())
    });
    let (first, second, third) = (segments.next(), segments.next(), segments.next());
    let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
    if let ((units, []), None) = (first.as_chunks(), third) {
        return (units, second);
    }
    if second.is_empty() {
        return (&[], first);
    }
    let mut filled = 0;
    for segment in [first, second].into_iter().chain(third).chain(segments) {
        room[filled..filled + segment.len()].copy_from_slice(segment);
        filled += segment.len();
    }
    (&[], &room[..filled])
}

/// Takes units in that are not the last group's, in groups of `G` of which the first need not be full: each lane's digest,
/// from what it was before.
#[inline(always)]
pub(super) fn absorb<const G: usize, V: Elements<N>, const N: usize>(
    proof: V::Proof,
    powers: &Powers,
    mut digest: V,
    units: &[Unit],
) -> V {
    let (first, groups) = units.as_rchunks::<G>();
    if !first.is_empty() {
        digest = group(proof, powers, digest, first);
    }
    for units in groups {
        digest = group(proof, powers, digest, units);
    }
    digest
}

#[inline(always)]
fn group<V: Elements<N>, const N: usize>(proof: V::Proof, powers: &Powers, digest: V, units: &[Unit]) -> V {
    let (_, powers) = powers.split_at(POWERS - 4 * units.len());
    let mut places = units.as_flattened().as_chunks::<N>().0.iter().zip(powers.iter().step_by(N / 16));
    let Some((first, highest)) = places.next() else { return digest };
    let mut sum = Product::zero(proof);
    for (vector, power) in places {
        sum.add(V::load(proof, vector).reflect(), V::splat(proof, power));
    }
    // What waits for the digest comes last: all else is done meanwhile.
    sum.add(V::load(proof, first).reflect().plus(digest), V::splat(proof, highest));
    sum.reduce(proof)
}

/// The product of a last group of so many bytes.
#[inline(always)]
pub(super) fn last<V: Elements<N>, const N: usize>(
    proof: V::Proof,
    powers: &Powers,
    mut digest: V,
    bytes: usize,
    (units, rest): LastGroup<'_>,
) -> Product<V> {
    let mut sum = Product::zero(proof);
    let whole_blocks = (bytes + 15) & !15;
    let (_, powers) = powers.as_flattened().split_at(16 * (POWERS - 1) - whole_blocks);
    let mut powers = powers.as_chunks::<N>().0.iter();
    let (vectors, tail) = rest.as_chunks();
    for vectors in [units.as_flattened().as_chunks().0, vectors] {
        for (vector, powers) in vectors.iter().zip(powers.by_ref()) {
            sum.add(V::load(proof, vector).reflect().plus(digest), V::load(proof, powers));
            digest = V::zero(proof);
        }
    }
    if let (false, Some(powers)) = (tail.is_empty(), powers.next()) {
        sum.add(V::load_padded(proof, tail).reflect().plus(digest), V::load(proof, powers));
    }
    sum
}

/// The product of a last group that begins with a whole unit, which becomes `first`.
#[inline(always)]
pub(super) fn last_from<V: Elements<64>>(
    proof: V::Proof,
    powers: &Powers,
    first: impl FnOnce(&Unit) -> V,
    group: &[u8],
) -> Product<V> {
    let mut sum = Product::zero(proof);
    let powers = powers.as_flattened();
    let Some(skip) = LAST_GROUP_BYTES.checked_sub(group.len()) else { return sum };
    let (units, tail) = group.as_chunks();
    let ([unit, units @ ..], [highest, lower @ ..]) = (units, powers[skip & !15..].as_chunks().0) else {
        return sum;
    };
    for (unit, powers) in units.iter().zip(lower) {
        sum.add(V::load(proof, unit).reflect(), V::load(proof, powers));
    }
    if !tail.is_empty()
        && let Some(powers) = powers[(LAST_GROUP_BYTES - tail.len()) & !15..].first_chunk()
    {
        sum.add(V::load_padded(proof, tail).reflect(), V::load(proof, powers));
    }
    // It may wait for a digest.
    sum.add(first(unit), V::load(proof, highest));
    sum
}

impl<V> Last<'_, V> {
    /// GHASH's result.
    #[inline(always)]
    pub(super) fn digest<const N: usize>(self, proof: HaveAvx2) -> X1
    where
        V: Elements<N>,
    {
        let Product { low, middle, high } = self.sum;
        let mut sum = Product { low: low.fold(), middle: middle.fold(), high: high.fold() };
        sum.add_upper(length_block(proof, self.bits), X1::load(proof, self.h));
        sum.reduce(proof)
    }
}
