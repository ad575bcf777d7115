//! OpenSSL 3: `openssl/evp.h`.

use core::ffi::{c_char, c_int, c_uchar, c_uint, c_void};
use core::ptr;
use std::ffi::CStr;

use super::super::contender::{Missing, Tag};
use super::handle::{Destructor, Handle};
use super::shared_library::SharedLibrary;

const FILE: &str = "libcrypto.so.3";
const OPENSSL_VERSION_STRING: c_int = 6;
const EVP_CTRL_AEAD_GET_TAG: c_int = 0x10;
const OSSL_PARAM_UTF8_STRING: c_uint = 4;
const OSSL_PARAM_OCTET_STRING: c_uint = 5;

/// `OSSL_PARAM`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Parameter {
    key: *const c_char,
    data_type: c_uint,
    data: *const c_void,
    data_size: usize,
    return_size: usize,
}

impl Parameter {
    const END: Self =
        Self { key: ptr::null(), data_type: 0, data: ptr::null(), data_size: 0, return_size: usize::MAX };

    const fn new(key: &'static CStr, data_type: c_uint, data: &[u8]) -> Self {
        Self {
            key: key.as_ptr(),
            data_type,
            data: data.as_ptr().cast(),
            data_size: data.len(),
            return_size: usize::MAX,
        }
    }
}

type Object = *mut c_void;
type Free = unsafe extern "C" fn(Object);
type Fetch = unsafe extern "C" fn(Object, *const c_char, *const c_char) -> Object;
type New = unsafe extern "C" fn() -> Object;

/// The library, loaded, with the functions that are called per message.
#[derive(Clone, Copy)]
pub(in super::super) struct OpenSsl {
    library: SharedLibrary,
    mac_fetch: Fetch,
    mac_free: Free,
    mac_context_new: unsafe extern "C" fn(Object) -> Object,
    mac_context_free: Free,
    mac_init: unsafe extern "C" fn(Object, *const c_uchar, usize, *const Parameter) -> c_int,
    mac_update: unsafe extern "C" fn(Object, *const c_uchar, usize) -> c_int,
    mac_final: unsafe extern "C" fn(Object, *mut c_uchar, *mut usize, usize) -> c_int,
    cipher_fetch: Fetch,
    cipher_free: Free,
    cipher_context_new: New,
    cipher_context_free: Free,
    encrypt_init: unsafe extern "C" fn(Object, Object, Object, *const c_uchar, *const c_uchar) -> c_int,
    encrypt_update: unsafe extern "C" fn(Object, *mut c_uchar, *mut c_int, *const c_uchar, c_int) -> c_int,
    encrypt_final: unsafe extern "C" fn(Object, *mut c_uchar, *mut c_int) -> c_int,
    cipher_ctrl: unsafe extern "C" fn(Object, c_int, c_int, Object) -> c_int,
    digest_fetch: Fetch,
    digest_free: Free,
    digest_context_new: New,
    digest_context_free: Free,
    digest_init: unsafe extern "C" fn(Object, Object, *const Parameter) -> c_int,
    digest_update: unsafe extern "C" fn(Object, *const c_void, usize) -> c_int,
    digest_final: unsafe extern "C" fn(Object, *mut c_uchar, *mut c_uint) -> c_int,
}

