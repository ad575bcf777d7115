//! Engine.
pub mod kernels;
pub mod mac;
pub mod protocol;
