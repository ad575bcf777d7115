//! AES-128-GMAC by the direct call for GCM, which takes one message at a time.

use core::mem::MaybeUninit;
use core::ptr;

use super::super::super::contender::{Job, Tag};
use super::super::handle::Handle;
use super::layout::{GcmContext, GcmEncrypt, GcmKey};
use super::{Architecture, IpsecMb, head, initialised};

/// AES-128-GMAC by the direct call for GCM, the message as additional data.
pub(in super::super::super) struct Gmac {
    // Its functions come from the manager's table, which lives as long.
    _manager: Handle,
    encrypt: GcmEncrypt,
    keys: Vec<GcmKey>,
}

impl Gmac {
    /// Nothing where the CPU does not have the architecture.
    pub(in super::super::super) fn new(
        library: IpsecMb,
        architecture: Architecture,
        keys: &[[u8; 16]],
    ) -> Option<Self> {
        let mut handle = initialised(library, architecture)?;
        // SAFETY: an initialised manager.
        let table = unsafe { &*head(&mut handle) };
        let (encrypt, prepare) = (table.gcm128_enc, table.gcm128_pre);
        let prepared = keys.iter().map(|key| {
            let mut prepared = GcmKey([0; 1008]);
            // SAFETY: a key of 16 bytes, and room for what is made of it.
            unsafe { prepare(key.as_ptr().cast(), &raw mut prepared) };
            prepared
        });
        let keys = prepared.collect();
        Some(Self { _manager: handle, encrypt, keys })
    }

    /// Nothing for a key that there is not.
    #[inline]
    pub(in super::super::super) fn tag(&self, job: &Job<'_>) -> Option<Tag> {
        let key = self.keys.get(job.key)?;
        let mut context = MaybeUninit::<GcmContext>::uninit();
        let mut tag = [0; 16];
        let (message, length) = (job.message.as_ptr(), job.message.len() as u64);
        // SAFETY: a prepared key, a nonce of 12 bytes, the message with its length, no text, 16 bytes for the tag; the context
        // is written before it is read.
        unsafe {
            (self.encrypt)(
                key,
                context.as_mut_ptr(),
                ptr::null_mut(),
                ptr::null(),
                0,
                job.nonce.as_ptr(),
                message,
                length,
                tag.as_mut_ptr(),
                16,
            );
        }
        Some(tag)
    }
}
