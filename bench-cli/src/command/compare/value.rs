//! Values that people type for a comparison.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use crate::record::Part;
use crate::regression::Verdict;

/// Where the floor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) enum FloorChoice {
    /// There is none.
    None,
    /// In a file.
    File(PathBuf),
}

impl FromStr for FloorChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "none" { Self::None } else { Self::File(text.into()) })
    }
}

/// A share, written in per cent: `3%`.
pub(in crate::command) fn percent(text: &str) -> Result<f64, String> {
    let share = text
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok())
        .map(|number| number / 100.0);
    share
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| "per cent above 0% and at most 100%, such as 3%".to_owned())
}

/// A verdict by its name.
pub(in crate::command) fn verdict(text: &str) -> Result<Verdict, String> {
    let named = Verdict::ALL.into_iter().find(|verdict| verdict.name().eq_ignore_ascii_case(text));
    named.ok_or_else(|| format!("one of {}", Verdict::ALL.map(Verdict::name).join(", ")))
}

/// What `--ignore` can name.
const PARTS: [Part; 11] = [
    Part::Cpu,
    Part::Features,
    Part::Microcode,
    Part::Cores,
    Part::Smt,
    Part::Hypervisor,
    Part::Kernel,
    Part::PageSize,
    Part::Rustc,
    Part::Backend,
    Part::Implementation,
];

/// A part of the fingerprint, as messages name it, blanks as hyphens.
pub(super) fn part(text: &str) -> Result<Part, String> {
    let word = |part: Part| part.name().to_ascii_lowercase().replace(' ', "-");
    PARTS
        .into_iter()
        .find(|part| word(*part) == text.to_ascii_lowercase())
        .ok_or_else(|| format!("one of {}", PARTS.map(word).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_written_in_per_cent() {
        assert_eq!(percent("3%"), Ok(0.03));
        assert_eq!(percent("0.5 %"), Ok(0.005));
        for refused in ["3", "0.03", "0%", "-3%", "101%", "NaN%", "inf%", ""] {
            assert!(percent(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn parts_are_named_as_messages_name_them() {
        assert_eq!(part("page-size"), Ok(Part::PageSize));
        assert!(part("weather").unwrap_err().contains("cpu-features"));
    }
}
