//! A cell's line, as the table and Markdown show it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::regression::{Cell, CellVerdict, Comparison};
use crate::report::figures::{NO_FIGURE, decimal, optional, percent};

/// The headings of [`Rows::line`]; the first [`WORDS`] are words, the others figures.
pub(super) const HEADINGS: [&str; 8] =
    ["Link", "Dialect", "Protection", "Verdict", "Change", "Between", "More rounds", "Could call"];
pub(super) const WORDS: usize = 4;

/// The lines of one comparison.
pub(super) struct Rows {
    /// The coordinates in which its cells differ, apart from those that have a column.
    varying: Vec<String>,
}

impl Rows {
    pub(super) fn of(comparison: &Comparison) -> Self {
        let mut varying = Vec::new();
        let cells: Vec<_> = comparison.cells.iter().map(|cell| coordinates(&cell.cell)).collect();
        for (name, _) in cells.first().into_iter().flatten() {
            let values: BTreeSet<_> = cells.iter().flatten().filter(|(other, _)| other == name).collect();
            if values.len() > 1 {
                varying.push(name.clone());
            }
        }
        Self { varying }
    }

    pub(super) fn line(&self, cell: &CellVerdict) -> [String; HEADINGS.len()] {
        let judged = &cell.judgement;
        let needed = judged.rounds_needed.map(|rounds| decimal(f64::from(rounds), 0));
        [
            cell.cell.link.clone(),
            cell.cell.dialect.to_string(),
            format!("{}{}", cell.cell.protection, self.conditions(&cell.cell)),
            judged.verdict.to_string(),
            change(judged.ratio),
            format!("{} … {}", change(judged.low), change(judged.high)),
            needed.unwrap_or_else(|| NO_FIGURE.to_owned()),
            optional(judged.smallest_callable, percent),
        ]
    }

    /// What tells a cell from another of the same dialect, protection and link.
    fn conditions(&self, cell: &Cell) -> String {
        let varying = coordinates(cell).into_iter().filter(|(name, _)| self.varying.contains(name));
        varying.map(|(name, value)| format!(", {} {value}", name.replace('_', " "))).collect()
    }
}

/// A ratio as the change that it is: `+10.0 %`.
fn change(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    // What rounds to nothing has no sign.
    let percent = if percent.abs() < 0.05 { 0.0 } else { percent };
    let digits = if percent.abs() < 99.95 { 1 } else { 0 };
    format!("{}{} %", if percent > 0.0 { "+" } else { "" }, decimal(percent, digits))
}

/// Every coordinate that has no column of its own, with its value.
fn coordinates(cell: &Cell) -> Vec<(String, String)> {
    let Ok(Value::Object(keys)) = serde_json::to_value(cell) else { return Vec::new() };
    let others =
        keys.into_iter().filter(|(name, _)| !["dialect", "protection", "link"].contains(&name.as_str()));
    let word = |value| match value {
        Value::String(word) => word,
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    others.map(|(name, value)| (name, word(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign_unless_they_are_nothing() {
        assert_eq!(
            [1.1, 0.9, 1.0004, 0.9996, 25.0].map(change),
            ["+10.0 %", "-10.0 %", "0.0 %", "0.0 %", "+2,400 %"]
        );
    }
}
