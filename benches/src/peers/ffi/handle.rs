//! An object of a C library, freed when nobody holds it any more.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

/// The function that takes an object back.
#[derive(Clone, Copy)]
pub(super) enum Destructor {
    /// It takes the object.
    Plain(unsafe extern "C" fn(*mut c_void)),
    /// It also takes a place for a last result, which may be null.
    WithResult(unsafe extern "C" fn(*mut c_void, *mut c_void)),
}

/// A pointer that a library's constructor gave, with the function that takes it back.
pub(super) struct Handle {
    object: NonNull<c_void>,
    destructor: Destructor,
}

impl Handle {
    /// Nothing for a null pointer, which is how constructors fail.
    ///
    /// # Safety
    /// `object` is null, or valid and nobody else's, and `destructor` is the function for its kind.
    pub(super) unsafe fn owning(object: *mut c_void, destructor: Destructor) -> Option<Self> {
        Some(Self { object: NonNull::new(object)?, destructor })
    }

    /// The object; mutable, since everything that libraries do with it changes it.
    pub(super) const fn object(&mut self) -> *mut c_void {
        self.object.as_ptr()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let object = self.object.as_ptr();
        // SAFETY: `owning` was promised that this function takes back this object, which nobody else has.
        unsafe {
            match self.destructor {
                Destructor::Plain(free) => free(object),
                Destructor::WithResult(free) => free(object, ptr::null_mut()),
            }
        }
    }
}
