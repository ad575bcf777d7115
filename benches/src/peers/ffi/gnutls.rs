//! GnuTLS 3: `gnutls/crypto.h`.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr;
use std::ffi::CStr;

use super::super::contender::{Missing, Tag};
use super::handle::{Destructor, Handle};
use super::shared_library::SharedLibrary;

const FILE: &str = "libgnutls.so.30";
const GNUTLS_DIG_MD5: c_uint = 2;
const GNUTLS_CIPHER_AES_128_GCM: c_uint = 10;

type Object = *mut c_void;

/// `gnutls_datum_t`.
#[repr(C)]
struct Datum {
    data: *const u8,
    size: c_uint,
}

/// The library, loaded, with the functions that are called.
#[derive(Clone, Copy)]
pub(in super::super) struct GnuTls {
    library: SharedLibrary,
    hmac_init: unsafe extern "C" fn(*mut Object, c_uint, *const c_void, usize) -> c_int,
    hmac_set_nonce: unsafe extern "C" fn(Object, *const c_void, usize),
    hmac: unsafe extern "C" fn(Object, *const c_void, usize) -> c_int,
    hmac_output: unsafe extern "C" fn(Object, *mut c_void),
    hmac_free: unsafe extern "C" fn(Object, *mut c_void),
    aead_init: unsafe extern "C" fn(*mut Object, c_uint, *const Datum) -> c_int,
    aead_encrypt: AeadEncrypt,
    aead_free: unsafe extern "C" fn(Object),
    hash_init: unsafe extern "C" fn(*mut Object, c_uint) -> c_int,
    hash: unsafe extern "C" fn(Object, *const c_void, usize) -> c_int,
    hash_output: unsafe extern "C" fn(Object, *mut c_void),
    hash_free: unsafe extern "C" fn(Object, *mut c_void),
}

type AeadEncrypt = unsafe extern "C" fn(
    Object,
    *const c_void,
    usize,
    *const c_void,
    usize,
    usize,
    *const c_void,
    usize,
    *mut c_void,
    *mut usize,
) -> c_int;

impl GnuTls {
    pub(in super::super) fn load() -> Result<Self, Missing> {
        let library = SharedLibrary::load(FILE)?;
        // SAFETY: every field has the signature of `crypto.h`, handles being pointers to void.
        let functions = unsafe {
            Self {
                library,
                hmac_init: library.function("gnutls_hmac_init")?,
                hmac_set_nonce: library.function("gnutls_hmac_set_nonce")?,
                hmac: library.function("gnutls_hmac")?,
                hmac_output: library.function("gnutls_hmac_output")?,
                hmac_free: library.function("gnutls_hmac_deinit")?,
                aead_init: library.function("gnutls_aead_cipher_init")?,
                aead_encrypt: library.function("gnutls_aead_cipher_encrypt")?,
                aead_free: library.function("gnutls_aead_cipher_deinit")?,
                hash_init: library.function("gnutls_hash_init")?,
                hash: library.function("gnutls_hash")?,
                hash_output: library.function("gnutls_hash_output")?,
                hash_free: library.function("gnutls_hash_deinit")?,
            }
        };
        Ok(functions)
    }

    pub(in super::super) fn version(self) -> String {
        // SAFETY: the signature of `gnutls.h`.
        let check: Result<unsafe extern "C" fn(*const c_char) -> *const c_char, _> =
            unsafe { self.library.function("gnutls_check_version") };
        let Ok(check) = check else { return "unknown".to_owned() };
        // SAFETY: asked for no version in particular, it gives the library's, a constant text.
        unsafe { CStr::from_ptr(check(ptr::null())) }.to_string_lossy().into_owned()
    }
}

/// A keyed MAC.
pub(in super::super) struct Hmac {
    library: GnuTls,
    handle: Handle,
}

impl Hmac {
    pub(in super::super) const SHA256: c_uint = 6;
    pub(in super::super) const AES_CMAC_128: c_uint = 203;
    pub(in super::super) const AES_GMAC_128: c_uint = 205;

