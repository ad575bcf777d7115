//! What is known of the machines of a fleet: the defaults of their systems, what exports of the real tools say, and what
//! was observed on the wire.
//!
//! A reader turns one export into a [`Source`]: statements about settings, observations, and warnings about what it could
//! not use. It never fails as a whole, unless the file cannot be read at all: one broken line leaves the others standing.
//!
//! A fleet is put together in [`Fleet`]: groups of clients and servers, each a [`Machine`].

mod audit_events;
mod fleet;
mod gpt_tmpl;
mod groups;
mod machine;
mod powershell;
mod read;
mod reg_file;
mod registry;
mod registry_pol;
mod samba;
mod source;
mod systems;
mod text;

pub use audit_events::audit_events;
pub use fleet::{Fleet, FleetError, Seen};
pub use gpt_tmpl::gpt_tmpl;
pub use groups::{ClientGroup, ServerGroup};
pub use machine::{Machine, Origin};
pub use powershell::powershell;
pub use read::{Unreadable, read, read_all};
pub use reg_file::reg_file;
pub use registry_pol::registry_pol;
pub use samba::samba;
pub use source::{Audited, Layer, Observation, Observed, Place, Source, Statement, Warning};
pub use systems::{Group, System, Systems, SystemsError};
