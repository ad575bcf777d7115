//! The fixed cost of a message and the cost of its bytes, as rows for people.

use smbsign_engine::protocol::Dialect;

use super::figures::{bytes, decimal, percent};
use crate::record::{Fit, FittedTime};

/// What stands above the rows.
pub(super) const TITLE: &str = "Cost of a message = fixed + bytes × slope, beyond unsigned";

pub(super) const HEADINGS: [&str; 8] =
    ["Dialects", "Protection", "Engine", "Direction", "Sizes", "ns a message", "ns a byte", "Farthest off"];

/// The cells of a row.
pub(super) fn row(fit: &Fit) -> [String; 8] {
    let dialects: Vec<_> = fit.dialects.iter().map(|dialect| Dialect::name(*dialect)).collect();
    let all = match fit.time {
        FittedTime::Added => "",
        FittedTime::Busy => " (all of it)",
    };
    [
        dialects.join(", "),
        format!("{}{all}", fit.protection),
        format!("{} on {}", fit.engine, fit.backend),
        fit.direction.to_string(),
        sizes(fit),
        format!("{} ± {}", decimal(fit.ns_per_message, 1), decimal(fit.ns_per_message_error, 1)),
        format!("{} ± {}", decimal(fit.ns_per_byte, 4), decimal(fit.ns_per_byte_error, 4)),
        percent(fit.largest_residual),
    ]
}

/// `128 B – 64 KiB`.
pub(super) fn sizes(fit: &Fit) -> String {
    let range = fit.message_bytes.first().zip(fit.message_bytes.last());
    range.map(|(least, most)| format!("{} – {}", bytes(*least), bytes(*most))).unwrap_or_default()
}
