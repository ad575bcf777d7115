//! What is asked of the lanes beside other libraries: each figure a ratio of two of our own, in one run.
//!
//! ```text
//! sides      what is measured: lanes, one message after another, drawn sessions, two threads
//! figures    which ratios, and what is asked of them
//! ```

mod figures;
mod sides;

pub use figures::{Acceptance, Figure, Options, measure};
