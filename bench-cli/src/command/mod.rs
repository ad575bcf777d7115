//! One file per command: its options, and what it does with them.

pub mod ab;
pub mod compare;
pub mod info;
pub mod policy;
pub mod report;
pub mod run;
pub mod verify;
