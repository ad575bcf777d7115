//! Code outside this room, compiled for a backend's CPU features.

use super::backend::Backend;

/// Work that a backend's instructions speed up although it names none: copies and comparisons, and the way to kernels.
pub(crate) trait Work {
    /// What comes of it.
    type Yield;

    /// Does it. Must be `#[inline(always)]`, and so must what it calls, to be compiled with the backend's features.
    fn run(self) -> Self::Yield;
}

impl Backend {
    /// Has work done by code that is compiled for this backend.
    #[inline]
    pub(crate) fn compiled<W: Work>(self, work: W) -> W::Yield {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the proof exists only if the CPU has AVX2 and AES-NI.
            Self::Avx2(_) => unsafe { with_avx2(work) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the proof exists only if the CPU has AVX-512 F, BW and VL, and all of AVX2's backend.
            Self::Avx512(_) => unsafe { with_avx512(work) },
            _ => with_nothing(work),
        }
    }
}

/// A function of its own: in its caller, what the work keeps on the stack would stand there for the other backends, too.
#[inline(never)]
fn with_nothing<W: Work>(work: W) -> W::Yield {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,aes")]
fn with_avx2<W: Work>(work: W) -> W::Yield {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,aes")]
fn with_avx512<W: Work>(work: W) -> W::Yield {
    work.run()
}
