//! Where a signature lies in a message, and what the field holds.

use std::fmt;
use std::ops::Range;

use subtle::ConstantTimeEq;

/// The 16-byte Signature field of an SMB2 header (MS-SMB2 2.2.1.2).
#[derive(Clone, Copy)]
pub struct Signature([u8; Self::BYTES]);

/// The 8-byte SecuritySignature field of an SMB1 header (MS-CIFS 2.2.3.1).
#[derive(Clone, Copy)]
pub struct SecuritySignature([u8; Self::BYTES]);

impl Signature {
    /// Length in bytes.
    pub const BYTES: usize = 16;
    /// Where the field lies in a message; its bytes count as zero under the MAC (rule 4).
    pub const FIELD: Range<usize> = 48..64;
}

impl SecuritySignature {
    /// Length in bytes.
    pub const BYTES: usize = 8;
    /// Where the field lies in a message; the sequence number and four zero bytes stand there under the MAC
    /// (rule 28).
    pub const FIELD: Range<usize> = 14..22;
}

// Two fields of one kind and two lengths: everything below is the same for both, equality in constant time included.
macro_rules! signature_field {
    ($field:ident, $number:ty) => {
        impl $field {
            /// The field as it stands in, or goes into, a message.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
                Self(bytes)
            }

            /// The field's bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
                &self.0
            }

            /// Whether the field is all zero, as in messages that nobody signed.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                self.0 == [0; Self::BYTES]
            }
        }

        /// In constant time, as one number: byte by byte costs more than a short message's MAC.
        impl PartialEq for $field {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                <$number>::from_ne_bytes(self.0).ct_eq(&<$number>::from_ne_bytes(other.0)).into()
            }
        }

        impl Eq for $field {}

        impl fmt::Display for $field {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $field {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($field), "({})"), self)
            }
        }
    };
}

signature_field!(Signature, u128);
signature_field!(SecuritySignature, u64);
