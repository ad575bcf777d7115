//! One cell's cost against another's: protections of one dialect, and verifying against signing.

use smbsign_engine::protocol::{Cipher, SigningAlgorithm};

use super::Cells;
use super::spread::Spread;
use super::words::{algorithm, doing, small, work_and_maker};
use crate::record::{Direction, Measurement, Protection};
use crate::report::conditions::{Aspect, Conditions};
use crate::report::figures::percent;

/// What planners choose between: how to sign, and whether to encrypt instead.
const CHOICES: [(Protection, Protection); 4] = {
    let cmac = Protection::Signed(SigningAlgorithm::AesCmac);
    [
        (Protection::Signed(SigningAlgorithm::AesGmac), cmac),
        (Protection::Signed(SigningAlgorithm::HmacSha256), cmac),
        (Protection::Sealed(Cipher::Aes128Gcm), cmac),
        (Protection::Sealed(Cipher::Aes128Ccm), cmac),
    ]
};

/// Costs this close to each other may be called equal when their spreads meet.
const ALIKE: f64 = 0.1;

pub(super) fn findings(cells: &Cells<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    for (one, other) in CHOICES {
        let partner = |cell: &Measurement, candidate: &Measurement| {
            cell.protection == one
                && candidate.protection == other
                && Conditions::of(candidate) == Conditions::of(cell)
        };
        sentences.extend(pairs(cells, partner, cheaper, &[]));
    }
    for protection in Protection::all() {
        let partner = |cell: &Measurement, candidate: &Measurement| {
            let signing = Conditions { direction: Direction::Sign, ..Conditions::of(cell) };
            cell.direction == Direction::Verify
                && cell.protection == protection
                && candidate.protection == protection
                && Conditions::of(candidate) == signing
        };
        sentences.extend(pairs(cells, partner, against_signing, &[Aspect::Direction]));
    }
    sentences
}

type Sentence = fn(&Measurement, &Measurement) -> Option<String>;

/// A sentence for each set of conditions, from the link and dialect where the cost is seen best. Where those two cells do
/// not differ no other link is asked: among many, one would differ by chance.
fn pairs(
    cells: &Cells<'_>,
    are_partners: impl Fn(&Measurement, &Measurement) -> bool,
    sentence: Sentence,
    told: &[Aspect],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut covered = Vec::new();
    let candidates = cells.best_first();
    for cell in &candidates {
        let scope = Conditions { link: "", arrival: None, ..Conditions::of(cell) };
        let partner =
            candidates.iter().find(|other| other.dialect == cell.dialect && are_partners(cell, other));
        if let Some(other) = partner
            && !covered.contains(&scope)
        {
            covered.push(scope);
            let text = sentence(cell, other);
            found.extend(text.map(|text| format!("{text} {}", cells.source(&[cell, other], told))));
        }
    }
    found
}

/// Which of two cells is the cheaper one; `None` where the run does not tell.
fn cheaper(one: &Measurement, other: &Measurement) -> Option<String> {
    let (first, second) = (Spread::of_added_per_byte(one)?, Spread::of_added_per_byte(other)?);
    let ((cheap, low), (dear, high)) = if first.is_below(&second) {
        ((one, first), (other, second))
    } else if second.is_below(&first) {
        ((other, second), (one, first))
    } else {
        return None;
    };
    // Beyond unsigned by less than its rounds vary: no share of it can be told.
    (low.low > 0.0).then(|| {
        format!(
            "{} costs less CPU than {}: {} against {} s/GB beyond unsigned, {} of it",
            work_and_maker(cheap),
            work_and_maker(dear),
            small(low.median),
            small(high.median),
            percent(low.median / high.median),
        )
    })
}

fn against_signing(verifying: &Measurement, signing: &Measurement) -> Option<String> {
    let (checked, made) = (Spread::of_added_per_byte(verifying)?, Spread::of_added_per_byte(signing)?);
    let (low, high) = (checked.low.min(made.low), checked.high.max(made.high));
    let name = algorithm(verifying);
    let (verb, base) = (doing(verifying), doing(signing));
    let figures =
        format!("{} against {} s/GB of CPU beyond unsigned", small(checked.median), small(made.median));
    if low <= 0.0 {
        return None;
    }
    if checked.is_below(&made) || made.is_below(&checked) {
        let share = percent(checked.median / made.median);
        return Some(format!("{name} {verb} costs {share} of {base}: {figures}"));
    }
    (high / low <= 1.0 + ALIKE)
        .then(|| format!("{name} {verb} costs what {base} costs, as far as this run can show: {figures}"))
}
