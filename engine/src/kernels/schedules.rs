//! Round keys of a group's lanes side by side, as the CBC-MAC kernels read them.

use core::arch::x86_64::{__m128i, __m512i};
use core::mem::zeroed;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Room for a group's round keys: eleven rounds of up to eight vectors. It is kept from group to group, so that it is not made
/// anew and wiped for each.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Schedules {
    /// VAES: each vector has the keys of four lanes.
    pub(super) wide: [[__m512i; 8]; 11],
    /// AES-NI: of one.
    pub(super) narrow: [[__m128i; 8]; 11],
}

#[cfg(test)]
impl Schedules {
    pub(crate) fn is_blank(&self) -> bool {
        // SAFETY: vectors are plain bytes.
        let wide = unsafe { self.wide.as_flattened().align_to::<u8>().1 };
        // SAFETY: likewise.
        let narrow = unsafe { self.narrow.as_flattened().align_to::<u8>().1 };
        wide.iter().chain(narrow).all(|byte| *byte == 0)
    }
}

/// Room without keys.
impl Default for Schedules {
    fn default() -> Self {
        // SAFETY: vectors are plain bytes, and may all be zero.
        unsafe { zeroed() }
    }
}
