//! Unaligned loads and stores, with lengths proved by their argument types.

use core::arch::asm;
use core::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_loadu_si128, _mm_storeu_si128, _mm_xor_si128, _mm256_loadu_si256,
};
use core::arch::x86_64::{_mm512_loadu_si512, _mm512_maskz_loadu_epi8, _mm512_storeu_si512};

/// A block as a vector, its first byte lowest.
#[inline(always)]
pub(super) fn load(block: &[u8; 16]) -> __m128i {
    // SAFETY: the reference covers the 16 bytes, no alignment is asked, and SSE2 belongs to every x86-64.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

/// Four words as a vector, the first lowest.
#[inline(always)]
pub(super) fn load_quad(words: &[u32; 4]) -> __m128i {
    // SAFETY: the reference covers the 16 bytes, no alignment is asked, and SSE2 belongs to every x86-64.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

/// Two words as a vector, the first lowest.
#[inline(always)]
pub(super) fn load_words(words: &[u64; 2]) -> __m128i {
    // SAFETY: the reference covers the 16 bytes, no alignment is asked, and SSE2 belongs to every x86-64.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

/// A vector as a block, its lowest byte first.
#[inline(always)]
pub(super) fn store(vector: __m128i) -> [u8; 16] {
    let mut block = [0; 16];
    // SAFETY: the reference covers the 16 bytes, no alignment is asked, and SSE2 belongs to every x86-64.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), vector) };
    block
}

/// The XOR of vectors, as a block.
#[inline(always)]
pub(super) fn sum([a, b, c]: [__m128i; 3]) -> [u8; 16] {
    // SAFETY: SSE2 belongs to every x86-64.
    let sum = unsafe { _mm_xor_si128(a, b) };
    // SAFETY: likewise.
    store(unsafe { _mm_xor_si128(sum, c) })
}

/// Two blocks that follow each other in memory.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load2(blocks: &[[u8; 16]; 2]) -> __m256i {
    // SAFETY: the reference covers 2 × 16 bytes, and no alignment is asked.
    unsafe { _mm256_loadu_si256(blocks.as_ptr().cast()) }
}

/// A vector as four words, its lowest first.
#[inline(always)]
pub(super) fn store_quad(vector: __m128i) -> [u32; 4] {
    let mut words = [0; 4];
    // SAFETY: the reference covers the 16 bytes, no alignment is asked, and SSE2 belongs to every x86-64.
    unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), vector) };
    words
}

/// 64 bytes as a vector, the first lowest.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_64(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the reference covers the 64 bytes, and no alignment is asked.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Up to 64 bytes as a vector, the first lowest; zeros take the place of missing ones.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn load_up_to_64(bytes: &[u8]) -> __m512i {
    let mask = u64::MAX.checked_shr(64 - bytes.len().min(64) as u32).unwrap_or(0);
    // SAFETY: the mask lets the load touch no more bytes than the slice has; masked ones are not accessed.
    unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr().cast()) }
}

/// A vector as 64 bytes, its lowest first.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store_64(vector: __m512i) -> [u8; 64] {
    let mut bytes = [0; 64];
    // SAFETY: the reference covers the 64 bytes, and no alignment is asked.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), vector) };
    bytes
}

/// A vector as four blocks.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store4(vector: __m512i) -> [[u8; 16]; 4] {
    let mut blocks = [[0; 16]; 4];
    // SAFETY: the reference covers 4 × 16 bytes, and no alignment is asked.
    unsafe { _mm512_storeu_si512(blocks.as_mut_ptr().cast(), vector) };
    blocks
}

/// The same reference, which LLVM takes for another: what lies behind it is loaded anew where it is used, and not kept on
/// the stack for want of registers.
#[inline(always)]
pub(super) fn fresh<T>(reference: &T) -> &T {
    // SAFETY: it is the reference itself.
    unsafe { &*opaque(&raw const *reference) }
}

/// The same for a place to write to.
#[inline(always)]
pub(super) fn fresh_mut<T>(reference: &mut T) -> &mut T {
    // SAFETY: it is the reference itself, borrowed for as long.
    unsafe { &mut *opaque(&raw mut *reference).cast_mut() }
}

/// The same pointer, of which LLVM knows nothing.
#[inline(always)]
#[expect(clippy::pointers_in_nomem_asm_block, reason = "nothing is read or written")]
fn opaque<T>(mut pointer: *const T) -> *const T {
    // SAFETY: an empty instruction sequence changes nothing.
    unsafe { asm!("/* {0} */", inout(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// The same vector, which LLVM takes for another: what makes it is done here, and not where it is used.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn done(mut vector: __m512i) -> __m512i {
    // SAFETY: an empty instruction sequence changes nothing.
    unsafe { asm!("/* {0} */", inout(zmm_reg) vector, options(nomem, nostack, preserves_flags)) };
    vector
}
