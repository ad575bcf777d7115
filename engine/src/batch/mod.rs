//! Many messages at once.
//!
//! CMAC, SHA-256 and MD5 are chains within a message, but different messages are independent, also within one session:
//! with one message in each lane of a vector a core does many times the work. This room chooses which messages run together
//! ([`LaneScheduler`]), cuts them into blocks where they lie, pads them and puts their tags where they belong. It knows no
//! clock and, but for [`process`], no thread.
//!
//! ```
//! # use smbsign_engine::kernels::Backend;
//! # use smbsign_engine::mac::PreparedKey;
//! # use smbsign_engine::protocol::{SigningAlgorithm, SigningKey};
//! use smbsign_engine::batch::{LaneScheduler, Message, Operation, Outcome};
//!
//! # let key = SigningKey::new(SigningAlgorithm::AesCmac, &[7; 16]).unwrap();
//! # let mut bytes = [[0; 64]; 3];
//! # for header in &mut bytes { header[..5].copy_from_slice(b"\xfeSMB\x40"); }
//! let key = PreparedKey::new(&key, Backend::detect());
//! let sign = |bytes| Message::whole(&key, bytes, Operation::Sign);
//! let mut messages: Vec<_> = bytes.iter_mut().map(|bytes| sign(&mut bytes[..])).collect();
//! LaneScheduler::new(Backend::detect()).run(&mut messages.iter_mut());
//! assert!(messages.iter().all(|message| message.outcome == Outcome::Signed));
//! ```

mod alike_queue;
mod cmac_pool;
mod gmac_queue;
#[cfg(all(test, unix, target_arch = "x86_64"))]
mod guard_tests;
mod in_place;
mod job;
mod kernel;
mod lane_kernel;
mod message;
mod occupancy;
mod order;
mod pool;
mod process;
mod runs;
mod scheduler;
mod serial;
mod short;
mod short_message;

pub use lane_kernel::LaneKernel;
pub use message::{Message, Operation, Outcome, Refusal};
pub use occupancy::Occupancy;
pub use process::process;
pub use scheduler::{LaneScheduler, Source};