    pub(in super::super) fn new(library: GnuTls, algorithm: c_uint, key: &[u8; 16]) -> Option<Self> {
        let mut handle = ptr::null_mut();
        // SAFETY: room for a handle; a key with its length.
        let made = unsafe { (library.hmac_init)(&raw mut handle, algorithm, key.as_ptr().cast(), key.len()) };
        if made != 0 {
            return None;
        }
        // SAFETY: just made; freed by its own function.
        let handle = unsafe { Handle::owning(handle, Destructor::WithResult(library.hmac_free)) }?;
        Some(Self { library, handle })
    }

    /// The tag; `nonce` is for GMAC alone.
    #[inline]
    pub(in super::super) fn tag(&mut self, nonce: Option<&[u8; 12]>, message: &[u8]) -> Option<Tag> {
        let (library, handle) = (&self.library, self.handle.object());
        let mut full = [0_u8; 32];
        if let Some(nonce) = nonce {
            // SAFETY: a handle, a nonce with its length.
            unsafe { (library.hmac_set_nonce)(handle, nonce.as_ptr().cast(), nonce.len()) };
        }
        // SAFETY: a handle, a message with its length.
        if unsafe { (library.hmac)(handle, message.as_ptr().cast(), message.len()) } != 0 {
            return None;
        }
        // SAFETY: room for the longest of these MACs; the handle is then ready for the next message.
        unsafe { (library.hmac_output)(handle, full.as_mut_ptr().cast()) };
        full.first_chunk().copied()
    }
}

/// AES-128-GCM under one key.
pub(in super::super) struct Aead {
    library: GnuTls,
    handle: Handle,
}

impl Aead {
    pub(in super::super) fn new(library: GnuTls, key: &[u8; 16]) -> Option<Self> {
        let key = Datum { data: key.as_ptr(), size: key.len() as c_uint };
        let mut handle = ptr::null_mut();
        // SAFETY: room for a handle; a key with its length.
        if unsafe { (library.aead_init)(&raw mut handle, GNUTLS_CIPHER_AES_128_GCM, &raw const key) } != 0 {
            return None;
        }
        // SAFETY: just made; freed by its own function.
        let handle = unsafe { Handle::owning(handle, Destructor::Plain(library.aead_free)) }?;
        Some(Self { library, handle })
    }

    /// The tag of no text and the message as additional data.
    #[inline]
    pub(in super::super) fn tag(&mut self, nonce: &[u8; 12], message: &[u8]) -> Option<Tag> {
        let (mut tag, mut length) = ([0_u8; 16], 16);
        // SAFETY: a handle; slices with their lengths; no text; 16 bytes for the tag.
        let status = unsafe {
            (self.library.aead_encrypt)(
                self.handle.object(),
                nonce.as_ptr().cast(),
                nonce.len(),
                message.as_ptr().cast(),
                message.len(),
                tag.len(),
                [0_u8; 0].as_ptr().cast(),
                0,
                tag.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        (status == 0).then_some(tag)
    }
}

/// MD5.
pub(in super::super) struct Hash {
    library: GnuTls,
    handle: Handle,
}

impl Hash {
    /// Nothing where the system's policy forbids MD5.
    pub(in super::super) fn md5(library: GnuTls) -> Option<Self> {
        let mut handle = ptr::null_mut();
        // SAFETY: room for a handle.
        if unsafe { (library.hash_init)(&raw mut handle, GNUTLS_DIG_MD5) } != 0 {
            return None;
        }
        // SAFETY: just made; freed by its own function.
        let handle = unsafe { Handle::owning(handle, Destructor::WithResult(library.hash_free)) }?;
        Some(Self { library, handle })
    }

    /// MD5(key‖message).
    #[inline]
    pub(in super::super) fn tag(&mut self, key: &[u8; 16], message: &[u8]) -> Option<Tag> {
        let (library, handle) = (&self.library, self.handle.object());
        let mut tag = [0_u8; 16];
        // SAFETY: a handle, slices with their lengths.
        let good = unsafe {
            (library.hash)(handle, key.as_ptr().cast(), key.len()) == 0
                && (library.hash)(handle, message.as_ptr().cast(), message.len()) == 0
        };
        // SAFETY: MD5 gives 16 bytes; the handle is then ready for the next message.
        unsafe { (library.hash_output)(handle, tag.as_mut_ptr().cast()) };
        good.then_some(tag)
    }
}
