//! The loops that use a CPU's own instructions: AES, GHASH, MD5 and CCM, one message at a time.
//!
//! A kernel knows blocks and keys and nothing of SMB. It takes a *proof* ([`cpu`]) that the CPU has its instructions, reads
//! nothing outside the slices it is given, allocates nothing, and runs in time that depends on lengths alone.
//! On other architectures `absent.rs` stands in for the x86-64 kernels, with key types that nobody can make.
//!
//! Two kinds of `unsafe` live here: an entry, which turns a proof into a call of a `#[target_feature]` function, and the
//! loads and stores of `vector.rs`, whose lengths their argument types prove.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "absent kernels ask for less"))]
#![allow(unsafe_code)] // `#[target_feature]` entries and unaligned vector loads need it; the rest of the workspace does without.

#[cfg(not(target_arch = "x86_64"))]
mod absent;
mod backend;
mod blocks;
mod compiled;
pub(crate) mod lane;
mod prefetch;

#[cfg(target_arch = "x86_64")]
mod aes_ni;
#[cfg(target_arch = "x86_64")]
mod aes_x16;
#[cfg(target_arch = "x86_64")]
mod aes_x4;
#[cfg(target_arch = "x86_64")]
mod cbc_ni;
#[cfg(target_arch = "x86_64")]
mod cbc_queue;
#[cfg(all(test, target_arch = "x86_64"))]
mod cbc_tests;
#[cfg(target_arch = "x86_64")]
mod cbc_vaes;
#[cfg(target_arch = "x86_64")]
pub(crate) mod ccm_ni;
#[cfg(target_arch = "x86_64")]
pub(crate) mod cmac_group;
#[cfg(target_arch = "x86_64")]
pub(crate) mod cmac_ni;
#[cfg(target_arch = "x86_64")]
pub mod cpu;
#[cfg(target_arch = "x86_64")]
mod elements;
#[cfg(target_arch = "x86_64")]
mod elements_x1;
#[cfg(target_arch = "x86_64")]
mod elements_x4;
#[cfg(target_arch = "x86_64")]
mod ghash;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gmac;
#[cfg(all(test, target_arch = "x86_64"))]
mod gmac_tests;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gmac_whole;
#[cfg(all(test, unix, target_arch = "x86_64"))]
pub(crate) mod guard;
#[cfg(all(test, target_arch = "x86_64"))]
mod hash_tests;
#[cfg(target_arch = "x86_64")]
mod lane_group;
#[cfg(target_arch = "x86_64")]
pub(crate) mod md5;
#[cfg(target_arch = "x86_64")]
pub(crate) mod md5_group;
#[cfg(target_arch = "x86_64")]
mod md5_lanes;
#[cfg(target_arch = "x86_64")]
mod places;
#[cfg(target_arch = "x86_64")]
mod progress;
#[cfg(target_arch = "x86_64")]
mod schedules;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sha256_group;
#[cfg(target_arch = "x86_64")]
mod sha256_lanes;
#[cfg(target_arch = "x86_64")]
mod sha256_ni;
#[cfg(target_arch = "x86_64")]
mod vector;
#[cfg(target_arch = "x86_64")]
mod words;
#[cfg(target_arch = "x86_64")]
mod words_x1;
#[cfg(target_arch = "x86_64")]
mod words_x16;
#[cfg(target_arch = "x86_64")]
mod words_x8;

#[cfg(not(target_arch = "x86_64"))]
pub use absent::cpu;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) use absent::{ccm_ni, cmac_group, cmac_ni, gmac, gmac_whole, md5, md5_group, sha256_group};

pub use backend::{Backend, UnknownBackend};
pub(crate) use blocks::{Blocks, total_bytes};
pub(crate) use compiled::Work;
pub(crate) use prefetch::{prefetch, prefetch_beginning, prefetch_from, prefetch_to_write};
