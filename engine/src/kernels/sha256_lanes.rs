//! SHA-256 over lanes: the compression function of FIPS 180-4 §6.2.2, written once for vectors of any width.
//!
//! The first sixteen rounds take the message's words as they are, so the next block's transposition goes beside them; the
//! other 48 make their words first.

use super::lane_group::{Chain, NextBlock};
use super::vector::fresh_mut;
use super::words::Words;

/// FIPS 180-4 §4.2.2.
pub(super) const CONSTANTS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// SHA-256 of `V` vectors of lanes side by side.
pub(super) struct Sha256;

impl<W: Words, const V: usize> Chain<W, V, 8> for Sha256 {
    #[inline(always)]
    fn compress<const L: usize>(
        proof: W::Proof,
        state: &mut [[W; V]; 8],
        words: &mut [[W; 16]; V],
        mut next: NextBlock<'_, W, V, L>,
    ) {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        macro_rules! round {
            ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $t:literal, $constants:ident, $word:expr, $beside:ident) => {
                // With more than one vector LLVM does best when it forgets the words now and then, with one when it always does.
                let words = if V == 1 || $t % 8 == 0 { fresh_mut(words) } else { &mut *words };
                let constant = W::splat(proof, $constants[$t]);
                for v in 0..V {
                    let word = $word(&words[v], $t);
                    words[v][$t] = word;
                    let early = $h[v].add(word.add(constant)).as_written();
                    let chosen = $e[v].choose($f[v], $g[v]);
                    let (sum, majority) = (sum_1($e[v]), $a[v].majority($b[v], $c[v]));
                    let first = early.add(chosen).as_written().add(sum);
                    $d[v] = if V == 1 {
                        // One addition more, and two cycles less from one e to the next.
                        $d[v].add(early).as_written().add(chosen).as_written().add(sum)
                    } else {
                        $d[v].add(first)
                    };
                    $h[v] = first.add(majority).as_written().add(sum_0($a[v]));
                }
                $beside!($t);
            };
        }
        macro_rules! sixteen_rounds {
            ($constants:expr, $word:expr, $beside:ident) => {
                let constants: &[u32; 16] = $constants;
                round!(a b c d e f g h, 0, constants, $word, $beside);
                round!(h a b c d e f g, 1, constants, $word, $beside);
                round!(g h a b c d e f, 2, constants, $word, $beside);
                round!(f g h a b c d e, 3, constants, $word, $beside);
                round!(e f g h a b c d, 4, constants, $word, $beside);
                round!(d e f g h a b c, 5, constants, $word, $beside);
                round!(c d e f g h a b, 6, constants, $word, $beside);
                round!(b c d e f g h a, 7, constants, $word, $beside);
                round!(a b c d e f g h, 8, constants, $word, $beside);
                round!(h a b c d e f g, 9, constants, $word, $beside);
                round!(g h a b c d e f, 10, constants, $word, $beside);
                round!(f g h a b c d e, 11, constants, $word, $beside);
                round!(e f g h a b c d, 12, constants, $word, $beside);
                round!(d e f g h a b c, 13, constants, $word, $beside);
                round!(c d e f g h a b, 14, constants, $word, $beside);
                round!(b c d e f g h a, 15, constants, $word, $beside);
            };
        }
        macro_rules! beside {
            ($round:literal) => {
                next.step($round, 16);
            };
        }
        macro_rules! nothing {
            ($round:literal) => {};
        }
        let (sixteens, _) = CONSTANTS.as_chunks();
        sixteen_rounds!(&sixteens[0], as_read, beside);
        for constants in &sixteens[1..] {
            sixteen_rounds!(constants, scheduled, nothing);
        }
        for (vectors, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            for v in 0..V {
                vectors[v] = vectors[v].add(new[v]);
            }
        }
    }
}

#[inline(always)]
fn as_read<W: Words>(words: &[W; 16], t: usize) -> W {
    words[t].swap_bytes()
}

/// The word sixteen rounds after the one that stands in place `t`.
#[inline(always)]
fn scheduled<W: Words>(words: &[W; 16], t: usize) -> W {
    let (two_back, fifteen_back) = (words[(t + 14) % 16], words[(t + 1) % 16]);
    let early = words[t].add(words[(t + 9) % 16]).add(small_0(fifteen_back)).as_written();
    early.add(small_1(two_back))
}

#[inline(always)]
fn sum_0<W: Words>(a: W) -> W {
    a.rotate_left::<30>().xor3(a.rotate_left::<19>(), a.rotate_left::<10>())
}

#[inline(always)]
fn sum_1<W: Words>(e: W) -> W {
    e.rotate_left::<26>().xor3(e.rotate_left::<21>(), e.rotate_left::<7>())
}

#[inline(always)]
fn small_0<W: Words>(word: W) -> W {
    word.rotate_left::<25>().xor3(word.rotate_left::<14>(), word.shift_right::<3>())
}

#[inline(always)]
fn small_1<W: Words>(word: W) -> W {
    word.rotate_left::<15>().xor3(word.rotate_left::<13>(), word.shift_right::<10>())
}
