//! What of two sets of records is compared, and what is told instead.

use fastrand::Rng;
use smbsign::record::{Part, Protection, Run, State};
use smbsign::regression::{Because, CompareError, Comparison, Options, Verdict, compare_runs};
use smbsign_engine::protocol::SigningAlgorithm;

use super::draw::{CALM, Noise, World, cells, run};

/// Three runs a side, nothing changed.
fn sides() -> (Vec<Run>, Vec<Run>) {
    let mut rng = Rng::with_seed(1);
    let mut side = || (0..3).map(|_| run(&CALM, &cells("max"), 1.0, &mut rng)).collect();
    (side(), side())
}

fn options() -> Options {
    Options { threshold: 0.03, floor: None, ignored: Vec::new() }
}

fn compared(base: &[Run], new: &[Run]) -> Comparison {
    compare_runs(base, new, &options()).unwrap()
}

fn notes(comparison: &Comparison) -> String {
    comparison.notes.join("\n")
}

#[test]
fn a_side_against_itself_is_unchanged_to_the_last_bit_however_noisy() {
    let world = World { noise: Noise::HeavyTails(0.5), offset: 0.3, ..CALM };
    for runs in [1, 2, 3, 5] {
        let mut rng = Rng::with_seed(runs);
        let side: Vec<_> = (0..runs).map(|_| run(&world, &cells("max"), 1.0, &mut rng)).collect();
        let comparison = compared(&side, &side);
        assert_eq!(comparison.verdict, Verdict::Unchanged);
        for cell in comparison.cells {
            assert_eq!((cell.judgement.low, cell.judgement.ratio, cell.judgement.high), (1.0, 1.0, 1.0));
        }
    }
}

#[test]
fn a_failed_cell_is_told_and_never_judged() {
    let (base, mut new) = sides();
    new[1].measurements[2].error = Some("message 4,711 does not verify".to_owned());
    let comparison = compared(&base, &new);
    let [unjudged] = comparison.unjudged.as_slice() else { panic!("{:?}", comparison.unjudged) };
    assert_eq!(unjudged.because, Because::Error);
    assert!(unjudged.detail.contains("NEW: message 4,711"), "{}", unjudged.detail);
    assert_eq!(comparison.verdict, Verdict::Inconclusive);
    assert!(comparison.cells.iter().all(|cell| cell.cell != unjudged.cell));
}

#[test]
fn other_code_is_not_compared_unless_it_is_asked_for() {
    let (base, mut new) = sides();
    let cmac = Protection::Signed(SigningAlgorithm::AesCmac);
    for run in &mut new {
        for cell in run.measurements.iter_mut().filter(|cell| cell.protection == cmac) {
            cell.implementation = "example 2.0".to_owned();
        }
    }
    let comparison = compared(&base, &new);
    assert!(!comparison.unjudged.is_empty());
    for unjudged in &comparison.unjudged {
        assert_eq!((unjudged.cell.protection, unjudged.because), (cmac, Because::Implementation));
        assert!(unjudged.detail.contains("example 1.0") && unjudged.detail.contains("example 2.0"));
    }
    let asked = Options { ignored: vec![Part::Implementation], ..options() };
    assert!(compare_runs(&base, &new, &asked).unwrap().unjudged.is_empty());
    for cell in new.iter_mut().flat_map(|run| &mut run.measurements) {
        cell.backend = "portable".to_owned();
    }
    let refused = compare_runs(&base, &new, &options()).unwrap_err();
    assert!(matches!(refused, CompareError::OtherCode { .. }), "{refused}");
    assert!(refused.to_string().contains("portable"), "{refused}");
    assert_eq!(compare_runs(&base, &new, &asked).unwrap().cells.len(), base[0].measurements.len());
}

#[test]
fn every_part_in_which_machines_differ_is_named_with_both_values() {
    let (base, mut new) = sides();
    new[2].machine.microcode = Some("0x2".to_owned());
    new[2].tool.rustc = Some("rustc 1.96.0".to_owned());
    let refused = compare_runs(&base, &new, &options()).unwrap_err();
    for word in ["microcode", "0x1", "0x2", "rustc 1.95.0", "rustc 1.96.0"] {
        assert!(refused.to_string().contains(word), "{word}: {refused}");
    }
    let asked = Options { ignored: vec![Part::Microcode, Part::Rustc], ..options() };
    let comparison = compare_runs(&base, &new, &asked).unwrap();
    assert!(notes(&comparison).contains("0x2") && notes(&comparison).contains("1.96.0"), "{comparison:?}");
}

#[test]
fn what_has_no_partner_is_left_out_and_told() {
    let (mut base, mut new) = sides();
    base.push(base[0].clone());
    new[0].state = State::Interrupted;
    for run in &mut new {
        run.measurements.remove(0);
    }
    let repeated = base[0].measurements[5].clone();
    base[0].measurements.push(repeated);
    let comparison = compared(&base, &new);
    let notes = notes(&comparison);
    for told in ["BASE has 4 runs", "only BASE has SMB1 none", "did not end", "twice in one run"] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
    assert_eq!(comparison.cells.len(), cells("max").len() - 1);
    assert!(comparison.cells.iter().all(|cell| cell.judgement.runs == 3 && cell.judgement.rounds == 27));
}

#[test]
fn sides_without_a_cell_in_common_are_refused() {
    let (base, mut new) = sides();
    for cell in new.iter_mut().flat_map(|run| &mut run.measurements) {
        cell.link = "10GbE".to_owned();
    }
    assert_eq!(compare_runs(&base, &new, &options()), Err(CompareError::NothingInCommon));
    assert_eq!(compare_runs(&[], &new, &options()), Err(CompareError::NothingInCommon));
}

#[test]
fn disturbed_trials_decide_nothing_where_others_remain() {
    let (base, mut new) = sides();
    for trial in new.iter_mut().flat_map(|run| &mut run.measurements).flat_map(|cell| &mut cell.trials) {
        if trial.round % 3 == 0 {
            trial.busy_ns *= 3;
            trial.disturbed = true;
        }
    }
    let comparison = compared(&base, &new);
    assert_eq!(comparison.count(Verdict::Regressed), 0);
    assert!(comparison.cells.iter().all(|cell| cell.judgement.rounds == 18), "{comparison:?}");
}
