//! What is known of the machines of a fleet: the defaults of their systems, what exports of the real tools say, and what
//! was observed on the wire.
//!
//! A reader turns one export into a [`Source`]: statements about settings, observations, and warnings about what it could
//! not use. It never fails as a whole, unless the file cannot be read at all: one broken line leaves the others standing.

mod machine;
mod source;
mod systems;

pub use machine::{Machine, Origin};
pub use source::{Audited, Layer, Observation, Observed, Place, Source, Statement, Warning};
pub use systems::{Group, System, Systems, SystemsError};
