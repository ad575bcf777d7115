//! One fixed comparison in every form of output.

use smbsign::output::Colour;
use smbsign::record::Protection;
use smbsign::regression::{Because, Cell, CellVerdict, Comparison, Judgement, Unjudged, Verdict};
use smbsign::report::{self, ComparisonFormat};
use smbsign_engine::protocol::{Dialect, SigningAlgorithm};

use super::example;

fn comparison() -> Comparison {
    let cell = |algorithm: Option<SigningAlgorithm>, link: &str| {
        let protection = algorithm.map_or(Protection::Unsigned, Protection::Signed);
        Cell::of(&example::cell(Dialect::Smb311, protection, link))
    };
    let judged = |verdict, ratio, low, high| Judgement {
        verdict,
        ratio,
        low,
        high,
        rounds_needed: (verdict == Verdict::Inconclusive).then_some(1_234),
        smallest_callable: Some(ratio / low - 1.0),
        confidence: 0.95,
        rounds: 27,
        runs: 3,
    };
    let of = |cell, judgement| CellVerdict { cell, judgement };
    let cells = vec![
        of(cell(None, "max"), judged(Verdict::Inconclusive, 1.021, 0.911, 1.144)),
        of(cell(Some(SigningAlgorithm::AesCmac), "max"), judged(Verdict::Regressed, 1.1, 1.062, 1.139)),
        of(cell(Some(SigningAlgorithm::AesGmac), "max"), judged(Verdict::Improved, 0.5, 0.48, 0.52)),
        of(cell(Some(SigningAlgorithm::HmacSha256), "max"), judged(Verdict::Unchanged, 1.0, 0.996, 1.004)),
    ];
    let unjudged = vec![Unjudged {
        cell: cell(Some(SigningAlgorithm::AesCmac), "10GbE"),
        because: Because::Implementation,
        detail: r#"implementation: "example 1.0" against "example | 2.0""#.to_owned(),
    }];
    Comparison::with_unjudged(0.03, cells, unjudged, vec!["only NEW has 3.1.1 none at 1GbE".to_owned()])
}

fn shown(comparison: &Comparison, format: ComparisonFormat) -> String {
    let mut sink = Vec::new();
    report::comparison(comparison, format, Colour::Plain, &mut sink).unwrap();
    String::from_utf8(sink).unwrap()
}

#[test]
fn the_table_has_the_verdict_first_and_a_row_per_cell() {
    insta::assert_snapshot!(shown(&comparison(), ComparisonFormat::Table));
}

#[test]
fn markdown_folds_away_what_is_unchanged() {
    insta::assert_snapshot!(shown(&comparison(), ComparisonFormat::Markdown));
}

#[test]
fn csv_has_one_row_per_cell_with_a_verdict_or_the_reason_why_not() {
    insta::assert_snapshot!(shown(&comparison(), ComparisonFormat::Csv));
}

#[test]
fn json_has_the_keys_of_its_contract() {
    let json = shown(&comparison(), ComparisonFormat::Json);
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison());
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (value["schema"].as_str(), value["verdict"].as_str()),
        (Some("smbsign.compare/1"), Some("regressed"))
    );
    for key in ["cell", "verdict", "ratio", "low", "high", "rounds_needed"] {
        assert!(value["cells"][0].get(key).is_some(), "{key}");
    }
    insta::assert_snapshot!(json);
}

#[test]
fn cells_that_only_a_condition_tells_apart_say_it() {
    let mut comparison = comparison();
    comparison.cells.truncate(1);
    let mut other = comparison.cells[0].clone();
    other.cell.message_bytes = 4_096;
    comparison.cells.push(other);
    let table = shown(&comparison, ComparisonFormat::Table);
    assert!(table.contains("message bytes 4096") && table.contains("message bytes 65536"), "{table}");
}
