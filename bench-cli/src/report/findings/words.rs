//! How findings name things.

use crate::record::{Direction, Measurement, Protection};
use crate::report::figures::decimal;

/// `AES-128-CMAC`.
pub(super) fn algorithm(cell: &Measurement) -> String {
    cell.protection.name().to_uppercase()
}

/// `AES-128-CMAC signing`.
pub(super) fn work(cell: &Measurement) -> String {
    format!("{} {}", algorithm(cell), doing(cell))
}

/// `AES-128-CMAC signing by smbsign (aes-ni)`.
pub(super) fn work_and_maker(cell: &Measurement) -> String {
    format!("{} by {}", work(cell), cell.implementation)
}

/// `signing`.
pub(super) fn doing(cell: &Measurement) -> &'static str {
    match (cell.protection, cell.direction) {
        (Protection::Unsigned, _) => "sending",
        (Protection::Signed(_), Direction::Sign) => "signing",
        (Protection::Signed(_), Direction::Verify) => "verifying",
        (Protection::Sealed(_), Direction::Sign) => "encryption",
        (Protection::Sealed(_), Direction::Verify) => "decryption",
        (Protection::Null, _) => "handling",
    }
}

/// `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `0.07`, or `0.07–0.09` where figures differ as written.
pub(super) fn ranged(figures: impl IntoIterator<Item = f64>, decimals: usize) -> String {
    let (low, high) = figures
        .into_iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), figure| (low.min(figure), high.max(figure)));
    let (low, high) = (decimal(low, decimals), decimal(high, decimals));
    if low == high { low } else { format!("{low}–{high}") }
}

/// Nanoseconds or seconds per byte with three figures that count.
pub(super) fn small(figure: f64) -> String {
    let decimals = if figure < 0.0995 { 4 } else { 3 };
    decimal(figure, decimals)
}
