//! How a number is made.

mod plan;

pub use plan::{Cell, Plan, WorkingSet, Workload};
