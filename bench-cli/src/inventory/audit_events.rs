//! Windows audit events as CSV, from the event viewer or `Get-WinEvent | Export-Csv`: servers write 3021 and 3022, clients
//! 31998 and 31999, when the other end could not sign or encrypt (Windows 11 24H2, Server 2025).

use csv::{ReaderBuilder, StringRecord};
use smbsign_engine::policy::Side;

use super::text::decoded;
use super::{Audited, Observation, Observed, Place, Source};

/// Reads events; `file` names it in warnings.
#[must_use]
pub fn audit_events(file: &str, bytes: &[u8]) -> Source {
    let mut source = Source::default();
    let text = decoded(bytes, file, &mut source);
    // Export-Csv of Windows PowerShell begins with the type of the objects.
    let typed = text.starts_with("#TYPE");
    let body = if typed { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    let above = usize::from(typed);
    let mut rows = ReaderBuilder::new().flexible(true).from_reader(body.as_bytes());
    let Ok(headings) = rows.headers().cloned() else {
        source.warn(Place::line(file, above + 1), "no headings");
        return source;
    };
    let column = |names: &[&str]| {
        headings.iter().position(|heading| names.iter().any(|name| heading.trim().eq_ignore_ascii_case(name)))
    };
    let Some(id) = column(&["Id", "Event ID", "EventID"]) else {
        source.warn(Place::line(file, above + 1), "no column Id or Event ID: no events");
        return source;
    };
    let (machine, message) = (column(&["MachineName", "Computer"]), column(&["Message"]));
    let mut row = StringRecord::new();
    loop {
        match rows.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return source,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                source.warn(at(file, above, line), format!("a damaged row: {error}"));
                // Damage of one row leaves the reader behind it, but an error of reading would come again.
                if !matches!(
                    error.kind(),
                    csv::ErrorKind::Utf8 { .. } | csv::ErrorKind::UnequalLengths { .. }
                ) {
                    return source;
                }
                continue;
            }
        }
        let place = at(file, above, row.position().map_or(0, csv::Position::line));
        let number = row.get(id).unwrap_or_default().trim();
        let (side, lacks) = match number {
            "3021" => (Side::Server, Audited::Signing),
            "3022" => (Side::Server, Audited::Encryption),
            "31998" => (Side::Client, Audited::Signing),
            "31999" => (Side::Client, Audited::Encryption),
            number if number.parse::<u32>().is_ok() => continue,
            number => {
                source.warn(place, format!("{number:?} is no event's number"));
                continue;
            }
        };
        if let Some(name) = machine.and_then(|column| row.get(column)).filter(|name| !name.is_empty()) {
            source.machine.get_or_insert_with(|| name.to_owned());
        }
        // The event viewer writes the message behind the last heading.
        let message = message.and_then(|column| row.get(column)).or_else(|| row.iter().next_back());
        let peer = peer(message.unwrap_or_default(), side.peer());
        if peer.is_none() {
            source.warn(place.clone(), format!("event {number} names no {}", side.peer().name()));
        }
        source.observations.push(Observation { observed: Observed::Audit { lacks, side, peer }, place });
    }
}

fn at(file: &str, above: usize, line: u64) -> Place {
    Place::line(file, above.saturating_add(usize::try_from(line).unwrap_or(usize::MAX)).max(1))
}

/// The name, or else the address, of the other end: `Client Name: \\ws17`, `Server name: nas`.
fn peer(message: &str, end: Side) -> Option<String> {
    let after = |label: &str| {
        message.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = value.trim().trim_matches('\\');
            (name.trim().eq_ignore_ascii_case(label) && !value.is_empty()).then(|| value.to_owned())
        })
    };
    after(&format!("{} name", end.name())).or_else(|| after(&format!("{} address", end.name())))
}
