//! How a figure is written for people: digits in groups, a dash where there is none.

/// What stands where there is no figure.
pub(super) const NO_FIGURE: &str = "–";

/// A figure, or a dash.
pub(super) fn optional(value: Option<f64>, write: impl FnOnce(f64) -> String) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| NO_FIGURE.to_owned(), write)
}

/// `1,176.9`: so many decimals, so that points stand below each other, and groups of three before them.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    grouped(&format!("{value:.decimals$}"))
}

/// A share in per cent, as a whole number unless it is small.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// Bytes in the largest binary unit that leaves no remainder.
pub(super) fn bytes(bytes: u64) -> String {
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        .into_iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(
            || format!("{} B", grouped(&bytes.to_string())),
            |(name, unit)| format!("{} {name}", bytes / unit),
        )
}

/// Bytes of a set, whose last digits say nothing.
pub(super) fn about(bytes: u64) -> String {
    if bytes < 10 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

/// `1 worker`, `2 workers`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

pub(super) fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(decimal(0.0841, 3), "0.084");
        assert_eq!(decimal(1176.94, 1), "1,176.9");
        assert_eq!(decimal(-1_234_567.8, 0), "-1,234,568");
        assert_eq!(decimal(-123.0, 0), "-123");
    }

    #[test]
    fn small_shares_keep_a_decimal() {
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.0123), "1.2 %");
    }

    #[test]
    fn no_figure_is_a_dash_and_never_nan() {
        assert_eq!(optional(None, percent), NO_FIGURE);
        assert_eq!(optional(Some(f64::NAN), percent), NO_FIGURE);
    }

    #[test]
    fn message_sizes_are_exact_and_set_sizes_short() {
        assert_eq!(bytes(65_536), "64 KiB");
        assert_eq!(bytes(16_448 << 10), "16448 KiB");
        assert_eq!(bytes(1_500), "1,500 B");
        assert_eq!(about(524_800), "512 KiB");
    }
}
