//! What `ab` makes of the records of its rounds.

use fastrand::Rng;
use smbsign::ab::{Ended, Look, Played, Record, floor, is_decided, paired};
use smbsign::record::Run;
use smbsign::regression::{Because, Comparison, Verdict};

use super::draw::{CALM, Noise, World, cells, run};

const LOOK: Look<'_> = Look { threshold: 0.03, floor: None, share: 1.0 };

fn record(run: Run) -> Option<Record> {
    Some(Record { text: String::new(), run })
}

/// Rounds of both sides in this world, NEW slower by a factor in every cell.
fn rounds(world: &World, factor: f64) -> Vec<Played> {
    let mut rng = Rng::with_seed(4);
    let mut round = || Played {
        old: record(run(world, &cells("max"), 1.0, &mut rng)),
        new: record(run(world, &cells("max"), factor, &mut rng)),
        ended: Ok(Ended::Complete),
    };
    (0..20).map(|_| round()).collect()
}

fn verdicts(comparison: &Comparison) -> Vec<Verdict> {
    comparison.cells.iter().map(|cell| cell.judgement.verdict).collect()
}

#[test]
fn a_round_counts_once_however_many_slices_it_has() {
    let comparison = LOOK.judge(&rounds(&CALM, 1.06));
    assert!(!comparison.cells.is_empty());
    assert!(comparison.cells.iter().all(|cell| cell.judgement.rounds == 20));
    assert!(verdicts(&comparison).iter().all(|verdict| *verdict == Verdict::Regressed));
    assert!(is_decided(&comparison));
}

#[test]
fn one_wild_slice_in_a_round_moves_no_verdict() {
    let mut rounds = rounds(&CALM, 1.0);
    for played in &mut rounds {
        for cell in &mut played.new.as_mut().unwrap().run.measurements {
            cell.trials[0].busy_ns *= 2;
        }
    }
    assert_eq!(LOOK.judge(&rounds).verdict, Verdict::Unchanged);
}

#[test]
fn a_look_that_may_spend_less_is_no_bolder() {
    let rounds = rounds(&World { noise: Noise::HeavyTails(0.03), ..CALM }, 1.0);
    let width = |share| {
        let comparison = Look { share, ..LOOK }.judge(&rounds);
        comparison.cells.iter().map(|cell| cell.judgement.high - cell.judgement.low).collect::<Vec<_>>()
    };
    for (whole, quarter) in width(1.0).iter().zip(width(0.25)) {
        assert!(quarter >= *whole);
    }
}

#[test]
fn a_round_that_broke_off_gives_the_cells_that_both_sides_had_finished() {
    let mut rounds = rounds(&CALM, 1.0);
    rounds.truncate(2);
    rounds[1].new.as_mut().unwrap().run.measurements.truncate(1);
    rounds.push(Played { old: rounds[0].old.clone(), new: None, ended: Ok(Ended::Interrupted) });
    let counts: Vec<_> = paired(&rounds).iter().map(|cell| cell.pairs.len()).collect();
    assert_eq!(counts[0], 2);
    assert!(counts[1..].iter().all(|count| *count == 1), "{counts:?}");
}

#[test]
fn other_backends_are_compared_and_told() {
    let mut rounds = rounds(&CALM, 1.0);
    for played in &mut rounds {
        for cell in &mut played.new.as_mut().unwrap().run.measurements {
            cell.backend = "newer".to_owned();
            cell.set_bytes *= 2;
        }
    }
    let comparison = LOOK.judge(&rounds);
    assert_eq!(comparison.verdict, Verdict::Unchanged);
    assert!(comparison.notes.iter().any(|note| note.contains("NEW newer")), "{:?}", comparison.notes);
}

#[test]
fn a_cell_that_failed_on_a_side_is_told_and_never_judged() {
    let mut rounds = rounds(&CALM, 1.0);
    rounds[7].old.as_mut().unwrap().run.measurements[0].error = Some("a wrong signature".to_owned());
    let comparison = LOOK.judge(&rounds);
    let [unjudged] = comparison.unjudged.as_slice() else { panic!("{:?}", comparison.unjudged) };
    assert_eq!((unjudged.because, unjudged.detail.as_str()), (Because::Error, "OLD: a wrong signature"));
    assert_eq!(comparison.verdict, Verdict::Inconclusive);
}

#[test]
fn the_floor_is_what_layout_shifts_and_widens_later_intervals_by_it() {
    let quiet = World { noise: Noise::Normal(0.002), offset: 0.001, ..CALM };
    let shifted = floor(&rounds(&quiet, 1.02), None);
    for cell in &shifted.cells {
        assert!((cell.shift - 1.02_f64.ln()).abs() < 0.005, "{}: {}", cell.cell, cell.shift);
        assert!(cell.spread >= cell.shift, "{}: {}", cell.cell, cell.spread);
    }
    let later = rounds(&quiet, 1.0);
    let (bare, widened) = (LOOK.judge(&later), Look { floor: Some(&shifted), ..LOOK }.judge(&later));
    for (bare, widened) in bare.cells.iter().zip(&widened.cells) {
        let wider = (bare.judgement.low / widened.judgement.low).ln();
        assert!((wider - shifted.shift(&bare.cell).unwrap()).abs() < 1e-9, "{wider}");
    }
    let one_cell = |rounds: &mut Vec<Played>| {
        for played in rounds {
            played.new.as_mut().unwrap().run.measurements.truncate(1);
        }
    };
    let mut again = rounds(&quiet, 1.01);
    one_cell(&mut again);
    let renewed = floor(&again, Some(shifted.clone()));
    assert_eq!(renewed.cells.len(), shifted.cells.len());
    assert!(renewed.cells[0].shift < shifted.cells[0].shift);
    assert_eq!(renewed.cells[1..], shifted.cells[1..]);
}
