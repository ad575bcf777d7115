//! From what was typed to the cells that will be measured, or to a reason why that cannot be.

use std::collections::BTreeSet;
use std::fs::File;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{BulkMessage, LinkRate, Wire};

use super::Args;
use super::value::{ByteSize, Choice, names};
use crate::measure::{Cell, Plan, Workload};
use crate::record::{Direction, Engine, Protection, Transmit};

const DEFAULT_MESSAGE: ByteSize = ByteSize(64 << 10);

/// A profile as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProfileName {
    Bulk(BulkMessage),
    Capture(PathBuf),
}

impl ProfileName {
    const BULK: [Self; 2] = [Self::Bulk(BulkMessage::ReadResponse), Self::Bulk(BulkMessage::WriteRequest)];
}

impl FromStr for ProfileName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "bulk-read" => Ok(Self::Bulk(BulkMessage::ReadResponse)),
            "bulk-write" => Ok(Self::Bulk(BulkMessage::WriteRequest)),
            _ => match name.strip_prefix("capture:") {
                Some(path) if !path.is_empty() => Ok(Self::Capture(path.into())),
                _ => Err("unknown profile: bulk-read, bulk-write, capture:FILE".to_owned()),
            },
        }
    }
}

impl Args {
    /// The cells, and what the user should know of those that were left out.
    pub(super) fn plan(&self) -> anyhow::Result<(Plan, Vec<String>)> {
        let dialects = Choice::resolve(&self.dialect, Dialect::ALL);
        let protections = Choice::resolve(&self.protection, measured());
        self.check_protections(&dialects, &protections)?;
        let workloads = self.workloads()?;
        let notes = self.check_message_sizes(&dialects, &workloads)?;

        let cells =
            expand(&[self.first_cell()], Choice::resolve(&self.link, all_links()), |cell| &mut cell.link);
        let cells = expand(&cells, workloads, |cell| &mut cell.workload);
        let cells = expand(&cells, Choice::resolve(&self.direction, DIRECTIONS), |cell| &mut cell.direction);
        let cells = expand(&cells, Choice::resolve(&self.engine, [Engine::Serial]), |cell| &mut cell.engine);
        let cells = expand(&cells, self.backends(), |cell| &mut cell.backend);
        let cells = expand(&cells, self.workers(), |cell| &mut cell.workers);
        let cells = expand(&cells, Choice::resolve(&self.transmit, TRANSMITS), |cell| &mut cell.transmit);
        let cells = expand(&cells, dialects, |cell| &mut cell.dialect);
        let mut cells = expand(&cells, measured().collect::<Vec<_>>(), |cell| &mut cell.protection);

        // A dialect's baseline comes along if the dialect itself was asked for.
        let asked = |dialect, protection: Protection| {
            protections.contains(&protection) && protection.is_known_to(dialect)
        };
        cells.retain(|cell| {
            fits(&cell.workload, cell.dialect)
                && match cell.protection {
                    Protection::Unsigned => measured().any(|protection| asked(cell.dialect, protection)),
                    protection => asked(cell.dialect, protection),
                }
        });
        for cell in &mut cells {
            (cell.duration, cell.rounds) = self.trials(cell.link);
        }
        ensure!(!cells.is_empty(), "nothing to measure: no dialect has messages of such a size");
        Ok((Plan { cells, seed: self.seed, dump: self.dump.clone() }, notes))
    }

    /// The options in force, for the record.
    pub(super) fn effective(&self, plan: &Plan) -> Value {
        let of = |name: fn(&Cell) -> String| {
            let mut seen = BTreeSet::new();
            plan.cells.iter().map(name).filter(|name| seen.insert(name.clone())).collect::<Vec<_>>()
        };
        json!({
            "dialect": of(|cell| cell.dialect.to_string()),
            "protection": of(|cell| cell.protection.to_string()),
            "engine": of(|cell| cell.engine.to_string()),
            "link": of(|cell| cell.link.to_string()),
            "direction": of(|cell| cell.direction.to_string()),
            "profile": of(|cell| cell.workload.to_string()),
            "message_size": plan.cells.iter().filter_map(|cell| message_bytes(&cell.workload)).collect::<BTreeSet<_>>(),
            "workers": plan.cells.iter().map(|cell| cell.workers.get()).collect::<BTreeSet<_>>(),
            "sessions": self.sessions,
            "set": self.set.to_string(),
            "transmit": of(|cell| cell.transmit.to_string()),
            "backend": of(|cell| cell.backend.to_string()),
            "mtu": self.mtu.bytes(),
            "packing": format!("{:?}", self.packing).to_lowercase(),
            "duration": of(|cell| format!("{:?}", cell.duration)),
            "rounds": plan.cells.iter().map(|cell| cell.rounds).collect::<BTreeSet<_>>(),
            "seed": self.seed,
            "dump": self.dump,
        })
    }

    /// The cell that every other one is made from; the lists replace all that they name.
    fn first_cell(&self) -> Cell {
        let (duration, rounds) = self.trials(LinkRate::Max);
        Cell {
            link: LinkRate::Max,
            workload: Workload::Bulk(BulkMessage::ReadResponse, DEFAULT_MESSAGE.0),
            direction: Direction::Sign,
            engine: Engine::Serial,
            backend: Backend::portable(),
            workers: NonZeroUsize::MIN,
            sessions: self.sessions,
            set: self.set,
            transmit: Transmit::Copy,
            wire: Wire { mtu: self.mtu, packing: self.packing.into() },
            dialect: Dialect::Smb311,
            protection: Protection::Unsigned,
            duration,
            rounds,
        }
    }

