//! Records in the forms of benchmark trackers: Bencher's, github-action-benchmark's and Go's.

use std::collections::BTreeMap;

use serde::Deserialize;
use smbsign::output::Colour;
use smbsign::record::{Kept, Run};
use smbsign::report::{self, RecordFormat};

use crate::benchfmt;
use crate::forms::run;

pub(crate) fn kept(runs: Vec<Run>) -> Vec<Kept> {
    let path = |index| format!("results/{index}/record.json").into();
    runs.into_iter().enumerate().map(|(index, run)| Kept { path: path(index), run }).collect()
}

pub(crate) fn written(runs: Vec<Run>, format: RecordFormat) -> String {
    let mut text = Vec::new();
    report::records(&kept(runs), format, Colour::Plain, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// A metric as <https://bencher.dev/bmf.json> has it.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metric {
    pub(crate) value: f64,
    pub(crate) lower_value: Option<f64>,
    pub(crate) upper_value: Option<f64>,
}

pub(crate) type Bmf = BTreeMap<String, BTreeMap<String, Metric>>;

pub(crate) fn bmf(runs: Vec<Run>) -> Bmf {
    serde_json::from_str(&written(runs, RecordFormat::Bmf)).unwrap()
}

/// An entry of the list that github-action-benchmark reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) value: f64,
    pub(crate) range: Option<String>,
    pub(crate) extra: Option<String>,
}

pub(crate) fn entries(runs: Vec<Run>) -> Vec<Entry> {
    serde_json::from_str(&written(runs, RecordFormat::GithubActionBenchmark)).unwrap()
}

/// The same run once more, its messages that much slower.
fn slower(factor: u64) -> Run {
    let mut run = run();
    run.measurements.iter_mut().flat_map(|cell| &mut cell.trials).for_each(|trial| trial.busy_ns *= factor);
    run
}

/// Unsigned at 10GbE in 3.1.1: 18.8 ms for 7,182 messages.
const UNSIGNED: &str = "dialect=3.1.1/protection=none/link=10GbE/arrival=paced/direction=sign/profile=bulk-read/\
    message_bytes=65536/engine=serial/backend=avx512/workers=1/set_bytes=524288/transmit=copy";

#[test]
fn bencher_gets_a_value_per_measure() {
    insta::assert_snapshot!(written(vec![run()], RecordFormat::Bmf));
}

#[test]
fn github_action_benchmark_gets_a_time_per_cell() {
    insta::assert_snapshot!(written(vec![run()], RecordFormat::GithubActionBenchmark));
}

#[test]
fn benchstat_gets_a_line_per_trial() {
    insta::assert_snapshot!(written(vec![run()], RecordFormat::Benchfmt));
}

#[test]
fn several_runs_of_a_cell_become_their_median_and_spread() {
    let runs = || vec![slower(1), slower(2), slower(4), slower(3), slower(5)];
    let latency = &bmf(runs())[UNSIGNED]["latency"];
    let one = 18.8e6 / 7182.0;
    for (value, times) in [(Some(latency.value), 3.0), (latency.lower_value, 2.0), (latency.upper_value, 4.0)]
    {
        assert!((value.unwrap() / one - times).abs() < 1e-4, "{latency:?}");
    }
    let entries = entries(runs());
    let entry = entries.iter().find(|entry| entry.name == UNSIGNED).unwrap();
    assert!((entry.value - latency.value).abs() < 1e-9);
    assert_eq!((entry.unit.as_str(), entry.range.as_deref()), ("ns/message", Some("5,235.3 to 10,470.6")));
    assert!(entry.extra.as_ref().unwrap().starts_with("5 trials in 5 runs\n"), "{entry:?}");
}

#[test]
fn what_was_not_measured_is_left_out_and_never_zero() {
    let bare = || {
        let mut run = run();
        for cell in &mut run.measurements {
            cell.latency_ns = None;
            cell.trials.iter_mut().for_each(|trial| trial.clock_ghz = None);
        }
        vec![run]
    };
    for (name, measures) in bmf(bare()) {
        assert_eq!(measures.keys().collect::<Vec<_>>(), ["latency", "throughput"], "{name}");
        assert!(measures.values().all(|metric| metric.value > 0.0 && metric.lower_value.is_none()));
    }
    for result in benchfmt::read(&written(bare(), RecordFormat::Benchfmt)).results {
        assert_eq!((result.value("cycles/B"), result.value("added-ns/op")), (None, None));
    }
    assert!(
        entries(bare())
            .iter()
            .all(|entry| entry.range.is_none() && !entry.extra.as_ref().unwrap().contains("cycles"))
    );
}

