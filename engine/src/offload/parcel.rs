//! What a server lends to the engine: the bytes of one message, owned.

use std::iter;

/// Owns one message from its protocol id to its end, and tells where its bytes lie.
///
/// It goes to a worker's thread and comes back as it was, but for the signature. So a server gives the very thing that it
/// sends or has received, with whatever it needs to know about it then:
///
/// ```
/// use std::sync::Arc;
/// use smbsign_engine::offload::Parcel;
///
/// struct Response {
///     head: Vec<u8>,
///     pages: Vec<Arc<[u8]>>,
///     connection: usize,
/// }
///
/// impl Parcel for Response {
///     fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
///         (&mut self.head, self.pages.iter().map(|page| &page[..]))
///     }
/// }
/// ```
pub trait Parcel: Send + 'static {
    /// The head, which holds at least the SMB header, and what follows it, in at most
    /// [`Message::BODY_SLICES`](crate::batch::Message::BODY_SLICES) pieces. Signing writes the header's flags and signature
    /// field, nothing else.
    ///
    /// Called once as the message is put into its burst, to learn its length, and once on the worker's thread.
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>);
}

/// The whole message in one piece.
impl Parcel for Vec<u8> {
    #[inline]
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (self, iter::empty())
    }
}

/// The whole message in one piece.
impl Parcel for Box<[u8]> {
    #[inline]
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (self, iter::empty())
    }
}

/// A head of its own, and a body that may be shared: `(Vec<u8>, Arc<[u8]>)`, for instance.
impl<H: AsMut<[u8]> + Send + 'static, B: AsRef<[u8]> + Send + 'static> Parcel for (H, B) {
    #[inline]
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (self.0.as_mut(), iter::once(self.1.as_ref()))
    }
}
