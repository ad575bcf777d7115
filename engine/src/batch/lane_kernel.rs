//! What an algorithm runs on where there are many messages.

use core::fmt;

use super::kernel::Kernel;
use crate::kernels::cmac_ni::CmacKey;
use crate::kernels::{Backend, cpu};
use crate::mac::{HmacSha256Key, Md5Key};
use crate::protocol::SigningAlgorithm;

/// The kernel of an algorithm's lanes: `smbsign (vaes, 32 lanes)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneKernel {
    instructions: &'static str,
    lanes: usize,
}

impl LaneKernel {
    /// What a backend has for an algorithm; `None` where messages run one by one: AES-GMAC fills a core with one, and the
    /// portable backend leaves most of the work to crates.
    #[must_use]
    pub fn of(algorithm: SigningAlgorithm, backend: Backend) -> Option<Self> {
        let (avx2, avx512, lanes) = match algorithm {
            SigningAlgorithm::Md5 => ("avx2", "avx512", Md5Key::width(backend)),
            SigningAlgorithm::HmacSha256 => {
                let avx2 = if cpu::features().contains(&"sha") { "sha-ni" } else { "avx2" };
                (avx2, "avx512", HmacSha256Key::width(backend))
            }
            SigningAlgorithm::AesCmac => ("aes-ni", "vaes", CmacKey::width(backend)),
            SigningAlgorithm::AesGmac => return None,
        };
        let instructions = match backend {
            Backend::Portable => "portable",
            Backend::Avx2(_) => avx2,
            Backend::Avx512(_) => avx512,
        };
        (lanes > 1).then_some(Self { instructions, lanes })
    }

    /// Messages that it moves on together.
    #[must_use]
    pub const fn lanes(self) -> usize {
        self.lanes
    }
}

impl fmt::Display for LaneKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "smbsign ({}, {} lanes)", self.instructions, self.lanes)
    }
}
