//! Proofs that the CPU has what a kernel needs. Nobody else asks the CPU.

/// Proof of AVX2, AES-NI and PCLMULQDQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaveAvx2(());

impl HaveAvx2 {
    /// Asks the CPU (and, through XGETBV, the operating system).
    #[must_use]
    pub fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("pclmulqdq");
        all.then_some(Self(()))
    }
}

/// Proof of SHA-NI, with SSSE3 and SSE4.1: apart from [`HaveAvx2`], since CPUs with AVX2 or even AVX-512 may lack it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HaveSha(());

impl HaveSha {
    /// Asks the CPU.
    #[must_use]
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        all.then_some(Self(()))
    }
}

/// Proof of AVX-512 F, BW and VL, VAES and VPCLMULQDQ, beside all that [`HaveAvx2`] proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaveAvx512 {
    avx2: HaveAvx2,
}

impl HaveAvx512 {
    /// Asks the CPU (and, through XGETBV, the operating system).
    #[must_use]
    pub fn detect() -> Option<Self> {
        let avx2 = HaveAvx2::detect()?;
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("vpclmulqdq");
        all.then_some(Self { avx2 })
    }

    /// The smaller proof that this one holds.
    #[must_use]
    pub const fn avx2(self) -> HaveAvx2 {
        self.avx2
    }
}

/// Names of the detected features that MACs and ciphers can use, as Linux and LLVM spell them.
#[must_use]
pub fn features() -> Vec<&'static str> {
    let known = [
        ("ssse3", is_x86_feature_detected!("ssse3")),
        ("sse4.1", is_x86_feature_detected!("sse4.1")),
        ("aes", is_x86_feature_detected!("aes")),
        ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
        ("sha", is_x86_feature_detected!("sha")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ("vaes", is_x86_feature_detected!("vaes")),
        ("vpclmulqdq", is_x86_feature_detected!("vpclmulqdq")),
    ];
    known.into_iter().filter_map(|(name, detected)| detected.then_some(name)).collect()
}
