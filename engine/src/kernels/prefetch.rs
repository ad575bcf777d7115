//! Asking for memory before it is needed.

/// Asks for a value to be brought into the caches; reads nothing.
#[inline(always)]
pub(crate) fn prefetch<T>(value: &T) {
    let first: *const T = value;
    for line in 0..size_of::<T>().div_ceil(64) {
        prefetch_line(first.cast::<[u8; 64]>().wrapping_add(line));
    }
}

/// Asks for a value's first cache lines.
#[inline(always)]
pub(crate) fn prefetch_beginning<const LINES: usize, T>(value: &T) {
    let first: *const T = value;
    for line in 0..LINES {
        prefetch_line(first.cast::<[u8; 64]>().wrapping_add(line));
    }
}

/// Asks for 128 bytes, from the first of a slice on, whether it has as many or not.
#[inline(always)]
pub(crate) fn prefetch_from(bytes: &[u8]) {
    let first = bytes.as_ptr().cast();
    prefetch_line(first);
    prefetch_line(first.wrapping_add(1));
}

/// Asks for a value to be brought into this core's caches, and out of all others', since it is about to be written.
#[inline(always)]
pub(crate) fn prefetch_to_write<T>(value: &T) {
    let first: *const T = value;
    for line in 0..size_of::<T>().div_ceil(64) {
        prefetch_line_to_write(first.cast::<[u8; 64]>().wrapping_add(line));
    }
}

#[inline(always)]
fn prefetch_line_to_write(line: *const [u8; 64]) {
    // The intrinsic becomes an ordinary prefetch unless all is compiled for CPUs that have this one.
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults, and x86-64 CPUs that do not have this one do nothing.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
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
