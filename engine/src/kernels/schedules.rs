//! Round keys of a group's lanes side by side, as the CBC-MAC kernels read them.

use core::arch::x86_64::{__m128i, __m512i};
use core::mem::zeroed;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Room for a group's round keys: eleven rounds of up to eight vectors. It is kept from group to group, since to make it anew
/// and to wipe it for each would take a tenth of the time that 32 messages of 128 bytes take.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Schedules {
    /// VAES: each vector has the keys of four lanes.
    pub(super) wide: [[__m512i; 8]; 11],
    /// AES-NI: of one.
    pub(super) narrow: [[__m128i; 8]; 11],
}

impl Schedules {
    /// Room without keys.
    pub(crate) fn new() -> Box<Self> {
        // SAFETY: vectors are plain bytes, and may all be zero.
        Box::new(unsafe { zeroed() })
    }
}
