//! How many instructions the paths around a MAC take: the same number on every run, where a time has noise.
//!
//! ```text
//! protocol, traffic, signing, harness   what is counted
//! portable                              which backend may be
//! callgrind                             counting
//! limits                                the counts that are expected, and the verdict
//! ```
//!
//! `cargo run --release -p smbsign-benches --bin instructions` counts and compares; `--update` writes the limits anew.

mod callgrind;
mod harness;
mod limits;
mod portable;
mod protocol;
mod signing;
mod traffic;

pub use callgrind::{Conditions, CountError, Counted, Report, count};
pub use limits::{Limits, LimitsError, Outcome, Verdict};
pub use portable::{Portable, Uncountable};

/// Work to count.
pub struct Benchmark {
    /// Room, thing, case.
    pub name: &'static str,
    /// Does all that is not counted, and gives what is.
    prepare: fn(Portable) -> Box<dyn FnOnce()>,
}

/// How often a body of a few hundred instructions does its work, so that the call around it does not matter.
const TIMES: usize = 1_000;

/// Every benchmark, in the order in which they are counted.
pub fn all() -> impl Iterator<Item = Benchmark> {
    protocol::BENCHMARKS
        .iter()
        .chain(traffic::BENCHMARKS)
        .chain(signing::BENCHMARKS)
        .chain(harness::BENCHMARKS)
        .map(|&(name, prepare)| Benchmark { name, prepare })
}

/// A row of a room's table.
type Row = (&'static str, fn(Portable) -> Box<dyn FnOnce()>);

/// Runs every benchmark once, each in a section that Callgrind finds by its name.
pub fn run_all(portable: Portable) {
    for benchmark in all() {
        let mut body = Some((benchmark.prepare)(portable));
        callgrind::counted_section(&mut || {
            if let Some(body) = body.take() {
                body();
            }
        });
    }
}
