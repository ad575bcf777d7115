//! Profiles of many kinds of messages, as tables with their sources.

use serde::Deserialize;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::protocol::smb2::Command;
use smbsign_engine::traffic::{Exchange, FramePlace, Profile, ProfileError};

/// A table of exchanges that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mix {
    /// Group Policy at a logon: opens, queries, listings, small files.
    Metadata,
    /// A file server's: names and attributes in most messages, file data in most bytes.
    Mixed,
}

/// A row of a table.
#[derive(Debug, Deserialize)]
struct Row {
    group: String,
    times: u32,
    place: Place,
    command: String,
    request_bytes: usize,
    response_bytes: usize,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Opens,
    Continues,
}

impl Mix {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Metadata, Self::Mixed];

    /// As the record and the command line name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Mixed => "mixed",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Metadata => include_str!("metadata.csv"),
            Self::Mixed => include_str!("mixed.csv"),
        }
    }

    /// The profile in a dialect; SMB1 has other messages.
    pub(super) fn profile(self, dialect: Dialect) -> Result<Profile, ProfileError> {
        Profile::exchanges(dialect, &self.exchanges())
    }

    /// A pass: every group as often as it says, spread evenly over the pass.
    fn exchanges(self) -> Vec<Exchange> {
        let rows = self.rows().unwrap_or_else(|error| unreachable!("a test reads this table: {error}"));
        let mut turns = Vec::new();
        for group in rows.chunk_by(|row, next| row.group == next.group) {
            let times = group.first().map_or(0, |row| row.times);
            turns.extend((0..times).map(|turn| (f64::from(2 * turn + 1) / f64::from(times), group)));
        }
        turns.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        turns.into_iter().flat_map(|(_, group)| group.iter().map(Row::exchange)).collect()
    }

    fn rows(self) -> Result<Vec<Row>, csv::Error> {
        csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(self.table().as_bytes())
            .into_deserialize()
            .collect()
    }
}

impl Row {
    fn exchange(&self) -> Exchange {
        Exchange {
            command: command(&self.command)
                .unwrap_or_else(|| unreachable!("a test reads every command, {} too", self.command)),
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
            place: match self.place {
                Place::Opens => FramePlace::Opens,
                Place::Continues => FramePlace::Continues,
            },
        }
    }
}

/// Commands by their names in MS-SMB2 2.2.1.2.
fn command(name: &str) -> Option<Command> {
    Some(match name {
        "TREE_CONNECT" => Command::TREE_CONNECT,
        "TREE_DISCONNECT" => Command::TREE_DISCONNECT,
        "CREATE" => Command::CREATE,
        "CLOSE" => Command::CLOSE,
        "READ" => Command::READ,
        "WRITE" => Command::WRITE,
        "IOCTL" => Command::IOCTL,
        "QUERY_DIRECTORY" => Command::QUERY_DIRECTORY,
        "QUERY_INFO" => Command::QUERY_INFO,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_names_its_source_and_makes_a_profile_of_every_smb2_dialect() {
        for mix in Mix::ALL {
            assert!(mix.table().contains("# source: "), "{}", mix.name());
            let rows = mix.rows().unwrap();
            assert!(rows.iter().all(|row| command(&row.command).is_some()));
            let messages: u32 = rows.iter().map(|row| 2 * row.times).sum();
            for dialect in Dialect::ALL {
                match mix.profile(dialect) {
                    Ok(profile) => assert_eq!(profile.message_count(), messages as usize),
                    Err(error) => {
                        assert_eq!((dialect, error), (Dialect::Smb1, ProfileError::NothingRecorded(dialect)));
                    }
                }
            }
        }
    }

    #[test]
    fn the_mixes_are_what_they_say() {
        let metadata = Mix::Metadata.profile(Dialect::Smb311).unwrap();
        let short = metadata.message_lengths().filter(|length| *length <= 512).count();
        assert!(short * 100 > 95 * metadata.message_count());
        let mixed = Mix::Mixed.exchanges();
        let is_data = |exchange: &&Exchange| matches!(exchange.command, Command::READ | Command::WRITE);
        let data: usize =
            mixed.iter().filter(is_data).map(|one| one.request_bytes + one.response_bytes).sum();
        let all: usize = mixed.iter().map(|one| one.request_bytes + one.response_bytes).sum();
        assert!(data * 10 >= all * 9);
        assert!(mixed.iter().filter(is_data).count() * 10 <= 2 * mixed.len());
    }
}
