//! Signs, verifies and encrypts SMB messages of every dialect.
//!
//! What this crate does *not* do: it opens no file and no socket, it authenticates nobody (a [`SessionKey`] comes from
//! NTLM or Kerberos elsewhere), and it is no SMB client or server. It is the part of one that costs CPU time.
//!
//! When threads of their own pay ([`offload`]), and when not: in bursts of 32, CMAC of 64 KiB at 10 GbE takes 0.05 cores instead
//! of the 0.74 of one message after another, and a tenth of its p99. Evenly spaced, the same messages save nothing (0.77) unless
//! they may wait (0.21 with 200 µs, for a p99 of 248 instead of 79 µs), and without a wait 4 KiB cost more (1.33 against 0.75).
//! GMAC needs no company. `experiments/offload-curve/run` measured it, recorded in `results/2026-11-23-amd-epyc-0544fa80-7`.
//!
//! One message, any dialect: [`signing`]. SMB 3 encryption: [`sealing`]. The rooms below them, each of which imports
//! only what stands under it:
//!
//! | room | is | imports |
//! | --- | --- | --- |
//! | [`traffic`] | the messages of a measurement, and when they depart | `protocol` |
//! | [`signing`], [`sealing`] | one message signed, verified, sealed, opened | `protocol`, `mac` |
//! | [`offload`] | threads that sign for others | `batch`, `mac`, `protocol`, of `kernels` only `Backend` |
//! | [`batch`] | many messages at once | `mac`, `kernels`, `protocol` |
//! | [`policy`] | who signs with whom: settings, and what two ends make of them | `protocol` |
//! | [`mac`] | what each algorithm is: the reference, and prepared keys | `kernels`, `protocol`'s keys |
//! | [`kernels`] | the CPU's own instructions; the only room with `unsafe` | nothing |
//! | [`protocol`] | what MS-CIFS and MS-SMB2 say, as pure bytes | nothing |
//!
//! [`SessionKey`]: protocol::SessionKey

pub mod batch;
pub mod kernels;
pub mod mac;
pub mod offload;
pub mod policy;
pub mod protocol;
pub mod sealing;
pub mod signing;
pub mod traffic;
