//! What may be counted.

use smbsign_engine::kernels::Backend;

/// Proof that the portable backend was asked for.
///
/// Valgrind's CPU has no SHA-NI, no VAES and no AVX-512, whatever the machine has: other code would run there than is
/// measured, and its count would pass for that of a kernel which never ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portable(());

/// A backend whose instructions are not those that Valgrind would count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {0} backend cannot be counted: Valgrind's CPU has neither SHA-NI nor VAES nor AVX-512, so that other code \
     would be counted in its place; `portable` can"
)]
pub struct Uncountable(&'static str);

impl Portable {
    /// The proof, for the one backend that has it.
    ///
    /// # Errors
    /// [`Uncountable`] for every other.
    pub const fn of(backend: Backend) -> Result<Self, Uncountable> {
        match backend {
            Backend::Portable => Ok(Self(())),
            other => Err(Uncountable(other.name())),
        }
    }

    /// The backend that bodies prepare their keys for.
    pub(super) const fn backend(self) -> Backend {
        Backend::portable()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_backend_but_the_portable_one_is_counted() {
        for backend in Backend::available() {
            assert_eq!(Portable::of(backend).is_ok(), backend == Backend::Portable, "{backend}");
        }
        println!("asked for: {:?}", Backend::available().map(Backend::name).collect::<Vec<_>>());
    }
}
