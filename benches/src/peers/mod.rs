//! The same messages MACed by other libraries and by ours, in one run.
//!
//! ```text
//! libraries    whom we compare with                contender    what a library is asked for
//! ipsec_mb, openssl, gnutls, aws_lc, ring, rustcrypto            the best calls of each
//! ffi          the system's libraries, bound at run time: the only room here with `unsafe`
//! extent       which messages                      work_set     where they lie, with what each tag should be
//! shot         one measurement of one side         rounds       both sides, round by round
//! statistics   medians and their intervals         floors       what each library should reach
//! bars         what is asked of the ratios         row          what is handed on of a cell
//! making       what both binaries are told alike
//! comparison   all of it                           report       table, JSON, CSV, Markdown
//! acceptance   our lanes against themselves: mixed lengths, sessions, AVX2, two threads (the binary `bars`)
//! ```

pub mod acceptance;
mod aws_lc;
pub mod bars;
pub mod comparison;
pub mod contender;
pub mod extent;
mod ffi;
pub mod floors;
mod gnutls;
mod ipsec_mb;
pub mod libraries;
pub mod making;
mod openssl;
pub mod options;
pub mod report;
mod ring;
pub mod rounds;
pub mod row;
mod rustcrypto;
pub mod shot;
pub mod statistics;
mod versions;
pub mod work_set;