    /// At a link, trials are longer, for percentiles; without one they are short and many, for a steady median.
    fn trials(&self, link: LinkRate) -> (Duration, NonZeroU32) {
        const PACED: (Duration, NonZeroU32) = (Duration::from_millis(400), NonZeroU32::new(3).unwrap());
        const CLOSED_LOOP: (Duration, NonZeroU32) = (Duration::from_millis(100), NonZeroU32::new(9).unwrap());
        let (duration, rounds) = if link == LinkRate::Max { CLOSED_LOOP } else { PACED };
        (self.duration.unwrap_or(duration), self.rounds.unwrap_or(rounds))
    }

    /// The last core is for pacing.
    fn workers(&self) -> Vec<NonZeroUsize> {
        if !self.workers.is_empty() {
            return self.workers.clone();
        }
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        vec![NonZeroUsize::new(cores - 1).unwrap_or(NonZeroUsize::MIN)]
    }

    fn backends(&self) -> Vec<Backend> {
        if self.backend.is_empty() {
            vec![Backend::detect()]
        } else {
            Choice::resolve(&self.backend, Backend::available())
        }
    }

    /// Every bulk profile in every size, and the captures.
    fn workloads(&self) -> anyhow::Result<Vec<Workload>> {
        let profiles = Choice::resolve(&self.profile, ProfileName::BULK);
        let mut sizes = self.message_size.clone();
        if sizes.is_empty() {
            sizes.push(DEFAULT_MESSAGE);
        } else if !profiles.iter().any(|profile| matches!(profile, ProfileName::Bulk(_))) {
            bail!("--message-size is for bulk profiles: a capture has its own sizes");
        }
        let mut workloads = Vec::new();
        for profile in profiles {
            match profile {
                ProfileName::Bulk(message) => {
                    workloads.extend(sizes.iter().map(|size| Workload::Bulk(message, size.0)));
                }
                ProfileName::Capture(path) => {
                    File::open(&path).with_context(|| format!("cannot read --profile {}", path.display()))?;
                    workloads.push(Workload::Capture(path));
                }
            }
        }
        Ok(workloads)
    }

    /// What was named must be measurable; what came with `all` may be left out.
    fn check_protections(&self, dialects: &[Dialect], protections: &[Protection]) -> anyhow::Result<()> {
        if let Some(sealed) =
            protections.iter().find(|protection| !measured().any(|known| known == **protection))
        {
            bail!("--protection {sealed}: encryption is not measured yet, only {}", names(measured()));
        }
        for &dialect in dialects {
            if !Choice::includes_all(&self.dialect)
                && !protections.iter().any(|protection| protection.is_known_to(dialect))
            {
                bail!(
                    "{} knows {}, not {}",
                    spoken(dialect),
                    names(Protection::of(dialect)),
                    names(protections)
                );
            }
        }
        for protection in protections {
            if !Choice::includes_all(&self.protection)
                && !dialects.iter().any(|dialect| protection.is_known_to(*dialect))
            {
                let who = Dialect::ALL.into_iter().filter(|dialect| protection.is_known_to(*dialect));
                bail!("{protection} exists in {}, not in {}", names(who), names(dialects));
            }
        }
        Ok(())
    }

    fn check_message_sizes(
        &self,
        dialects: &[Dialect],
        workloads: &[Workload],
    ) -> anyhow::Result<Vec<String>> {
        let mut notes = Vec::new();
        for workload in workloads {
            for &dialect in dialects.iter().filter(|dialect| !fits(workload, **dialect)) {
                let Workload::Bulk(message, bytes) = workload else { continue };
                let (min, max) = (message.min_bytes(dialect), message.max_bytes(dialect));
                let reason = format!(
                    "a {workload} message of {} has {min} to {max} bytes, not {bytes}",
                    spoken(dialect)
                );
                if !Choice::includes_all(&self.dialect) {
                    bail!(reason);
                }
                notes.push(format!("left out: {reason}"));
            }
        }
        Ok(notes)
    }
}

const DIRECTIONS: [Direction; 2] = [Direction::Sign, Direction::Verify];
const TRANSMITS: [Transmit; 2] = [Transmit::Copy, Transmit::None];

/// Encryption is left to a later version.
fn measured() -> impl Iterator<Item = Protection> {
    Protection::all().filter(|protection| !matches!(protection, Protection::Sealed(_)))
}

fn spoken(dialect: Dialect) -> String {
    match dialect {
        Dialect::Smb1 => dialect.to_string(),
        _ => format!("SMB {dialect}"),
    }
}

fn all_links() -> impl Iterator<Item = LinkRate> {
    LinkRate::ETHERNET.into_iter().chain([LinkRate::Max])
}

/// Every cell with every value of a field, those of one cell together.
fn expand<T: Clone>(
    cells: &[Cell],
    values: impl AsRef<[T]>,
    field: impl Fn(&mut Cell) -> &mut T,
) -> Vec<Cell> {
    let mut expanded = Vec::with_capacity(cells.len() * values.as_ref().len());
    for cell in cells {
        for value in values.as_ref() {
            let mut cell = cell.clone();
            field(&mut cell).clone_from(value);
            expanded.push(cell);
        }
    }
    expanded
}

fn message_bytes(workload: &Workload) -> Option<usize> {
    match workload {
        Workload::Bulk(_, bytes) => Some(*bytes),
        Workload::Capture(_) => None,
    }
}

fn fits(workload: &Workload, dialect: Dialect) -> bool {
    match workload {
        Workload::Bulk(message, bytes) => {
            (message.min_bytes(dialect)..=message.max_bytes(dialect)).contains(bytes)
        }
        Workload::Capture(_) => true,
    }
}
