//! Strings that try to be more than text, in every place of a record where a string may stand.

use smbsign::record::Run;
use smbsign::report::RecordFormat;

use crate::benchfmt;
use crate::exports::{bmf, entries, written};
use crate::forms::run;

const STRINGS: [&str; 17] = [
    "",
    "two words",
    "a|b|c",
    "a\nBenchmarkEvil 1 1 ns/op\n",
    "a\r\n# heading\r\n\r\n- item",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "``` `code` ```",
    "<script>alert(1)</script>",
    "[link](https://example.com) ![image](x)",
    "\"quoted\", 'and', not",
    "ends-in-8",
    "a/b=c/d=e",
    "goos: plan9",
    "Unit ns/op better=higher",
    "no\u{a0}break\u{2003}em\u{2028}line\u{85}next",
    "\u{202e}backwards\u{2066}",
    "ünïcødé 東京 ∑",
];

/// The run with this text wherever it may stand; two cells are left that can be told apart.
fn with(text: &str) -> Run {
    let mut run = run();
    let text = || text.to_owned();
    run.measurements.truncate(2);
    for cell in &mut run.measurements {
        for place in [&mut cell.implementation, &mut cell.backend, &mut cell.profile, &mut cell.link] {
            *place = text();
        }
        cell.arrival = Some(text());
        cell.warnings = vec![text()];
    }
    run.command = text();
    run.tool.version = text();
    run.findings = vec![text()];
    let machine = &mut run.machine;
    machine.features = vec![text()];
    for place in [&mut machine.cpu, &mut machine.os, &mut machine.id] {
        *place = text();
    }
    for place in [
        &mut run.tool.commit,
        &mut run.tool.rustc,
        &mut machine.microcode,
        &mut machine.kernel,
        &mut machine.hypervisor,
    ] {
        *place = Some(text());
    }
    run
}

fn strings() -> impl Iterator<Item = String> {
    STRINGS.map(str::to_owned).into_iter().chain(["x".repeat(100_000), "東".repeat(50_000)])
}

#[test]
fn benchfmt_keeps_its_lines_and_its_keys() {
    let keys = |run| {
        let results = benchfmt::read(&written(vec![run], RecordFormat::Benchfmt)).results;
        assert_eq!(results.len(), 2);
        results
            .into_iter()
            .map(|result| {
                assert!(result.name.len() <= 1024, "{}", result.name);
                let parts: Vec<_> = result.parts().into_keys().map(str::to_owned).collect();
                (parts, result.configuration.into_keys().collect::<Vec<_>>())
            })
            .collect::<Vec<_>>()
    };
    for text in strings().filter(|text| !text.is_empty()) {
        assert_eq!(keys(with(&text)), keys(with("harmless")), "{text:?}");
    }
}

#[test]
fn trackers_get_their_two_cells_by_names_of_bounded_length() {
    for text in strings() {
        let names: Vec<_> = bmf(vec![with(&text)]).into_keys().collect();
        assert_eq!(names.len(), 2, "{text:?}");
        // Bencher takes names of up to 1,024 bytes.
        assert!(names.iter().all(|name| name.len() <= 1024), "{names:?}");
        let mut entries: Vec<_> = entries(vec![with(&text)]).into_iter().map(|entry| entry.name).collect();
        entries.sort();
        assert_eq!(entries, names);
    }
}

#[test]
fn different_profiles_have_different_names() {
    let name = |text: String| bmf(vec![with(&text)]).into_keys().next().unwrap();
    let names: std::collections::BTreeSet<_> =
        strings().chain(["two%20words".to_owned(), "x".repeat(100_001)]).map(name).collect();
    assert_eq!(names.len(), strings().count() + 2);
}

#[test]
fn markdown_keeps_its_lines_and_its_columns() {
    let columns = |line: &str| line.replace(r"\|", "").matches('|').count();
    let outline = |run: Run| {
        let text = written(vec![run], RecordFormat::Markdown);
        assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
        text.lines().map(|line| columns(line).max(usize::from(!line.is_empty()))).collect::<Vec<_>>()
    };
    for text in strings().filter(|text| !text.contains('|') && !text.is_empty()) {
        assert_eq!(outline(with(&text)), outline(with("harmless")), "{text:?}");
    }
    let text = written(vec![with("<script> [a](b) *c* _d_ ~e~ &amp; $f$ #1")], RecordFormat::Markdown);
    let below_the_heading = text.split_once('\n').unwrap().1.replace('|', "");
    let escaped = |(index, _): &(usize, &str)| below_the_heading[..*index].ends_with('\\');
    for letter in ["<", "[", "*", "_", "~", "&", "$", "#1"] {
        assert!(below_the_heading.match_indices(letter).all(|found| escaped(&found)), "{letter} in {text}");
    }
}

#[test]
fn no_text_steers_the_terminal() {
    for text in strings() {
        let table = written(vec![with(&text)], RecordFormat::Table);
        assert!(!table.contains(|letter: char| letter.is_control() && letter != '\n'), "{table:?}");
        assert!(!table.contains(['\u{202e}', '\u{2066}', '\u{2028}']), "{table:?}");
        assert!(
            !table.lines().any(|line| line.starts_with("Benchmark") || line.starts_with("# ")),
            "{table}"
        );
    }
}

#[test]
fn csv_and_json_give_every_text_back() {
    for text in strings() {
        let table = written(vec![with(&text)], RecordFormat::Csv);
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let place = rows.headers().unwrap().iter().position(|name| name == "profile").unwrap();
        let profiles: Vec<_> = rows.records().map(|row| row.unwrap()[place].to_owned()).collect();
        assert_eq!(profiles, [text.as_str(), text.as_str()]);
        let json: serde_json::Value =
            serde_json::from_str(&written(vec![with(&text)], RecordFormat::Json)).unwrap();
        assert_eq!(json["records"][0]["record"]["command"], text);
    }
}