impl OpenSsl {
    pub(in super::super) fn load() -> Result<Self, Missing> {
        let library = SharedLibrary::load(FILE)?;
        // SAFETY: every field has the signature of `evp.h`, opaque types being pointers to void.
        let functions = unsafe {
            Self {
                library,
                mac_fetch: library.function("EVP_MAC_fetch")?,
                mac_free: library.function("EVP_MAC_free")?,
                mac_context_new: library.function("EVP_MAC_CTX_new")?,
                mac_context_free: library.function("EVP_MAC_CTX_free")?,
                mac_init: library.function("EVP_MAC_init")?,
                mac_update: library.function("EVP_MAC_update")?,
                mac_final: library.function("EVP_MAC_final")?,
                cipher_fetch: library.function("EVP_CIPHER_fetch")?,
                cipher_free: library.function("EVP_CIPHER_free")?,
                cipher_context_new: library.function("EVP_CIPHER_CTX_new")?,
                cipher_context_free: library.function("EVP_CIPHER_CTX_free")?,
                encrypt_init: library.function("EVP_EncryptInit_ex")?,
                encrypt_update: library.function("EVP_EncryptUpdate")?,
                encrypt_final: library.function("EVP_EncryptFinal_ex")?,
                cipher_ctrl: library.function("EVP_CIPHER_CTX_ctrl")?,
                digest_fetch: library.function("EVP_MD_fetch")?,
                digest_free: library.function("EVP_MD_free")?,
                digest_context_new: library.function("EVP_MD_CTX_new")?,
                digest_context_free: library.function("EVP_MD_CTX_free")?,
                digest_init: library.function("EVP_DigestInit_ex2")?,
                digest_update: library.function("EVP_DigestUpdate")?,
                digest_final: library.function("EVP_DigestFinal_ex")?,
            }
        };
        Ok(functions)
    }

    pub(in super::super) fn version(self) -> String {
        // SAFETY: the signature of `crypto.h`.
        let version: Result<unsafe extern "C" fn(c_int) -> *const c_char, _> =
            unsafe { self.library.function("OpenSSL_version") };
        let Ok(version) = version else { return "unknown".to_owned() };
        // SAFETY: it gives a constant text for every number.
        unsafe { CStr::from_ptr(version(OPENSSL_VERSION_STRING)) }.to_string_lossy().into_owned()
    }
}

/// A context of `EVP_MAC`, keyed once.
pub(in super::super) struct Mac {
    library: OpenSsl,
    context: Handle,
}

impl Mac {
    /// A MAC by its name and the digest or cipher that it is made of; nothing where the library does not have it.
    pub(in super::super) fn new(
        library: OpenSsl,
        mac: &'static CStr,
        (part, made_of): (&'static CStr, &'static CStr),
        key: &[u8; 16],
    ) -> Option<Self> {
        // SAFETY: the default library context, a name, no properties.
        let fetched = unsafe { (library.mac_fetch)(ptr::null_mut(), mac.as_ptr(), ptr::null()) };
        // SAFETY: just fetched; freed by its own function.
        let mut fetched = unsafe { Handle::owning(fetched, Destructor::Plain(library.mac_free)) }?;
        // SAFETY: a MAC; the context takes a reference of its own.
        let context = unsafe { (library.mac_context_new)(fetched.object()) };
        // SAFETY: just made; freed by its own function.
        let mut context = unsafe { Handle::owning(context, Destructor::Plain(library.mac_context_free)) }?;
        let parameters = [Parameter::new(part, OSSL_PARAM_UTF8_STRING, made_of.to_bytes()), Parameter::END];
        // SAFETY: a context, a key with its length, parameters with their end.
        let keyed =
            unsafe { (library.mac_init)(context.object(), key.as_ptr(), key.len(), parameters.as_ptr()) };
        (keyed == 1).then_some(Self { library, context })
    }

    /// The tag; `nonce` is for GMAC alone.
    #[inline]
    pub(in super::super) fn tag(&mut self, nonce: Option<&[u8; 12]>, message: &[u8]) -> Option<Tag> {
        let (library, context) = (&self.library, self.context.object());
        let (mut full, mut length) = ([0; 32], 0);
        let mut parameters = [Parameter::END; 2];
        if let Some(nonce) = nonce {
            parameters[0] = Parameter::new(c"iv", OSSL_PARAM_OCTET_STRING, nonce);
        }
        // SAFETY: a keyed context and no new key; a message with its length; room for the longest of these MACs.
        let good = unsafe {
            (library.mac_init)(context, ptr::null(), 0, parameters.as_ptr()) == 1
                && (library.mac_update)(context, message.as_ptr(), message.len()) == 1
                && (library.mac_final)(context, full.as_mut_ptr(), &raw mut length, full.len()) == 1
        };
        if good { full.first_chunk().copied() } else { None }
    }
}

