//! Asking for memory before it is needed.

/// Asks for a value to be brought into the caches; reads nothing.
#[inline(always)]
pub(crate) fn prefetch<T>(value: &T) {
    let first: *const T = value;
    for line in 0..size_of::<T>().div_ceil(64) {
        prefetch_line(first.cast::<[u8; 64]>().wrapping_add(line));
    }
}

/// Asks for the first 64 bytes of a value.
#[inline(always)]
pub(crate) fn prefetch_first_line<T>(value: &T) {
    let first: *const T = value;
    prefetch_line(first.cast());
}

/// Asks for the first 128 bytes of a value.
#[inline(always)]
pub(crate) fn prefetch_beginning<T>(value: &T) {
    let first: *const T = value;
    prefetch_line(first.cast());
    prefetch_line(first.cast::<[u8; 64]>().wrapping_add(1));
}

#[inline(always)]
fn prefetch_line(line: *const [u8; 64]) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        // SAFETY: SSE belongs to every x86-64, and a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}
