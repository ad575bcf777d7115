//! Vectors of field elements: what GHASH is written in.
//!
//! Elements are kept bit-reflected and their powers multiplied by x, in the form of POLYVAL (RFC 8452 appendix A): products
//! then need no shift.

use super::elements_x1::X1;

/// A vector of field elements, or of blocks, side by side: `BYTES` of them. Having one proves that the CPU has its
/// instructions.
///
/// Methods are `#[inline(always)]`, so that they become single instructions within the `#[target_feature]` entry that
/// the whole kernel is inlined into.
pub(super) trait Elements<const BYTES: usize>: Copy {
    /// What the first vector is made of.
    type Proof: Copy;

    /// No bit set.
    fn zero(proof: Self::Proof) -> Self;
    /// Elements as they lie in memory.
    fn load(proof: Self::Proof, elements: &[u8; BYTES]) -> Self;
    /// Up to as many bytes, and zeros.
    fn load_padded(proof: Self::Proof, bytes: &[u8]) -> Self;
    /// The same element everywhere.
    fn splat(proof: Self::Proof, element: &[u8; 16]) -> Self;
    /// The vector as it lies in memory.
    fn store(self) -> [u8; BYTES];
    /// Blocks as elements: GHASH's bytes are reflected.
    fn reflect(self) -> Self;
    /// The bits that both have.
    fn and(self, other: Self) -> Self;
    /// Sums: XOR.
    fn plus(self, other: Self) -> Self;
    /// Products of a half of each element with a half of the other's, without carries. `HALVES` has the low digit set for
    /// this one's upper half, and the high digit for the other's.
    fn times<const HALVES: i32>(self, other: Self) -> Self;
    /// Each element's halves exchanged.
    fn swap_halves(self) -> Self;
    /// Each element's lower half in the upper's place, zeros in its own.
    fn low_up(self) -> Self;
    /// Each element's upper half in the lower's place, zeros in its own.
    fn high_down(self) -> Self;
    /// The sum of the vector's elements.
    fn fold(self) -> X1;
    /// GHASH's results of four messages, as blocks, from the products of their last groups, their lengths and their keys.
    fn digests(proof: Self::Proof, last: [Last<'_, Self>; 4]) -> [X1; 4];
}

/// What is left to do of a message's GHASH.
#[derive(Clone, Copy)]
pub(super) struct Last<'a, V> {
    /// What the last group's blocks came to, each lane for itself.
    pub(super) sum: Product<V>,
    /// Bits in the message.
    pub(super) bits: u64,
    /// H, which the length block meets.
    pub(super) h: &'a [u8; 16],
}

/// Unreduced products, or sums of some, in Karatsuba's three parts: three multiplications in place of four, which all
/// else waits for.
#[derive(Clone, Copy)]
pub(super) struct Product<V> {
    pub(super) low: V,
    /// The product of the sums of halves.
    pub(super) middle: V,
    pub(super) high: V,
}

impl<V> Product<V> {
    #[inline(always)]
    pub(super) fn zero<const BYTES: usize>(proof: V::Proof) -> Self
    where
        V: Elements<BYTES>,
    {
        let zero = V::zero(proof);
        Self { low: zero, middle: zero, high: zero }
    }

    /// Adds a product.
    #[inline(always)]
    pub(super) fn add<const BYTES: usize>(&mut self, a: V, b: V)
    where
        V: Elements<BYTES>,
    {
        self.low = self.low.plus(a.times::<0x00>(b));
        self.high = self.high.plus(a.times::<0x11>(b));
        let (a_sum, b_sum) = (a.plus(a.swap_halves()), b.plus(b.swap_halves()));
        self.middle = self.middle.plus(a_sum.times::<0x00>(b_sum));
    }

    /// Adds the product with an element whose lower half is zero, as a length block's is.
    #[inline(always)]
    pub(super) fn add_upper<const BYTES: usize>(&mut self, upper: V, b: V)
    where
        V: Elements<BYTES>,
    {
        let (middle, high) = (upper.times::<0x01>(b), upper.times::<0x11>(b));
        self.high = self.high.plus(high);
        self.middle = self.middle.plus(middle).plus(high);
    }

    /// Divides by x¹²⁸ modulo POLYVAL's polynomial, 64 bits at a time.
    #[inline(always)]
    pub(super) fn reduce<const BYTES: usize>(self, proof: V::Proof) -> V
    where
        V: Elements<BYTES>,
    {
        let polynomial = V::splat(proof, &0xc200_0000_0000_0000_u128.to_le_bytes());
        let middle = self.middle.plus(self.low).plus(self.high);
        let (low, high) = (self.low.plus(middle.low_up()), self.high.plus(middle.high_down()));
        let once = low.swap_halves().plus(low.times::<0x00>(polynomial));
        let twice = once.swap_halves().plus(once.times::<0x00>(polynomial));
        high.plus(twice)
    }
}
