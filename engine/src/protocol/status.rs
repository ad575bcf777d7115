//! The NTSTATUS values that signing depends on (MS-ERREF 2.3.1).

/// Status of a response that ends the exchange.
pub const SUCCESS: u32 = 0;

/// Status of a response that asks for another request.
pub const MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;

/// Status of an interim response, which says that the final one comes later (rule 13).
pub const PENDING: u32 = 0x0000_0103;
