//! Engine.
pub mod kernels;
pub mod mac;
pub mod protocol;
pub mod sealing;
pub mod signing;
pub mod traffic;
