//! Under which conditions a cell was measured: cells that share them stand in one table and may be compared.

use super::figures::{about, bytes, count};
use crate::record::{Direction, Engine, Measurement, Transmit};

/// Everything that was asked of a cell but its dialect and protection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conditions<'a> {
    pub(super) link: &'a str,
    pub(super) profile: &'a str,
    pub(super) message_bytes: u64,
    pub(super) direction: Direction,
    pub(super) engine: Engine,
    pub(super) backend: &'a str,
    pub(super) workers: usize,
    pub(super) sessions: Option<usize>,
    pub(super) outstanding: Option<usize>,
    pub(super) set_bytes: u64,
    pub(super) transmit: Transmit,
    pub(super) arrival: Option<&'a str>,
    pub(super) max_wait_us: Option<f64>,
}

impl<'a> Conditions<'a> {
    pub(super) fn of(cell: &'a Measurement) -> Self {
        Self {
            link: &cell.link,
            profile: &cell.profile,
            message_bytes: cell.message_bytes,
            direction: cell.direction,
            engine: cell.engine,
            backend: &cell.backend,
            workers: cell.workers,
            sessions: cell.sessions,
            outstanding: cell.outstanding,
            set_bytes: cell.set_bytes,
            transmit: cell.transmit,
            arrival: cell.arrival.as_deref(),
            max_wait_us: cell.max_wait_us,
        }
    }

    /// In words; empty where there is nothing to say.
    fn words(&self) -> [(Aspect, String); 11] {
        let wait = self.max_wait_us.map(|wait| match wait {
            0.0 => "waiting for nobody".to_owned(),
            _ => format!("waiting up to {wait} µs"),
        });
        let arrival = self.arrival.filter(|arrival| *arrival != "paced").map(str::to_owned);
        [
            (Aspect::Link, self.link.to_owned()),
            (Aspect::Profile, self.profile.to_owned()),
            (Aspect::Size, bytes(self.message_bytes)),
            (Aspect::Direction, self.direction.to_string()),
            (Aspect::Kernels, format!("{} on {}", self.engine, self.backend)),
            (Aspect::Workers, count(self.workers, "worker")),
            (
                Aspect::Keys,
                self.sessions
                    .map_or_else(|| "a key per message".to_owned(), |sessions| count(sessions, "session")),
            ),
            (
                Aspect::Outstanding,
                self.outstanding
                    .filter(|requests| *requests > 1)
                    .map(|requests| format!("{requests} outstanding"))
                    .unwrap_or_default(),
            ),
            (Aspect::Set, format!("{} set", about(self.set_bytes))),
            (Aspect::Transmit, format!("transmit {}", self.transmit)),
            (Aspect::Arrival, arrival.into_iter().chain(wait).collect::<Vec<_>>().join(", ")),
        ]
    }

    /// All of them: `10GbE: bulk-read, 64 KiB, sign …`.
    pub(super) fn title(&self) -> String {
        let rest = self.words().into_iter().filter(|(aspect, _)| *aspect != Aspect::Link);
        format!("{}: {}", self.link, joined(rest.map(|(_, word)| word)))
    }
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    Link,
    Profile,
    Size,
    Direction,
    Kernels,
    Workers,
    Keys,
    Outstanding,
    Set,
    Transmit,
    Arrival,
}

/// Cells of one link under the same conditions, in the record's order.
pub(super) struct Group<'a> {
    pub(super) conditions: Conditions<'a>,
    pub(super) cells: Vec<&'a Measurement>,
}

impl Group<'_> {
    /// Whether the cells ran as fast as they could instead of at a link's pace.
    pub(super) fn is_closed_loop(&self) -> bool {
        self.cells.iter().all(|cell| cell.offered_gbps.is_none())
    }
}

/// Groups in the order in which they first appear.
pub(super) fn groups<'a>(cells: impl IntoIterator<Item = &'a Measurement>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for cell in cells {
        let conditions = Conditions::of(cell);
        match groups.iter_mut().find(|group| group.conditions == conditions) {
            Some(group) => group.cells.push(cell),
            None => groups.push(Group { conditions, cells: vec![cell] }),
        }
    }
    groups
}

/// Which conditions the cells of a run share, and in which they differ.
pub(super) struct Shared {
    by_all: Vec<(Aspect, String)>,
}

impl Shared {
    pub(super) fn of(cells: &[Measurement]) -> Self {
        let mut all = cells.iter().map(|cell| Conditions::of(cell).words());
        let mut by_all = all.next().map(Vec::from).unwrap_or_default();
        for words in all {
            by_all.retain(|word| words.contains(word));
        }
        Self { by_all }
    }

    /// What all cells share, in words.
    pub(super) fn words(&self) -> String {
        joined(self.by_all.iter().map(|(_, word)| word.clone()))
    }

    /// Those conditions of a cell that not all cells share, in words, and those that are asked for in any case; the link
    /// only if asked for.
    pub(super) fn others(&self, cell: &Measurement, always: &[Aspect], never: &[Aspect]) -> String {
        let own = Conditions::of(cell).words().into_iter().filter(|word| {
            let differs = word.0 != Aspect::Link && !self.by_all.contains(word);
            (differs || always.contains(&word.0)) && !never.contains(&word.0)
        });
        joined(own.map(|(_, word)| word))
    }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}
