#![doc = include_str!("README.md")]

mod bell;
mod burst;
mod closing;
mod config;
mod engine;
mod fault;
mod front;
mod keys;
mod pair;
mod parcel;
mod patience;
mod round;
mod shared;
mod stats;
#[cfg(test)]
mod tests;
mod worker;

/// What threads here meet by; the models have stand-ins in their place that loom sees through.
mod sync {
    pub(super) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
    pub(super) use std::thread;

    pub(super) use crossbeam::queue::{ArrayQueue, SegQueue};
    pub(super) use crossbeam::sync::{Parker, Unparker};
}

pub use burst::{Burst, Completion, Failure, Job, Times};
pub use config::{Config, StartError};
pub use engine::OffloadEngine;
pub use keys::{KeyId, TooManyKeys, UnknownKey};
pub use pair::{QueuePair, SubmitError};
pub use parcel::Parcel;
pub use patience::Waiting;
pub use stats::Stats;
