//! What `smbsign ab` says of every comparison of the record, and how often it is right.

use std::fmt;

use smbsign::ab::{Look, pair_of_slices};
use smbsign::regression::{Judgement, Pair, Verdict, judge};

use crate::row::Row;

/// The one look, after all rounds, with the product's own threshold.
const LOOK: Look<'_> = Look { threshold: 0.03, floor: None, share: 1.0 };

/// What became of the comparisons of each kind.
pub(crate) struct Rates {
    same: Cells,
    slowed: Vec<Slowed>,
}

/// Cells by their verdict.
#[derive(Default)]
struct Cells {
    judged: Vec<Judgement>,
}

/// The comparisons with one delay.
struct Slowed {
    percent: u32,
    tries: usize,
    /// Tries in which every cell of the delayed protection regressed.
    called: usize,
    of_slowed: Cells,
    of_others: Cells,
}

impl Rates {
    pub(crate) fn of(rows: &[Row]) -> Self {
        let mut tries: Vec<Vec<&Row>> = Vec::new();
        for row in rows {
            match tries.last_mut() {
                Some(cells) if cells[0].try_name == row.try_name => cells.push(row),
                _ => tries.push(vec![row]),
            }
        }
        let mut rates = Self { same: Cells::default(), slowed: Vec::new() };
        for cells in &tries {
            let verdicts = cells.iter().filter_map(|row| Some((row.is_slowed(), verdict(row, cells.len())?)));
            let (of_slowed, of_others): (Vec<_>, Vec<_>) = verdicts.partition(|(is_slowed, _)| *is_slowed);
            let of = |cells: Vec<(bool, Judgement)>| cells.into_iter().map(|(_, judged)| judged);
            if cells[0].percent == 0 {
                rates.same.judged.extend(of(of_others));
                continue;
            }
            let slowed = rates.with_delay(cells[0].percent);
            slowed.tries += 1;
            slowed.called +=
                usize::from(of_slowed.iter().all(|(_, judged)| judged.verdict == Verdict::Regressed));
            slowed.of_slowed.judged.extend(of(of_slowed));
            slowed.of_others.judged.extend(of(of_others));
        }
        rates.slowed.sort_by_key(|slowed| slowed.percent);
        rates
    }

    fn with_delay(&mut self, percent: u32) -> &mut Slowed {
        let at = self.slowed.iter().position(|slowed| slowed.percent == percent).unwrap_or_else(|| {
            let (of_slowed, of_others) = (Cells::default(), Cells::default());
            self.slowed.push(Slowed { percent, tries: 0, called: 0, of_slowed, of_others });
            self.slowed.len() - 1
        });
        &mut self.slowed[at]
    }
}

fn verdict(row: &Row, cells: usize) -> Option<Judgement> {
    let pairs: Vec<Pair> = row.rounds.iter().filter_map(|slices| pair_of_slices(slices)).collect();
    judge(&[pairs], &LOOK.rule(cells, 0.0))
}

impl Cells {
    fn count(&self, verdict: Verdict) -> usize {
        self.judged.iter().filter(|judged| judged.verdict == verdict).count()
    }

    fn middle(&self, value: fn(&Judgement) -> f64) -> f64 {
        let mut values: Vec<_> = self.judged.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| cells | | regressed | improved | inconclusive | unchanged | middle ratio | middle half-width |"
        )?;
        writeln!(f, "| --- | --: | --: | --: | --: | --: | --: | --: |")?;
        row(f, "build against itself", &self.same)?;
        for slowed in &self.slowed {
            row(f, &format!("delayed by {} %", slowed.percent), &slowed.of_slowed)?;
            row(f, &format!("the others beside {} %", slowed.percent), &slowed.of_others)?;
        }
        writeln!(f)?;
        for Slowed { percent, tries, called, .. } in &self.slowed {
            writeln!(
                f,
                "A delay of {percent} % was called in both cells of its algorithm in {called} of {tries} tries."
            )?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, cells: &Cells) -> fmt::Result {
    let [regressed, improved, inconclusive, unchanged] =
        [Verdict::Regressed, Verdict::Improved, Verdict::Inconclusive, Verdict::Unchanged]
            .map(|verdict| cells.count(verdict));
    let ratio = cells.middle(|judged| judged.ratio);
    let half_width = cells.middle(|judged| (judged.high / judged.low).ln() / 2.0) * 100.0;
    writeln!(
        f,
        "| {name} | {} | {regressed} | {improved} | {inconclusive} | {unchanged} | {ratio:.4} | {half_width:.2} % |",
        cells.judged.len()
    )
}
