//! SHA-256 with the CPU's own instructions: `N` chains side by side, because one waits for itself half of the time.
//!
//! Compiled without AVX-512: with it, LLVM spreads the state over 32 registers that these instructions cannot name.

use core::arch::x86_64::{
    _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
};

use super::cpu::HaveSha;
use super::lane::{Run, Sha256Lane};
use super::sha256_lanes::CONSTANTS;
use super::vector::{load, load_quad, store_quad};

/// Chains side by side.
pub(super) const STREAMS: usize = 3;

/// Moves any number of lanes to their ends, [`STREAMS`] at a time; a lane that ends makes place for the next one.
pub(crate) fn run_group(_: HaveSha, lanes: &mut [Sha256Lane<'_>]) {
    let mut states = [[0; 8]; STREAMS];
    let mut runs: [Run<'_, 64>; STREAMS] = [&[]; STREAMS];
    let mut rest = [[].iter(), [].iter(), [].iter()];
    let mut owners = [0; STREAMS];
    let (mut streams, mut next) = (0, 0);
    loop {
        while streams < STREAMS
            && let Some(lane) = lanes.get(next)
        {
            (states[streams], runs[streams], rest[streams]) = (lane.state, &[], lane.runs().iter());
            owners[streams] = next;
            (streams, next) = (streams + 1, next + 1);
        }
        let mut stream = 0;
        while stream < streams {
            while runs[stream].is_empty()
                && let Some(run) = rest[stream].next()
            {
                runs[stream] = run;
            }
            if runs[stream].is_empty() {
                lanes[owners[stream]].state = states[stream];
                streams -= 1;
                states.swap(stream, streams);
                runs.swap(stream, streams);
                rest.swap(stream, streams);
                owners.swap(stream, streams);
            } else {
                stream += 1;
            }
        }
        if streams < STREAMS && next < lanes.len() {
            continue;
        }
        let Some(blocks) = runs.iter().take(streams).map(|run| run.len()).min() else { return };
        match (&mut states, &runs) {
            // SAFETY: the proof exists only if the CPU has SHA-NI, SSSE3 and SSE4.1.
            ([a, ..], [x, ..]) if streams == 1 => unsafe { advance([a], [*x], blocks) },
            // SAFETY: likewise.
            ([a, b, ..], [x, y, ..]) if streams == 2 => unsafe { advance([a, b], [*x, *y], blocks) },
            // SAFETY: likewise.
            ([a, b, c], [x, y, z]) => unsafe { advance([a, b, c], [*x, *y, *z], blocks) },
        }
        for run in &mut runs[..streams] {
            *run = &run[blocks..];
        }
    }
}

/// Moves each state on by the first `blocks` blocks of its run.
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn advance<const N: usize>(states: [&mut [u32; 8]; N], runs: [Run<'_, 64>; N], blocks: usize) {
    let zero = _mm_set_epi64x(0, 0);
    let (mut abef, mut cdgh) = ([zero; N], [zero; N]);
    for n in 0..N {
        let (halves, _) = states[n].as_chunks();
        let cdab = _mm_shuffle_epi32::<0xb1>(load_quad(&halves[0]));
        let efgh = _mm_shuffle_epi32::<0x1b>(load_quad(&halves[1]));
        abef[n] = _mm_alignr_epi8::<8>(cdab, efgh);
        cdgh[n] = _mm_blend_epi16::<0xf0>(efgh, cdab);
    }
    let big_endian = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    for block in 0..blocks {
        let before = (abef, cdgh);
        let mut words = [[zero; 4]; N];
        for n in 0..N {
            let block = &runs[n][block];
            for quad in 0..4 {
                words[n][quad] = _mm_shuffle_epi8(load(&block.as_chunks().0[quad]), big_endian);
            }
        }
        macro_rules! four { ($($t:literal)*) => { $(
            let constants = load_quad(&CONSTANTS.as_chunks().0[$t]);
            for n in 0..N {
                let words = &mut words[n];
                let sum = _mm_add_epi32(words[$t % 4], constants);
                if $t < 12 {
                    let early = _mm_sha256msg1_epu32(words[$t % 4], words[($t + 1) % 4]);
                    let seven_back = _mm_alignr_epi8::<4>(words[($t + 3) % 4], words[($t + 2) % 4]);
                    words[$t % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(early, seven_back), words[($t + 3) % 4]);
                }
                cdgh[n] = _mm_sha256rnds2_epu32(cdgh[n], abef[n], sum);
                abef[n] = _mm_sha256rnds2_epu32(abef[n], cdgh[n], _mm_shuffle_epi32::<0x0e>(sum));
            }
        )* } }
        four!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for n in 0..N {
            abef[n] = _mm_add_epi32(abef[n], before.0[n]);
            cdgh[n] = _mm_add_epi32(cdgh[n], before.1[n]);
        }
    }
    for n in 0..N {
        let feba = _mm_shuffle_epi32::<0x1b>(abef[n]);
        let dchg = _mm_shuffle_epi32::<0xb1>(cdgh[n]);
        let (halves, _) = states[n].as_chunks_mut();
        halves[0] = store_quad(_mm_blend_epi16::<0xf0>(feba, dchg));
        halves[1] = store_quad(_mm_alignr_epi8::<8>(dchg, feba));
    }
}
