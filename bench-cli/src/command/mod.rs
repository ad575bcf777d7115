//! One file per command: its options, and what it does with them.

pub mod compare;
pub mod info;
pub mod report;
pub mod run;
pub mod verify;
