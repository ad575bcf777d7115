//! GMAC with PCLMULQDQ: one block at a time, 32 between two reductions.

use core::arch::x86_64::{__m128i, _mm_setzero_si128, _mm_xor_si128};

use super::aes_ni::RoundKeys;
use super::blocks::{Blocks, total_bytes};
use super::cpu::HaveAvx2;
use super::gmac::{Group, Powers, Product, finish, length_block, reflect};
use super::vector::load;

/// The tag of the concatenation of `segments`.
#[inline]
pub(super) fn tag(
    _: HaveAvx2,
    rounds: &RoundKeys<11>,
    powers: &Powers,
    nonce: &[u8; 12],
    segments: &[&[u8]],
) -> [u8; 16] {
    // SAFETY: the proof exists only if the CPU has AES-NI, PCLMULQDQ and AVX2.
    unsafe { tag_of(rounds, powers, nonce, segments) }
}

// In the assembly a block is two loads, one vpshufb, three vpclmulqdq, two vpshufd and five XORs, all in registers.
#[target_feature(enable = "avx2,aes,pclmulqdq")]
fn tag_of(rounds: &RoundKeys<11>, powers: &Powers, nonce: &[u8; 12], segments: &[&[u8]]) -> [u8; 16] {
    let total = total_bytes(segments);
    let mut ghash = Ghash {
        group: Group::first(powers, total.div_ceil(16)),
        sum: Product::zero(),
        digest: _mm_setzero_si128(),
    };
    let mut blocks = Blocks::new(&[], segments, total / 16);
    while let Some(run) = blocks.next_run() {
        ghash.absorb(run);
    }
    let (padded, filled) = blocks.tail();
    if filled > 0 {
        ghash.absorb(&[padded]);
    }
    finish(rounds, nonce, ghash.digest(total))
}

struct Ghash<'a> {
    group: Group<'a>,
    /// What the group came to so far.
    sum: Product,
    /// What earlier groups came to, to be added to the next block.
    digest: __m128i,
}

impl Ghash<'_> {
    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn absorb(&mut self, mut run: &[[u8; 16]]) {
        while !run.is_empty() {
            if self.group.powers.is_empty() {
                self.digest = self.sum.reduce();
                self.sum = Product::zero();
                self.group = self.group.next();
            }
            let take = run.len().min(self.group.powers.len());
            let (blocks, rest) = run.split_at(take);
            let (powers, later_powers) = self.group.powers.split_at(take);
            (run, self.group.powers) = (rest, later_powers);

            for (block, power) in blocks.iter().zip(powers) {
                self.sum.add(_mm_xor_si128(reflect(load(block)), self.digest), *power);
                self.digest = _mm_setzero_si128();
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,pclmulqdq")]
    fn digest(mut self, message_bytes: usize) -> __m128i {
        self.sum.add(length_block(message_bytes), self.group.length_power());
        self.sum.reduce()
    }
}