#[test]
fn cells_that_failed_or_have_no_trial_are_left_out_and_told() {
    let mut run = run();
    let failed = run.measurements.iter().filter(|cell| cell.error.is_some()).count();
    run.measurements[0].trials.clear();
    run.measurements[2].trials[0].messages = 0;
    let cells = run.measurements.len() - failed - 2;
    assert_eq!(bmf(vec![run.clone()]).len(), cells);
    assert_eq!(entries(vec![run.clone()]).len(), cells);
    assert_eq!(benchfmt::read(&written(vec![run.clone()], RecordFormat::Benchfmt)).results.len(), cells);
    let told = report::unsaid(&kept(vec![run]), RecordFormat::Bmf);
    assert!(told.contains(&"3 cells without a figure, left out".to_owned()), "{told:?}");
}

#[test]
fn disturbed_trials_count_only_where_a_cell_has_no_other() {
    let mut run = run();
    let cell = &mut run.measurements[3];
    cell.trials.push(cell.trials[0].clone());
    cell.trials[1].busy_ns *= 10;
    cell.trials[1].disturbed = true;
    let results = benchfmt::read(&written(vec![run.clone()], RecordFormat::Benchfmt)).results;
    let of =
        |protection| results.iter().filter(move |result| result.parts()["protection"] == protection).count();
    assert_eq!((of("aes-128-cmac"), of("md5")), (1, 1));
    let told = report::unsaid(&kept(vec![run]), RecordFormat::Benchfmt);
    assert!(told.iter().any(|line| line.starts_with("1 trial left out")), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with("1 cell of disturbed trials alone")), "{told:?}");
}

#[test]
fn benchfmt_is_read_by_its_grammar_and_gives_the_trials_back() {
    let file = benchfmt::read(&written(vec![run(), slower(2)], RecordFormat::Benchfmt));
    assert_eq!(file.results.len(), 10);
    assert!(file.units.contains_key(&("cycles/B".to_owned(), "better".to_owned())));
    for (result, times) in file.results.iter().zip([1.0; 5].into_iter().chain([2.0; 5])) {
        assert_eq!(result.iterations, 7_182);
        assert!((result.value("ns/op").unwrap() / (18.8e6 / 7182.0 * times) - 1.0).abs() < 1e-5);
        assert!((result.value("MB/s").unwrap() - 1176.7).abs() < 0.1);
        assert_eq!(result.configuration["cpu"], "Example CPU (family 26, model 2, stepping 1)");
    }
}

#[test]
fn builds_that_are_to_be_compared_share_their_configuration_lines() {
    let mut new = run();
    new.tool.commit = Some("fedcba987654".to_owned());
    new.tool.version = "0.2.0".to_owned();
    new.command.push_str(" --rounds 9");
    new.started = "2026-02-03T04:05:06Z".parse().unwrap();
    let results = benchfmt::read(&written(vec![run(), new], RecordFormat::Benchfmt)).results;
    let (base, new) = results.split_at(5);
    for (base, new) in base.iter().zip(new) {
        assert_eq!((&base.name, &base.configuration), (&new.name, &new.configuration));
    }
}

#[test]
fn a_tracker_that_knows_one_figure_per_cell_gets_one_build_on_one_machine() {
    let mut other_build = run();
    other_build.tool.commit = None;
    let mut other_machine = run();
    other_machine.machine.microcode = Some("0x2".to_owned());
    for (other, says) in [(other_build, "no commit"), (other_machine, "microcode")] {
        let records = kept(vec![run(), other]);
        for format in [RecordFormat::Bmf, RecordFormat::GithubActionBenchmark] {
            let error = format.admit(&records).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("results/1/record.json"), "{error}");
        }
        for format in [
            RecordFormat::Table,
            RecordFormat::Json,
            RecordFormat::Csv,
            RecordFormat::Markdown,
            RecordFormat::Benchfmt,
        ] {
            format.admit(&records).unwrap();
        }
    }
    RecordFormat::Bmf.admit(&kept(vec![run(), slower(2)])).unwrap();
}

#[test]
fn several_records_stand_one_after_another_each_under_its_path() {
    for format in [RecordFormat::Table, RecordFormat::Markdown] {
        let [one, two] = [vec![run()], vec![run(), slower(2)]].map(|runs| written(runs, format));
        assert!(!one.contains("results/0"), "{one}");
        assert_eq!(two.matches(one.as_str()).count(), 2, "{two}");
        assert!(two.find("results/0/record.json").unwrap() < two.find("results/1/record.json").unwrap());
    }
    let csv = written(vec![run(), slower(2)], RecordFormat::Csv);
    assert_eq!(csv.lines().count(), 1 + 2 * run().measurements.len());
    let json: serde_json::Value =
        serde_json::from_str(&written(vec![run(), slower(2)], RecordFormat::Json)).unwrap();
    assert_eq!(json["schema"], "smbsign.report/1");
    assert_eq!(json["records"][1]["path"], "results/1/record.json");
    assert_eq!(serde_json::from_value::<Run>(json["records"][1]["record"].clone()).unwrap(), slower(2));
}
