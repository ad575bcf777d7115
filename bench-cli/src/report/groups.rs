//! Cells that differ only in dialect and protection stand in one table.

use crate::record::Measurement;

use super::figures::{about, bytes, count};

/// Cells of one link under the same conditions, in the record's order.
pub(super) struct Group<'a> {
    pub(super) cells: Vec<&'a Measurement>,
}

impl Group<'_> {
    /// Whether the cells ran as fast as they could instead of at a link's pace.
    pub(super) fn is_closed_loop(&self) -> bool {
        self.cells.iter().all(|cell| cell.offered_gbps.is_none())
    }

    /// The link, then what all cells have in common.
    pub(super) fn title(&self) -> String {
        let Some(cell) = self.cells.first() else { return String::new() };
        let conditions = [
            cell.profile.clone(),
            bytes(cell.message_bytes),
            cell.direction.to_string(),
            format!("{} engine on {}", cell.engine, cell.backend),
            count(cell.workers, "worker"),
            cell.sessions
                .map_or_else(|| "a key per message".to_owned(), |sessions| count(sessions, "session")),
            format!("{} set", about(cell.set_bytes)),
            format!("transmit {}", cell.transmit),
        ];
        format!("{}: {}", cell.link, conditions.join(", "))
    }
}

/// Groups in the order in which they first appear.
pub(super) fn groups(measurements: &[Measurement]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for cell in measurements {
        match groups.iter_mut().find(|group| group.cells.first().is_some_and(|first| share(first, cell))) {
            Some(group) => group.cells.push(cell),
            None => groups.push(Group { cells: vec![cell] }),
        }
    }
    groups
}

fn share(one: &Measurement, other: &Measurement) -> bool {
    let conditions = |cell: &Measurement| {
        (
            cell.engine,
            cell.workers,
            cell.sessions,
            cell.direction,
            cell.message_bytes,
            cell.set_bytes,
            cell.transmit,
        )
    };
    let names = |cell: &Measurement| [&cell.link, &cell.profile, &cell.backend].map(String::clone);
    names(one) == names(other) && conditions(one) == conditions(other)
}