/// A context of AES-128-GCM, keyed once.
pub(in super::super) struct Gcm {
    library: OpenSsl,
    context: Handle,
}

impl Gcm {
    pub(in super::super) fn new(library: OpenSsl, key: &[u8; 16]) -> Option<Self> {
        // SAFETY: the default library context, a name, no properties.
        let cipher = unsafe { (library.cipher_fetch)(ptr::null_mut(), c"AES-128-GCM".as_ptr(), ptr::null()) };
        // SAFETY: just fetched; freed by its own function.
        let mut cipher = unsafe { Handle::owning(cipher, Destructor::Plain(library.cipher_free)) }?;
        // SAFETY: it takes nothing.
        let context = unsafe { (library.cipher_context_new)() };
        // SAFETY: just made; freed by its own function.
        let mut context = unsafe { Handle::owning(context, Destructor::Plain(library.cipher_context_free)) }?;
        // SAFETY: a context, a cipher, no engine, a key of 16 bytes, no nonce yet.
        let keyed = unsafe {
            (library.encrypt_init)(
                context.object(),
                cipher.object(),
                ptr::null_mut(),
                key.as_ptr(),
                ptr::null(),
            )
        };
        (keyed == 1).then_some(Self { library, context })
    }

    /// The tag of no text and the message as additional data.
    #[inline]
    pub(in super::super) fn tag(&mut self, nonce: &[u8; 12], message: &[u8]) -> Option<Tag> {
        let (library, context) = (&self.library, self.context.object());
        let (mut tag, mut unused, mut written) = ([0; 16], [0; 16], 0);
        let (cipher, engine) = (ptr::null_mut(), ptr::null_mut());
        let length = c_int::try_from(message.len()).ok()?;
        // SAFETY: a keyed context and a nonce of 12 bytes; no output for additional data; a block of room for the end; 16
        // bytes for the tag.
        let good = unsafe {
            (library.encrypt_init)(context, cipher, engine, ptr::null(), nonce.as_ptr()) == 1
                && (library.encrypt_update)(
                    context,
                    ptr::null_mut(),
                    &raw mut written,
                    message.as_ptr(),
                    length,
                ) == 1
                && (library.encrypt_final)(context, unused.as_mut_ptr(), &raw mut written) == 1
                && (library.cipher_ctrl)(context, EVP_CTRL_AEAD_GET_TAG, 16, tag.as_mut_ptr().cast()) == 1
        };
        good.then_some(tag)
    }
}

/// A context of MD5.
pub(in super::super) struct Digest {
    library: OpenSsl,
    digest: Handle,
    context: Handle,
}

impl Digest {
    pub(in super::super) fn md5(library: OpenSsl) -> Option<Self> {
        // SAFETY: the default library context, a name, no properties.
        let digest = unsafe { (library.digest_fetch)(ptr::null_mut(), c"MD5".as_ptr(), ptr::null()) };
        // SAFETY: just fetched; freed by its own function.
        let digest = unsafe { Handle::owning(digest, Destructor::Plain(library.digest_free)) }?;
        // SAFETY: it takes nothing.
        let context = unsafe { (library.digest_context_new)() };
        // SAFETY: just made; freed by its own function.
        let context = unsafe { Handle::owning(context, Destructor::Plain(library.digest_context_free)) }?;
        Some(Self { library, digest, context })
    }

    /// MD5(key‖message).
    #[inline]
    pub(in super::super) fn tag(&mut self, key: &[u8; 16], message: &[u8]) -> Option<Tag> {
        let (library, context) = (&self.library, self.context.object());
        let (mut tag, mut length) = ([0; 16], 0);
        // SAFETY: a context and a digest; slices with their lengths; MD5 gives 16 bytes.
        let good = unsafe {
            (library.digest_init)(context, self.digest.object(), ptr::null()) == 1
                && (library.digest_update)(context, key.as_ptr().cast(), key.len()) == 1
                && (library.digest_update)(context, message.as_ptr().cast(), message.len()) == 1
                && (library.digest_final)(context, tag.as_mut_ptr(), &raw mut length) == 1
        };
        good.then_some(tag)
    }
}
