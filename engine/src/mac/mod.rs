//! What each signing algorithm is, over raw bytes: no header, no dialect.
//!
//! [`PreparedKey`] is made once per session and gives a [`Tag`] per message; [`reference`](mod@reference) is the slow and
//! obvious second implementation that everything else is compared with.

mod ccm;
pub(crate) mod chain;
mod cmac;
mod gmac;
mod hmac_sha256;
mod last_blocks;
mod md5;
mod prepared;
pub mod reference;
mod tag;

pub use ccm::{CcmError, CcmKey};
pub use cmac::AesCmacKey;
pub use gmac::AesGmacKey;
pub use hmac_sha256::HmacSha256Key;
pub use md5::Md5Key;
pub use prepared::PreparedKey;
pub use tag::Tag;
