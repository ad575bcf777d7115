//! SHA-256 with the CPU's own instructions: several chains side by side, because one waits for itself half of the time.
//!
//! Three, and compiled without AVX-512: a fourth does not fit the sixteen registers that these instructions can name, and
//! its spilling costs more than it brings (on Zen 5 a block of one chain takes 128 cycles, of two 86, of three 77 each, of
//! four 104; legacy and VEX encoding of the rest make no difference). What limits it is the pipe that `sha256rnds2` and
//! `sha256msg2` share, with 88 issue cycles a block.

use core::arch::x86_64::{
    _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
};

use core::array;

use super::cpu::HaveSha;
use super::lane::{Lane, Run, Runs, Sha256Lane};
use super::sha256_lanes::CONSTANTS;
use super::vector::{load, load_quad, store_quad};

/// Chains side by side.
pub(super) const STREAMS: usize = 3;

/// The lanes that run, in the first `busy` places.
struct Streams<'l, 'a> {
    busy: usize,
    states: [[u32; 8]; STREAMS],
    /// What is left of the run that a lane is in.
    runs: [Run<'a, 64>; STREAMS],
    rest: [Runs<'a, 64>; STREAMS],
    ends: [Option<&'l mut [u32; 8]>; STREAMS],
}

/// A lane without any.
const NO_RUNS: Lane<'static, (), (), 64> = Lane::over(&(), (), &[]);

/// Moves any number of lanes to their ends, [`STREAMS`] at a time; a lane that ends makes place for the next one.
pub(crate) fn run_group(proof: HaveSha, lanes: &mut [Sha256Lane<'_>]) {
    let mut streams = Streams {
        busy: 0,
        states: [[0; 8]; STREAMS],
        runs: [&[]; STREAMS],
        rest: array::from_fn(|_| NO_RUNS.runs()),
        ends: [const { None }; STREAMS],
    };
    let mut waiting = lanes.iter_mut();
    loop {
        streams.find_blocks();
        while streams.busy < STREAMS
            && let Some(lane) = waiting.next()
        {
            streams.start(lane);
            streams.find_blocks();
        }
        if streams.busy == 0 {
            return;
        }
        streams.advance(proof);
    }
}

impl<'l, 'a> Streams<'l, 'a> {
    fn start(&mut self, lane: &'l mut Sha256Lane<'a>) {
        let place = self.busy;
        self.busy += 1;
        self.states[place] = lane.state;
        self.runs[place] = &[];
        self.rest[place] = lane.runs();
        self.ends[place] = Some(&mut lane.state);
    }

    /// Goes on to the next run wherever one has ended; a lane that has no more gets its state, and its place to the last one.
    fn find_blocks(&mut self) {
        let mut place = 0;
        while place < self.busy {
            while self.runs[place].is_empty()
                && let Some(run) = self.rest[place].next()
            {
                self.runs[place] = run;
            }
            if !self.runs[place].is_empty() {
                place += 1;
                continue;
            }
            if let Some(end) = self.ends[place].take() {
                *end = self.states[place];
            }
            self.busy -= 1;
            self.states.swap(place, self.busy);
            self.runs.swap(place, self.busy);
            self.rest.swap(place, self.busy);
            self.ends.swap(place, self.busy);
        }
    }

    /// Up to the nearest end of a run.
    fn advance(&mut self, _: HaveSha) {
        let (runs, _) = self.runs.split_at_mut(self.busy);
        let blocks = runs.iter().map(|run| run.len()).min().unwrap_or(0);
        match (&mut self.states, &*runs) {
            // SAFETY: the proof exists only if the CPU has SHA-NI, SSSE3 and SSE4.1.
            ([a, ..], [x]) => unsafe { advance(&mut [a], &[*x], blocks) },
            // SAFETY: likewise.
            ([a, b, ..], [x, y]) => unsafe { advance(&mut [a, b], &[*x, *y], blocks) },
            // SAFETY: likewise.
            ([a, b, c], [x, y, z]) => unsafe { advance(&mut [a, b, c], &[*x, *y, *z], blocks) },
            _ => {}
        }
        for run in runs {
            *run = run.split_at(blocks).1;
        }
    }
}

/// Moves each state on by the first `blocks` blocks of its run.
#[target_feature(enable = "sha,sse4.1,ssse3")]
#[expect(clippy::needless_range_loop, reason = "a stream's parts are at the same place of several arrays")]
fn advance<const N: usize>(states: &mut [&mut [u32; 8]; N], runs: &[Run<'_, 64>; N], blocks: usize) {
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
            for (words, bytes) in words[n].iter_mut().zip(runs[n][block].as_chunks().0) {
                *words = _mm_shuffle_epi8(load(bytes), big_endian);
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
