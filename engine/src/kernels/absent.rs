//! What other architectures see in place of the x86-64 kernels: proofs and keys that cannot exist (in private
//! fields, lest rustc call the callers' code unreachable), and the `md-5` crate.

/// CPU features: none that this crate's kernels use.
pub mod cpu {
    use core::convert::Infallible;

    /// Proof of features that this architecture does not have.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct HaveAvx2(pub(super) Infallible);

    impl HaveAvx2 {
        /// Never there.
        #[must_use]
        pub const fn detect() -> Option<Self> {
            None
        }
    }

    /// Proof of features that this architecture does not have.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct HaveAvx512(pub(super) Infallible);

    impl HaveAvx512 {
        /// Never there.
        #[must_use]
        pub const fn detect() -> Option<Self> {
            None
        }

        /// Never called.
        #[must_use]
        pub const fn avx2(self) -> HaveAvx2 {
            match self.0 {}
        }
    }

    /// Names of the detected features that MACs and ciphers can use.
    #[must_use]
    pub const fn features() -> Vec<&'static str> {
        Vec::new()
    }
}

pub(crate) mod ccm_ni {
    use core::convert::Infallible;

    use zeroize::{Zeroize, ZeroizeOnDrop};

    use super::cpu::HaveAvx2;

    #[derive(Clone, Zeroize, ZeroizeOnDrop)]
    pub(crate) struct CcmKey<const N: usize>(#[zeroize(skip)] Infallible);

    pub(crate) struct Context<'a> {
        pub(crate) nonce: &'a [u8; 11],
        pub(crate) formatted: &'a [u8],
        pub(crate) additional: &'a [u8],
    }

    impl<const N: usize> CcmKey<N> {
        pub(crate) fn aes128(proof: HaveAvx2, _: &[u8; 16]) -> Self {
            match proof.0 {}
        }

        pub(crate) fn aes256(proof: HaveAvx2, _: &[u8; 32]) -> Self {
            match proof.0 {}
        }

        pub(crate) fn seal(&self, _: Context<'_>, _: &[u8], _: &mut [u8]) -> [u8; 16] {
            match self.0 {}
        }

        pub(crate) fn open(&self, _: Context<'_>, _: &[u8], _: &mut [u8]) -> [u8; 16] {
            match self.0 {}
        }
    }
}

pub(crate) mod cmac_group {
    use zeroize::Zeroize;

    use super::cmac_ni::CmacKey;
    use crate::kernels::Backend;
    use crate::kernels::lane::{CmacLane, MAX_LANES, ShortLane, run_one_by_one};

    pub(crate) const fn width(_: Backend) -> usize {
        1
    }

    /// Room for no round keys.
    #[derive(Default, Zeroize)]
    pub(crate) struct Schedules;

    #[cfg(test)]
    impl Schedules {
        pub(crate) const fn is_blank(&self) -> bool {
            true
        }
    }

