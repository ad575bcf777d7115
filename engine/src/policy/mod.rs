//! Who signs with whom: the settings of two ends, and what becomes of a session between them.
//!
//! Pure: no files, no clock. [`negotiate`] takes a [`Client`], a [`Server`] and a share, and says what happens, by which
//! rules, and what it had to assume where the sources are silent. [`Matrix`] holds the published tables, and
//! [`ways_to`] the changes of settings that lead to a wanted outcome.
//!
//! ```
//! use smbsign_engine::policy::{Account, Client, Outcome, Server, Setting, UncPath, negotiate};
//!
//! let (client, mut server) = (Client::windows(), Server::windows());
//! let path = UncPath::new("files", "projects");
//! assert_eq!(negotiate(&client, &server, &path, Account::User).outcome, Outcome::NotSigned);
//! server.apply(&Setting::Require(1));
//! assert_eq!(negotiate(&client, &server, &path, Account::User).outcome, Outcome::Signed);
//! ```

mod advice;
mod alternatives;
mod endpoint;
mod hardened;
mod matrix;
mod negotiate;
mod rule;
mod setting;
mod signing;

pub use advice::Advice;
pub use alternatives::{Way, deciding, ways_to};
pub use endpoint::{Client, Dialects, Eagerness, Encryption, Endpoint, Guests, Presence, Role, Server, Side};
pub use hardened::{Demand, HardenedPath, Hardening, NotHardened, NotUnc, UncPath, UncPattern};
pub use matrix::{Footnote, Matrix, MatrixCell, Outcome, smb1, smb2};
pub use negotiate::{Account, Decision, negotiate};
pub use rule::{Assumption, Failure, Reason, Rule};
pub use setting::{Change, NotAChange, Setting};
pub use signing::{Generation, SigningValues, Smb1Signing, Smb2Signing};
