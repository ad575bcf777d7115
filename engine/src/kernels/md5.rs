//! MD5's compression function (RFC 1321 §3.4), scalar, with the shortest chain of dependent instructions known for it.
//!
//! Every step depends on the one before through `b`; all else of a step can be ready early. Four rules make a step of
//! rounds 2 and 3 four instructions long, and of rounds 1 and 4 five: `b` enters last into every sum; round 1 selects by
//! XOR; round 2 *adds* the two halves of its selection, which share no bit, so that only one of them waits for `b`; and
//! [`barrier`] keeps LLVM from regrouping the sums, which it otherwise does for the sake of fewer additions.

/// The initial state of RFC 1321 §3.3.
pub(crate) const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// What runs, for records.
pub(crate) const IMPLEMENTATION: &str = "smbsign (scalar)";

/// Advances the state by whole blocks.
// In the assembly all 64 steps are unrolled and each is as long as the module's text says: and, xor, add, rol, add in
// round 1; and, add, rol, add in round 2; xor, add, rol, add in round 3; or, xor, add, rol, add in round 4.
pub(crate) fn compress(state: &mut [u32; 4], blocks: &[[u8; 64]]) {
    let [mut a, mut b, mut c, mut d] = *state;
    for block in blocks {
        let [before_a, before_b, before_c, before_d] = [a, b, c, d];
        let word = |index: usize| -> u32 {
            let (words, _) = block.as_chunks::<4>();
            u32::from_le_bytes(words[index])
        };

        // A macro, so that the four variables can change roles from step to step without a move.
        macro_rules! round {
            ($step:ident, $($word:literal)*; $($constant:literal)*; $r0:literal $r1:literal $r2:literal $r3:literal) => {
                let constants = [$($constant),*];
                let words = [$($word),*];
                for quarter in 0..4 {
                    let at = |step: usize| {
                        word(words[4 * quarter + step]).wrapping_add(constants[4 * quarter + step])
                    };
                    a = $step::<$r0>(a, b, c, d, at(0));
                    d = $step::<$r1>(d, a, b, c, at(1));
                    c = $step::<$r2>(c, d, a, b, at(2));
                    b = $step::<$r3>(b, c, d, a, at(3));
                }
            };
        }
        round!(f, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15;
            0xd76a_a478 0xe8c7_b756 0x2420_70db 0xc1bd_ceee 0xf57c_0faf 0x4787_c62a 0xa830_4613 0xfd46_9501
            0x6980_98d8 0x8b44_f7af 0xffff_5bb1 0x895c_d7be 0x6b90_1122 0xfd98_7193 0xa679_438e 0x49b4_0821;
            7 12 17 22);
        round!(g, 1 6 11 0 5 10 15 4 9 14 3 8 13 2 7 12;
            0xf61e_2562 0xc040_b340 0x265e_5a51 0xe9b6_c7aa 0xd62f_105d 0x0244_1453 0xd8a1_e681 0xe7d3_fbc8
            0x21e1_cde6 0xc337_07d6 0xf4d5_0d87 0x455a_14ed 0xa9e3_e905 0xfcef_a3f8 0x676f_02d9 0x8d2a_4c8a;
            5 9 14 20);
        round!(h, 5 8 11 14 1 4 7 10 13 0 3 6 9 12 15 2;
            0xfffa_3942 0x8771_f681 0x6d9d_6122 0xfde5_380c 0xa4be_ea44 0x4bde_cfa9 0xf6bb_4b60 0xbebf_bc70
            0x289b_7ec6 0xeaa1_27fa 0xd4ef_3085 0x0488_1d05 0xd9d4_d039 0xe6db_99e5 0x1fa2_7cf8 0xc4ac_5665;
            4 11 16 23);
        round!(i, 0 7 14 5 12 3 10 1 8 15 6 13 4 11 2 9;
            0xf429_2244 0x432a_ff97 0xab94_23a7 0xfc93_a039 0x655b_59c3 0x8f0c_cc92 0xffef_f47d 0x8584_5dd1
            0x6fa8_7e4f 0xfe2c_e6e0 0xa301_4314 0x4e08_11a1 0xf753_7e82 0xbd3a_f235 0x2ad7_d2bb 0xeb86_d391;
            6 10 15 21);

        a = a.wrapping_add(before_a);
        b = b.wrapping_add(before_b);
        c = c.wrapping_add(before_c);
        d = d.wrapping_add(before_d);
    }
    *state = [a, b, c, d];
}

#[inline(always)]
fn f<const ROTATION: u32>(a: u32, b: u32, c: u32, d: u32, word: u32) -> u32 {
    let early = barrier(a.wrapping_add(word));
    early.wrapping_add(d ^ (b & barrier(c ^ d))).rotate_left(ROTATION).wrapping_add(b)
}

#[inline(always)]
fn g<const ROTATION: u32>(a: u32, b: u32, c: u32, d: u32, word: u32) -> u32 {
    let early = barrier(a.wrapping_add(word).wrapping_add(c & !d));
    early.wrapping_add(b & d).rotate_left(ROTATION).wrapping_add(b)
}

#[inline(always)]
fn h<const ROTATION: u32>(a: u32, b: u32, c: u32, d: u32, word: u32) -> u32 {
    let early = barrier(a.wrapping_add(word));
    early.wrapping_add(b ^ barrier(c ^ d)).rotate_left(ROTATION).wrapping_add(b)
}

#[inline(always)]
fn i<const ROTATION: u32>(a: u32, b: u32, c: u32, d: u32, word: u32) -> u32 {
    let early = barrier(a.wrapping_add(word));
    early.wrapping_add(c ^ (b | !d)).rotate_left(ROTATION).wrapping_add(b)
}

/// The value itself, which LLVM must have in a register as written.
#[inline(always)]
fn barrier(mut value: u32) -> u32 {
    // SAFETY: an empty instruction sequence does nothing.
    unsafe {
        core::arch::asm!("/* {0:e} */", inout(reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}
