//! What holds for any figures at all.

use proptest::prelude::*;
use smbsign::regression::{BetweenRuns, Pair, Rule, Sample, Verdict, judge};

fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.5..2.0,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, f64::MAX]),
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    let known = || prop::option::weighted(0.8, figure());
    (figure(), known(), known(), any::<bool>()).prop_map(|(time, probe_ns, clock_ghz, disturbed)| Sample {
        time,
        probe_ns,
        clock_ghz,
        disturbed,
    })
}

fn runs() -> impl Strategy<Value = Vec<Vec<Pair>>> {
    let pair = (sample(), sample()).prop_map(|(base, new)| Pair { base, new });
    prop::collection::vec(prop::collection::vec(pair, 0..25), 0..6)
}

fn rule() -> impl Strategy<Value = Rule> {
    let between_runs = prop_oneof![
        Just(BetweenRuns::Shown),
        Just(BetweenRuns::Unknown),
        (0.0..0.1).prop_map(|spread| BetweenRuns::Recorded { spread }),
        (0.0..0.1, 1.0..3.0).prop_map(|(similar, excess)| BetweenRuns::Measured { similar, excess }),
    ];
    (0.001..0.5, 1e-9..0.2, between_runs, 0.0..0.1).prop_map(|(threshold, level, between_runs, shift)| Rule {
        threshold,
        level,
        between_runs,
        shift,
    })
}

fn mirrored(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Regressed => Verdict::Improved,
        Verdict::Improved => Verdict::Regressed,
        same => same,
    }
}

proptest! {
    #[test]
    fn a_judgement_is_whole_whatever_the_figures(runs in runs(), rule in rule()) {
        let has_figures = runs.iter().flatten().any(|pair| {
            [pair.base.time, pair.new.time].iter().all(|time| time.is_finite() && *time > 0.0)
        });
        let judged = judge(&runs, &rule);
        prop_assert_eq!(judged.is_some(), has_figures);
        let Some(judged) = judged else { return Ok(()) };
        prop_assert!(0.0 < judged.low && judged.low <= judged.ratio && judged.ratio <= judged.high);
        prop_assert!(judged.high.is_finite() && (0.0..=1.0).contains(&judged.confidence));
        prop_assert_eq!(judged.rounds_needed.is_some(), judged.verdict == Verdict::Inconclusive);
        prop_assert_eq!(judged.smallest_callable.is_none(), rule.between_runs == BetweenRuns::Unknown);
        prop_assert!(judged.smallest_callable.is_none_or(|change| change.is_finite() && change >= rule.threshold * 0.999));
        if rule.between_runs == BetweenRuns::Unknown {
            prop_assert!(matches!(judged.verdict, Verdict::Unchanged | Verdict::Inconclusive));
        }
    }

    #[test]
    fn sides_that_change_places_change_the_verdict_for_its_mirror(runs in runs(), rule in rule()) {
        let swap = |pair: &Pair| Pair { base: pair.new, new: pair.base };
        let swapped: Vec<Vec<Pair>> = runs.iter().map(|run| run.iter().map(swap).collect()).collect();
        let (Some(one), Some(other)) = (judge(&runs, &rule), judge(&swapped, &rule)) else { return Ok(()) };
        prop_assert_eq!(mirrored(one.verdict), other.verdict);
        let near = |one: f64, other: f64| (one.ln() - other.ln()).abs() < 1e-9;
        prop_assert!(near(one.ratio, 1.0 / other.ratio) && near(one.low, 1.0 / other.high), "{one:?} {other:?}");
    }

    #[test]
    fn equal_sides_are_unchanged(runs in runs(), rule in rule()) {
        let equal: Vec<Vec<Pair>> =
            runs.iter().map(|run| run.iter().map(|pair| Pair { new: pair.base, ..*pair }).collect()).collect();
        let Rule { threshold, .. } = rule;
        let rule = Rule { shift: 0.0, ..rule };
        let Some(judged) = judge(&equal, &rule) else { return Ok(()) };
        prop_assert_eq!(judged.ratio, 1.0);
        let recorded = matches!(rule.between_runs, BetweenRuns::Recorded { .. } | BetweenRuns::Measured { .. });
        prop_assert!(recorded || (judged.verdict == Verdict::Unchanged && judged.low == 1.0), "{judged:?} {threshold}");
    }
}

#[test]
fn more_rounds_are_asked_for_until_they_are_enough() {
    let pair = |ratio: f64| {
        let sample = |time| Sample { time, probe_ns: None, clock_ghz: None, disturbed: false };
        Pair { base: sample(1.0), new: sample(ratio) }
    };
    let rule = Rule { threshold: 0.03, level: 0.01, between_runs: BetweenRuns::Shown, shift: 0.0 };
    let rounds = |many: usize| {
        let ratios = (0..many).map(|round| pair(1.10 + 0.08 * (round as f64 * 0.618).fract() - 0.04));
        judge(&[ratios.collect()], &rule).unwrap()
    };
    let few = rounds(4);
    assert_eq!((few.verdict, few.confidence), (Verdict::Regressed, 0.875));
    let wild = judge(&[vec![pair(1.3), pair(0.9), pair(1.2), pair(1.1)]], &rule).unwrap();
    assert_eq!(wild.verdict, Verdict::Inconclusive);
    assert!(wild.rounds_needed.unwrap() >= 5, "{wild:?}");
    assert_eq!(rounds(20).rounds_needed, None);
}