    pub(crate) fn run_group(_: Backend, _: &mut Schedules, lanes: &mut [CmacLane<'_>]) {
        run_one_by_one(lanes, CmacKey::advance);
    }

    pub(crate) fn run_short(
        _: Backend,
        _: &mut Schedules,
        keys: &[&CmacKey],
        lanes: &[ShortLane; MAX_LANES],
        blocks: usize,
        ends: &mut [[u8; 16]; MAX_LANES],
    ) {
        for ((key, lane), end) in keys.iter().zip(lanes).zip(ends) {
            key.advance(end, lane.last_blocks(blocks));
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct InPlace(core::convert::Infallible);

    #[derive(Clone, Copy)]
    pub(crate) struct Queue(core::convert::Infallible);

    pub(crate) enum Ending {
        WhileFull,
        Whole,
    }

    impl Queue {
        pub(crate) const fn of(_: Backend) -> Option<Self> {
            None
        }

        pub(crate) fn run(self, _: &mut Schedules, _: &mut [CmacLane<'_>], _: Ending) -> usize {
            match self.0 {}
        }
    }

    pub(crate) trait InOnePiece {
        fn key(&self) -> &CmacKey;
        fn bytes(&self) -> &[u8];
    }

    impl InPlace {
        pub(crate) const LANES: usize = 32;
        pub(crate) const MOST_BYTES: usize = 0;

        pub(crate) const fn of(_: Backend) -> Option<Self> {
            None
        }

        pub(crate) fn run(
            self,
            _: &mut Schedules,
            _: &[impl InOnePiece; Self::LANES],
            _: usize,
            _: Option<usize>,
            _: &[[u8; 16]; Self::LANES],
        ) -> [[u8; 16]; Self::LANES] {
            match self.0 {}
        }
    }
}

pub(crate) mod cmac_ni {
    use core::convert::Infallible;

    use zeroize::{Zeroize, ZeroizeOnDrop};

    use super::cpu::HaveAvx2;

    #[derive(Clone, Zeroize, ZeroizeOnDrop)]
    pub(crate) struct CmacKey(#[zeroize(skip)] Infallible);

    #[derive(Clone, Copy)]
    pub(crate) struct Ending;

    impl Ending {
        pub(crate) const fn of(_: usize) -> &'static Self {
            &Self
        }
    }

    impl CmacKey {
        pub(crate) fn new(proof: HaveAvx2, _: &[u8; 16]) -> Self {
            match proof.0 {}
        }

        pub(crate) fn tag(&self, _: &[&[u8]]) -> [u8; 16] {
            match self.0 {}
        }

        pub(crate) fn advance(&self, _: &mut [u8; 16], _: &[[u8; 16]]) {
            match self.0 {}
        }

        pub(crate) fn idle_block(&self) -> [u8; 16] {
            match self.0 {}
        }

        pub(crate) fn last_block(&self, _: [u8; 16], _: usize) -> [u8; 16] {
            match self.0 {}
        }

        pub(crate) fn last_block_of(&self, _: &Ending, _: &[u8; 16]) -> [u8; 16] {
            match self.0 {}
        }
    }
}

pub(crate) mod gmac {
    use core::convert::Infallible;

    use zeroize::{Zeroize, ZeroizeOnDrop};

    use crate::kernels::Backend;

    pub(crate) const TOGETHER: usize = 4;
    pub(crate) const LAST_GROUP_BYTES: usize = 0;

    pub(crate) type Unit = [u8; 64];

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Width(pub(super) Infallible);

    impl Width {
        pub(crate) const fn of(_: Backend) -> Option<Self> {
            None
        }

        pub(crate) const fn implementation(self) -> &'static str {
            match self.0 {}
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Progress;

    impl Progress {
        pub(crate) const START: Self = Self;

        pub(crate) const fn bytes(&self) -> usize {
            0
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Ending<'a> {
        pub(crate) key: &'a GmacKey,
        pub(crate) nonce: &'a [u8; 12],
        pub(crate) bytes: usize,
        pub(crate) progress: &'a Progress,
        pub(crate) units: &'a [Unit],
        pub(crate) rest: &'a [u8],
    }

    impl<'a> Ending<'a> {
        pub(crate) const fn of_nothing(key: &'a GmacKey, _: &'a [u8; 12]) -> Self {
            match key.0 {}
        }
    }

    #[derive(Clone, Zeroize, ZeroizeOnDrop)]
    pub(crate) struct GmacKey(#[zeroize(skip)] Infallible);

    impl GmacKey {
        pub(crate) fn new(width: Width, _: &[u8; 16]) -> Self {
            match width.0 {}
        }

        pub(crate) fn prefetch(&self, _: usize) {
            match self.0 {}
        }

        pub(crate) fn tag(&self, _: Width, _: &[u8; 12], _: &[&[u8]]) -> [u8; 16] {
            match self.0 {}
        }

        pub(crate) fn advance(&self, _: Width, _: &mut Progress, _: &[&[u8]], _: usize) {
            match self.0 {}
        }
    }

    pub(crate) const fn counter_block(_: &[u8; 12]) -> [u8; 16] {
        [0; 16]
    }

    pub(crate) const fn before_last(_: usize) -> usize {
        0
    }

    pub(crate) fn last_group<'a>(
        _: impl Iterator<Item = &'a [u8]>,
        _: usize,
        _: &'a mut [u8; LAST_GROUP_BYTES],
    ) -> (&'a [Unit], &'a [u8]) {
        (&[], &[])
    }

    pub(crate) fn tags(width: Width, _: &[Ending<'_>; TOGETHER]) -> [[u8; 16]; TOGETHER] {
        match width.0 {}
    }
}

pub(crate) mod gmac_whole {
    use super::gmac::{GmacKey, Unit, Width};

    pub(crate) struct Cover {
        pub(crate) kept: Unit,
        pub(crate) set: Unit,
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Whole<'a> {
        pub(crate) key: &'a GmacKey,
        pub(crate) counter: &'a [u8; 16],
        pub(crate) message: &'a [u8],
    }

    pub(crate) trait InOnePiece {
        fn whole(&self) -> Whole<'_>;
        fn settle(&mut self, tag: Tag);
    }

    pub(crate) type Tag = [u8; 16];

    pub(crate) fn settle(width: Width, _: &Cover, _: &mut [impl InOnePiece]) {
        match width.0 {}
    }
}

pub(crate) mod md5 {
    pub(crate) const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    pub(crate) const IMPLEMENTATION: &str = "md-5 0.11";

    pub(crate) fn compress(state: &mut [u32; 4], blocks: &[[u8; 64]]) {
        md5::block_api::compress(state, blocks);
    }
}

pub(crate) mod md5_group {
    use super::super::backend::Backend;
    use super::super::lane::{Md5Lane, run_one_by_one};
    use super::md5;

    pub(crate) const fn width(_: Backend) -> usize {
        1
    }

    pub(crate) fn run_group(_: Backend, lanes: &mut [Md5Lane<'_>]) {
        run_one_by_one(lanes, |(), state, run| md5::compress(state, run));
    }
}

pub(crate) mod sha256_group {
    use sha2::block_api::compress256;

    use super::super::backend::Backend;
    use super::super::lane::{Sha256Lane, run_one_by_one};

    pub(crate) const fn width(_: Backend) -> usize {
        1
    }

    pub(crate) fn run_group(_: Backend, lanes: &mut [Sha256Lane<'_>]) {
        run_one_by_one(lanes, |(), state, run| compress256(state, run));
    }
}
