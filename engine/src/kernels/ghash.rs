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
/// Units that the last group takes at most; H itself is the length block's.
pub(crate) const LAST_GROUP: usize = POWERS / 4;
/// Units of every group before. The last one then keeps more than a unit: a digest of each lane goes into its first.
const GROUP: usize = LAST_GROUP - 1;
/// Elements that a vector loaded at H may hold beyond it.
const BEYOND: usize = 3;

/// From the highest power down to H, so that they lie in their blocks' order, and zeros beyond.
pub(super) type Powers = [[u8; 16]; POWERS + BEYOND];

/// What a last group's units take at most, in bytes.
pub(crate) const LAST_GROUP_BYTES: usize = 64 * LAST_GROUP;

/// How many bytes of a message of so many come before its last group: units of whole groups.
#[inline(always)]
pub(crate) const fn before_last(bytes: usize) -> usize {
    const BYTES: usize = 64 * GROUP;
    bytes.saturating_sub(LAST_GROUP_BYTES - BYTES + 1) / BYTES * BYTES
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

/// A message on its way through the groups before the last.
pub(super) struct Groups<'a, V: Elements<N>, const N: usize> {
    proof: V::Proof,
    /// What a group's blocks meet.
    powers: &'a [[u8; 16]],
    /// What earlier groups came to, each lane for itself: to be added to the next group's first vector.
    digest: V,
    /// Which vector of its group comes next.
    place: usize,
    /// What the vectors before it came to.
    sum: Product<V>,
}

impl<'a, V: Elements<N>, const N: usize> Groups<'a, V, N> {
    const VECTORS: usize = 64 * GROUP / N;

    #[inline(always)]
    pub(super) fn new(proof: V::Proof, powers: &'a Powers, digest: V) -> Self {
        let (_, powers) = powers.split_at(POWERS - 4 * GROUP);
        Self { proof, powers, digest, place: 0, sum: Product::zero(proof) }
    }

    #[inline(always)]
    pub(super) fn absorb(&mut self, run: &[Unit]) {
        let mut vectors = run.as_flattened().as_chunks::<N>().0;
        while let [first, rest @ ..] = vectors {
            if self.place == 0
                && let Some((group, later)) = vectors.split_at_checked(Self::VECTORS)
            {
                // What waits for the digest comes last: all else is done meanwhile.
                for (vector, place) in group.iter().zip(0..).skip(1) {
                    self.sum.add(V::load(self.proof, vector).reflect(), self.power(place));
                }
                self.place = Self::VECTORS - 1;
                self.add(first, self.power(0));
                vectors = later;
            } else {
                self.add(first, self.power(self.place));
                vectors = rest;
            }
        }
    }

    #[inline(always)]
    fn power(&self, place: usize) -> V {
        V::splat(self.proof, &self.powers[place * (N / 16) % (4 * GROUP)])
    }

    #[inline(always)]
    fn add(&mut self, vector: &[u8; N], power: V) {
        self.sum.add(V::load(self.proof, vector).reflect().plus(self.digest), power);
        (self.digest, self.place) = (V::zero(self.proof), self.place + 1);
        if self.place == Self::VECTORS {
            self.digest = self.sum.reduce(self.proof);
            (self.sum, self.place) = (Product::zero(self.proof), 0);
        }
    }

    /// After a whole group.
    #[inline(always)]
    pub(super) fn digest(self) -> V {
        self.digest
    }
}

/// The product of the last group's blocks, of which there are so many.
#[inline(always)]
pub(super) fn last<V: Elements<N>, const N: usize>(
    proof: V::Proof,
    powers: &Powers,
    mut digest: V,
    blocks: usize,
    (units, rest): LastGroup<'_>,
) -> Product<V> {
    let mut sum = Product::zero(proof);
    let (_, powers) = powers.split_at(POWERS - 1 - blocks);
    let mut powers = powers.as_flattened().as_chunks::<N>().0.iter();
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
