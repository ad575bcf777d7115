//! Any record: what is accepted can be reported, and what is written comes back as it was.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use smbsign::output::{Colour, Format};
use smbsign::record::{self, Measurement, Run, Trial};
use smbsign::report;

use crate::kept::{run, text};

/// Whoever reads a record goes on with it.
fn use_it(run: &Run) {
    let _ = record::Fingerprint::of(run);
    let _ = report::findings(&run.measurements);
    report::markdown(run, &mut std::io::sink()).unwrap();
    for format in [Format::Table, Format::Json, Format::Csv] {
        report::run(run, format, Colour::Plain, &mut std::io::sink()).unwrap();
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..4_u8).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(Value::Array(Vec::new())),
        Just(serde_json::json!({})),
    ]
}

/// Every value of a document, as JSON pointers.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), all));
        }
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), all));
        }
        _ => {}
    }
}

fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..10.0, 0.0..1e15, Just(0.0), Just(f64::MIN_POSITIVE)]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..10_u64, 1..=1_u64 << 53]
}

fn any_trial() -> impl Strategy<Value = Trial> {
    let times = (count(), 1..=1_u64 << 53, count(), proptest::option::of(1..=1_u64 << 53));
    (times, any::<u32>(), any::<bool>(), proptest::option::of(0.1..10.0), proptest::option::of(count()))
        .prop_map(|((messages, wall_ns, busy_ns, probe_ns), order, disturbed, clock_ghz, other)| Trial {
            round: 0,
            order,
            messages,
            bytes: messages,
            wall_ns,
            busy_ns,
            cpu_ns: other,
            probe_ns,
            unsigned_ns: other,
            clock_ghz,
            steal_ns: other,
            involuntary_switches: other,
            disturbed,
        })
}

fn any_cell() -> impl Strategy<Value = Measurement> {
    let figures = (figure(), figure(), proptest::option::of(figure()), -1e9..1e9);
    let words = (r"[ -~äß€\n\t]{0,30}", proptest::collection::vec(r"[ -~]{0,30}", 0..3));
    (
        proptest::sample::select(run().measurements),
        proptest::collection::vec(any_trial(), 0..5),
        figures,
        words,
    )
        .prop_map(|(cell, mut trials, (one, two, maybe, difference), (word, warnings))| {
            trials.iter_mut().zip(0..).for_each(|(trial, round)| trial.round = round);
            Measurement {
                rounds: trials.len() as u32,
                disturbed_trials: trials.iter().filter(|trial| trial.disturbed).count(),
                trials,
                achieved_gbps: one,
                wire_bytes_per_message: two,
                vs_unsigned: maybe,
                added_cpu_ns_per_message: Some(difference),
                profile: word.clone(),
                error: maybe.map(|_| word),
                warnings,
                ..cell
            }
        })
}

proptest! {
    #[test]
    fn a_record_with_any_bytes_changed_is_refused_or_can_be_used(
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4)
    ) {
        let mut bytes = text(&run()).into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(run) = record::parse(&bytes) {
            use_it(&run);
        }
    }

    #[test]
    fn a_record_with_any_values_changed_is_refused_or_can_be_used(
        changes in proptest::collection::vec((any::<Index>(), any_value()), 1..3)
    ) {
        let mut record = serde_json::to_value(run()).unwrap();
        for (at, value) in changes {
            let mut all = Vec::new();
            pointers(&record, "", &mut all);
            *record.pointer_mut(&all[at.index(all.len())]).unwrap() = value;
        }
        if let Ok(run) = record::parse(record.to_string().as_bytes()) {
            use_it(&run);
        }
    }

    #[test]
    fn what_is_written_comes_back_as_it_was(measurements in proptest::collection::vec(any_cell(), 0..4)) {
        let run = Run { measurements, ..run() };
        prop_assert_eq!(record::parse(text(&run).as_bytes()).unwrap(), run);
    }
}
