//! Who holds a link, at what share of unsigned and on how many cores.

use super::Cells;
use super::spread::Spread;
use super::words::{algorithm, doing, listed, ranged};
use crate::record::{Measurement, Protection};
use crate::report::conditions::{Aspect, Group, groups};
use crate::report::figures::{count, decimal};

/// A link is full at this share, as in [`line_rate_held`](Measurement::line_rate_held).
const FULL: f64 = 0.995;
/// Protection that takes no more than this of one core is hardly felt.
const HARDLY_A_CORE: f64 = 0.1;

pub(super) fn findings(cells: &Cells<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    for group in groups(cells.speaking.iter().copied()) {
        let link = Link { held: members(&group, holds), missed: members(&group, misses), cells };
        sentences.extend(link.hardly_felt());
        sentences.extend(link.not_held());
        sentences.extend(link.cheapest());
    }
    sentences
}

/// A protected cell at a link that its unsigned baseline holds.
struct Member<'a> {
    cell: &'a Measurement,
    /// Cores that protection takes at the link's full rate, beyond unsigned.
    cores: Spread,
}

fn members<'a>(group: &Group<'a>, belongs: fn(&Measurement) -> bool) -> Vec<Member<'a>> {
    let baseline_holds = |cell: &Measurement| {
        let baseline =
            |other: &&&Measurement| other.dialect == cell.dialect && other.protection == Protection::Unsigned;
        group.cells.iter().find(baseline).is_some_and(|baseline| holds(baseline))
    };
    let protected =
        group.cells.iter().filter(|cell| !matches!(cell.protection, Protection::Unsigned | Protection::Null));
    protected
        .filter(|cell| belongs(cell) && baseline_holds(cell))
        .filter_map(|cell| Some(Member { cell, cores: cores_at_full_rate(cell)? }))
        .collect()
}

/// Held in the record's sense, and the rate was kept in every round.
fn holds(cell: &Measurement) -> bool {
    let kept = || Some(Spread::of_achieved_gbps(cell)?.low >= FULL * cell.offered_gbps?);
    cell.line_rate_held == Some(true) && kept() == Some(true)
}

/// Not held, and the rate was kept in no round.
fn misses(cell: &Measurement) -> bool {
    let missed = || Some(Spread::of_achieved_gbps(cell)?.high < FULL * cell.offered_gbps?);
    cell.line_rate_held == Some(false) && missed() == Some(true)
}

fn cores_at_full_rate(cell: &Measurement) -> Option<Spread> {
    let messages_per_ns = cell.offered_gbps? / (cell.wire_bytes_per_message * 8.0);
    Some(Spread::of_added_per_message(cell)?.times(messages_per_ns))
}

struct Link<'a> {
    held: Vec<Member<'a>>,
    missed: Vec<Member<'a>>,
    cells: &'a Cells<'a>,
}

impl Link<'_> {
    fn hardly_felt(&self) -> Option<String> {
        let light: Vec<_> = self.held.iter().filter(|member| member.cores.high <= HARDLY_A_CORE).collect();
        let algorithms: Vec<_> = by_protection(light.iter().copied())
            .iter()
            .map(|same| {
                let share =
                    ranged(same.iter().filter_map(|member| member.cell.vs_unsigned).map(|of| of * 100.0), 0);
                let cores = ranged(same.iter().map(|member| member.cell.cores_used), 2);
                let name = same.first().map(|member| algorithm(member.cell)).unwrap_or_default();
                format!("{name} ({share} % of unsigned's rate on {cores} cores)")
            })
            .collect();
        let link = &light.first()?.cell.link;
        Some(format!("{link} hardly feels {} {}", listed(&algorithms), self.source(&light)))
    }

    fn not_held(&self) -> Vec<String> {
        let sentence = |same: &Vec<&Member<'_>>| {
            let cell = same.first()?.cell;
            let offered = cell.offered_gbps?;
            let reached = ranged(same.iter().map(|member| member.cell.achieved_gbps), 1);
            let share =
                ranged(same.iter().filter_map(|member| member.cell.vs_unsigned).map(|of| of * 100.0), 0);
            let cores = ranged(same.iter().map(|member| member.cores.median), 2);
            Some(format!(
                "{} cannot hold {} with {}: it reaches {reached} of {} Gbit/s, {share} % of unsigned; {} alone would \
                 need {cores} cores {}",
                algorithm(cell),
                cell.link,
                count(cell.workers, "worker"),
                decimal(offered, if offered.fract() == 0.0 { 0 } else { 1 }),
                doing(cell),
                self.source(same),
            ))
        };
        by_protection(self.missed.iter()).iter().filter_map(sentence).collect()
    }

    /// Which of several protections holds the link on the fewest cores, with those that this run cannot tell from it.
    fn cheapest(&self) -> Option<String> {
        let mut held: Vec<_> = self.held.iter().collect();
        held.sort_by(|one, other| one.cores.median.total_cmp(&other.cores.median));
        let best = *held.first()?;
        let (alike, dearer): (Vec<_>, Vec<_>) =
            held.iter().copied().partition(|member| !best.cores.is_below(&member.cores));
        let link = &best.cell.link;
        let cores = ranged(alike.iter().map(|member| member.cores.median), 3);
        match (dearer.first(), self.missed.first()) {
            (Some(next), _) => Some(format!(
                "What holds {link} on the fewest cores is {}: {cores} cores beyond unsigned; the next, {}, takes {} {}",
                named(&alike),
                named(&[next]),
                decimal(next.cores.median, 3),
                self.source(&held),
            )),
            (None, Some(_)) => Some(format!(
                "Only {} holds {link}: {cores} cores beyond unsigned {}",
                named(&alike),
                self.source(&held),
            )),
            (None, None) => None,
        }
    }

    fn source(&self, members: &[&Member<'_>]) -> String {
        let cells: Vec<_> = members.iter().map(|member| member.cell).collect();
        self.cells.source(&cells, &[Aspect::Link])
    }
}

fn by_protection<'m, 'a>(members: impl Iterator<Item = &'m Member<'a>>) -> Vec<Vec<&'m Member<'a>>> {
    let mut groups: Vec<Vec<&Member<'_>>> = Vec::new();
    for member in members {
        let same = |group: &&mut Vec<&Member<'_>>| {
            group.first().is_some_and(|first| first.cell.protection == member.cell.protection)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups
}

/// `AES-128-CMAC in 3.0 and 3.1.1`, several joined by `or`.
fn named(members: &[&Member<'_>]) -> String {
    let of_protection = |same: &Vec<&Member<'_>>| {
        let dialects: Vec<_> = same.iter().map(|member| member.cell.dialect.name().to_owned()).collect();
        same.first().map(|member| format!("{} in {}", algorithm(member.cell), listed(&dialects)))
    };
    by_protection(members.iter().copied()).iter().filter_map(of_protection).collect::<Vec<_>>().join(" or ")
}
