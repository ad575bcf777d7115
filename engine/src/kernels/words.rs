//! Vectors of 32-bit words, one word per lane: what MD5 and SHA-256 over lanes are written in.

/// A vector whose every word belongs to another lane. Having one proves that the CPU has its instructions.
///
/// Methods are `#[inline(always)]`, so that they become single instructions within the `#[target_feature]` entry that
/// the whole kernel is inlined into.
pub(super) trait Words: Copy {
    /// What the first vector is made of.
    type Proof: Copy;
    /// Words in a vector.
    const LANES: usize;

    /// The same word in every lane.
    fn splat(proof: Self::Proof, word: u32) -> Self;
    /// The words, the first lane's first.
    fn words_mut(&mut self) -> &mut [u32];
    /// Sums modulo 2³².
    fn add(self, other: Self) -> Self;
    /// Rotations by `BITS`, from 1 to 31.
    fn rotate_left<const BITS: i32>(self) -> Self;
    /// Shifts by `BITS`, zeros coming in.
    fn shift_right<const BITS: i32>(self) -> Self;
    /// The XOR of three.
    fn xor3(self, second: Self, third: Self) -> Self;
    /// Each bit of `one` where this has a one, of `zero` elsewhere.
    fn choose(self, one: Self, zero: Self) -> Self;
    /// Each bit that at least two of three have.
    fn majority(self, second: Self, third: Self) -> Self;
    /// Each word's bytes in opposite order.
    fn swap_bytes(self) -> Self;

    /// The same vector, computed as written: LLVM knows nothing of how it came about, and regroups no sum with others.
    fn as_written(self) -> Self;

    /// What [`Self::add_i`] adds too much, to be taken off before.
    const I_SURPLUS: u32;
    /// `sum` and MD5's F of round 1: b selects between c and d. In all four, nothing waits for `b` that need not.
    fn add_f(sum: Self, b: Self, c: Self, d: Self) -> Self;
    /// `sum` and MD5's G of round 2: d selects between b and c.
    fn add_g(sum: Self, b: Self, c: Self, d: Self) -> Self;
    /// `sum` and MD5's H of round 3: the XOR of all.
    fn add_h(sum: Self, b: Self, c: Self, d: Self) -> Self;
    /// `sum` and MD5's I of round 4: c XOR (b OR NOT d).
    fn add_i(sum: Self, b: Self, c: Self, d: Self) -> Self;

    /// Four words of every lane's state.
    fn load_quads<'a>(proof: Self::Proof, quad: impl Fn(usize) -> &'a [u32; 4]) -> [Self; 4];
    /// Four words of every lane's state, handed out lane by lane.
    fn store_quads(vectors: [Self; 4], store: impl FnMut(usize, [u32; 4]));

    /// One eighth of the work of turning a block per lane into sixteen vectors of words, in memory order of bytes.
    ///
    /// The eighths go one after the other; `staging` is theirs from the first to the last, and `words` is complete after
    /// the last.
    ///
    /// # Safety
    /// `rows` holds [`Self::LANES`] pointers, and `ahead` blocks after each there is a readable block.
    unsafe fn transpose_eighth(
        proof: Self::Proof,
        eighth: usize,
        rows: &[*const [u8; 64]],
        ahead: usize,
        staging: &mut [Self; 16],
        words: &mut [Self; 16],
    );
}
