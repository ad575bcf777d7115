//! One lane in a general register: several of them side by side are the sparse kernel of MD5.

use super::words::Words;

/// One word.
#[derive(Clone, Copy)]
pub(super) struct X1(u32);

impl Words for X1 {
    type Proof = ();
    const LANES: usize = 1;

    #[inline(always)]
    fn splat((): (), word: u32) -> Self {
        Self(word)
    }

    #[inline(always)]
    fn words_mut(&mut self) -> &mut [u32] {
        core::slice::from_mut(&mut self.0)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    #[inline(always)]
    fn rotate_left<const BITS: i32>(self) -> Self {
        Self(self.0.rotate_left(BITS.cast_unsigned()))
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self) -> Self {
        Self(self.0 >> BITS)
    }

    #[inline(always)]
    fn xor3(self, second: Self, third: Self) -> Self {
        Self(self.0 ^ second.0 ^ third.0)
    }

    #[inline(always)]
    fn choose(self, one: Self, zero: Self) -> Self {
        Self(zero.0 ^ (self.0 & (one.0 ^ zero.0)))
    }

    #[inline(always)]
    fn majority(self, second: Self, third: Self) -> Self {
        Self(second.0 ^ ((second.0 ^ self.0) & (second.0 ^ third.0)))
    }

    #[inline(always)]
    fn swap_bytes(self) -> Self {
        Self(self.0.swap_bytes())
    }

    #[inline(always)]
    fn as_written(mut self) -> Self {
        // SAFETY: an empty instruction sequence does nothing.
        unsafe {
            core::arch::asm!("/* {0:e} */", inout(reg) self.0, options(pure, nomem, nostack, preserves_flags));
        }
        self
    }

    const I_SURPLUS: u32 = 0;

    #[inline(always)]
    fn add_f(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(Self(d.0 ^ (b.0 & Self(c.0 ^ d.0).as_written().0)))
    }

    #[inline(always)]
    fn add_g(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(Self(c.0 & !d.0)).as_written().add(Self(b.0 & d.0))
    }

    #[inline(always)]
    fn add_h(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(Self(b.0 ^ Self(c.0 ^ d.0).as_written().0))
    }

    #[inline(always)]
    fn add_i(sum: Self, b: Self, c: Self, d: Self) -> Self {
        sum.add(Self(c.0 ^ (b.0 | !d.0)))
    }

    #[inline(always)]
    fn load_quads<'a>((): (), quad: impl Fn(usize) -> &'a [u32; 4]) -> [Self; 4] {
        quad(0).map(Self)
    }

    #[inline(always)]
    fn store_quads(vectors: [Self; 4], mut store: impl FnMut(usize, [u32; 4])) {
        store(0, vectors.map(|word| word.0));
    }

    #[inline(always)]
    unsafe fn transpose_eighth(
        (): (),
        eighth: usize,
        rows: &[*const [u8; 64]],
        ahead: usize,
        _: &mut [Self; 16],
        words: &mut [Self; 16],
    ) {
        // SAFETY: the caller vouches for the row and the blocks after it.
        let block = unsafe { &*rows[0].wrapping_add(ahead) };
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0).skip(2 * eighth).take(2) {
            *word = Self(u32::from_le_bytes(*bytes));
        }
    }
}
