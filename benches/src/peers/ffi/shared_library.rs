//! A shared library of the system, by its name.

use libloading::Library;

use super::super::contender::Missing;

/// A library that is loaded for as long as the process runs, so that its functions can be copied out of it.
#[derive(Clone, Copy)]
pub(super) struct SharedLibrary {
    file: &'static str,
    library: &'static Library,
}

impl SharedLibrary {
    /// Loads it, as the system's loader finds it.
    pub(super) fn load(file: &'static str) -> Result<Self, Missing> {
        // SAFETY: these are cryptographic libraries of the distribution, whose initialisers may run at any time.
        let library = unsafe { Library::new(file) }.map_err(|_| Missing::NotInstalled(file))?;
        Ok(Self { file, library: Box::leak(Box::new(library)) })
    }

    /// Copies a function's address out of it.
    ///
    /// # Safety
    /// `F` is a function pointer type of the function's signature in the library's header.
    pub(super) unsafe fn function<F: Copy>(self, name: &str) -> Result<F, Missing> {
        // SAFETY: the caller gives the signature; the library is never unloaded.
        let symbol = unsafe { self.library.get::<F>(name) };
        symbol.map(|symbol| *symbol).map_err(|_| self.unknown(format!("it has no {name}")))
    }

    pub(super) const fn unknown(self, reason: String) -> Missing {
        Missing::Unknown { library: self.file, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_here_is_told_by_its_name() {
        let missing = SharedLibrary::load("libno-such-library.so.7").map(|_| ()).unwrap_err();
        assert_eq!(missing, Missing::NotInstalled("libno-such-library.so.7"));
        assert!(missing.to_string().contains("install-peers.sh"));
    }
}
