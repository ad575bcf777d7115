//! Libraries of the system, bound when the program runs: nothing of them is needed to build it.
//!
//! The only room beside the engine's kernels with `unsafe`, since a foreign function is unsafe to call. What leaves it is
//! safe: handles that free themselves, slices with their lengths, and a library that stays loaded as long as the process.
//! The declarations follow the libraries' public headers; a test compares what has a layout with the installed header.
#![allow(unsafe_code)] // calls of foreign functions need it
#![allow(clippy::multiple_unsafe_ops_per_block)] // init, update, final: one promise about one context

mod gnutls;
mod handle;
mod ipsec_mb;
mod openssl;
mod shared_library;

pub(super) use gnutls::{Aead, GnuTls, Hash, Hmac};
pub(super) use ipsec_mb::{Api, Architecture, Gmac, IpsecMb, JobMac, Manager};
pub(super) use openssl::{Digest, Gcm, Mac, OpenSsl};
