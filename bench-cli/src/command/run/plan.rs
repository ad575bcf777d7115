//! From what was typed to what will be measured, or to a reason why that cannot be.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::bail;
use serde_json::{Value, json};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{LinkRate, Wire};

use super::Args;
use super::value::{ByteSize, Choice, names};
use crate::measure::{Keep, Plan, ProfileChoice, ReplayedCapture, Settings};
use crate::record::{Direction, Engine, Protection, Transmit};

/// A profile as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProfileName {
    BulkRead,
    BulkWrite,
    Capture(PathBuf),
}

impl FromStr for ProfileName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "bulk-read" => Ok(Self::BulkRead),
            "bulk-write" => Ok(Self::BulkWrite),
            _ => match name.strip_prefix("capture:") {
                Some(path) if !path.is_empty() => Ok(Self::Capture(path.into())),
                _ => Err("unknown profile: one of bulk-read, bulk-write, capture:FILE".to_owned()),
            },
        }
    }
}

/// What is measured, one plan after another, and what the user should know of what is not.
pub(super) struct Planned {
    pub(super) plans: Vec<Plan>,
    pub(super) notes: Vec<String>,
}

impl Args {
    /// A plan for each combination of the options that a plan has one value of.
    pub(super) fn plan(&self) -> anyhow::Result<Planned> {
        let mut planned = Planned { plans: Vec::new(), notes: Vec::new() };
        for (settings, place) in self.settings(&mut planned.notes)?.into_iter().zip(0..) {
            // Keys come from the seed: two plans of one seed would sign different bytes under one key and nonce.
            let seed = settings.seed.wrapping_add(place);
            let plan = Plan::new(Settings { seed, ..settings })?;
            if let Some(named) = plan.left_out().iter().find(|_| !Choice::includes_all(&self.dialect)) {
                bail!("{named}");
            }
            planned.notes.extend(plan.left_out().iter().map(ToString::to_string));
            planned.plans.push(plan);
        }
        Ok(planned)
    }

    fn settings(&self, notes: &mut Vec<String>) -> anyhow::Result<Vec<Settings>> {
        let protections = Choice::resolve(&self.protection, measured());
        let dialects = self.dialects(&protections)?;
        let defaults = Settings::default();
        let shared = Settings {
            dialects,
            protections,
            links: Choice::resolve(&self.link, LinkRate::ETHERNET.into_iter().chain([LinkRate::Max])),
            directions: Choice::resolve(&self.direction, [Direction::Sign, Direction::Verify]),
            sessions: self.sessions.map(usize::from),
            set_bytes: self.set.bytes(),
            wire: Wire { mtu: self.mtu, packing: self.packing.into() },
            duration: self.duration,
            rounds: self.rounds.map(u32::from),
            seed: self.seed,
            keep: if self.dump.is_some() { Keep::FirstMessages } else { Keep::Nothing },
            ..defaults
        };
        let backends = Choice::resolve(&self.backend, Backend::available());
        let transmits = Choice::resolve(&self.transmit, [Transmit::Copy, Transmit::None]);
        let workers = self.workers.iter().map(|workers| workers.get()).collect::<Vec<_>>();

        let settings = self.traffic(&shared, notes)?;
        let settings = expand(settings, &backends, |settings| &mut settings.backend);
        let settings = expand(settings, &workers, |settings| &mut settings.workers);
        Ok(expand(settings, &transmits, |settings| &mut settings.transmit))
    }

    /// The settings with every profile, the bulk ones in every size.
    fn traffic(&self, shared: &Settings, notes: &mut Vec<String>) -> anyhow::Result<Vec<Settings>> {
        let profiles = Choice::resolve(&self.profile, [ProfileName::BulkRead, ProfileName::BulkWrite]);
        let is_capture = |profile: &ProfileName| matches!(profile, ProfileName::Capture(_));
        if !self.message_size.is_empty() && profiles.iter().all(is_capture) {
            bail!("--message-size is for bulk profiles: a capture's messages have their own sizes");
        }
        let sizes: Vec<_> = self.message_size.iter().map(|ByteSize(bytes)| *bytes).collect();
        let mut settings = Vec::new();
        for name in profiles {
            let (profile, sizes) = match name {
                ProfileName::BulkRead => (ProfileChoice::BulkRead, sizes.clone()),
                ProfileName::BulkWrite => (ProfileChoice::BulkWrite, sizes.clone()),
                ProfileName::Capture(path) => {
                    let capture = ReplayedCapture::read(&path)?;
                    notes.extend_from_slice(capture.warnings());
                    (ProfileChoice::Capture(capture), Vec::new())
                }
            };
            let one = vec![Settings { profile, ..shared.clone() }];
            settings.extend(expand(one, &sizes, |settings| &mut settings.message_bytes));
        }
        Ok(settings)
    }

    /// The dialects that know one of the protections. What was named must be measurable; what came with `all` may be
    /// left out.
    fn dialects(&self, protections: &[Protection]) -> anyhow::Result<Vec<Dialect>> {
        let dialects = Choice::resolve(&self.dialect, Dialect::ALL);
        for protection in protections {
            if !measured().any(|one| one == *protection) {
                bail!(
                    "--protection {protection}: encryption is not measured yet, only {}",
                    names(measured())
                );
            }
            if !Choice::includes_all(&self.protection)
                && !dialects.iter().any(|dialect| protection.is_known_to(*dialect))
            {
                let who = Dialect::ALL.into_iter().filter(|dialect| protection.is_known_to(*dialect));
                bail!("--protection {protection} exists in {}, not in {}", names(who), names(dialects));
            }
        }
        let knows_one =
            |dialect: &Dialect| protections.iter().any(|protection| protection.is_known_to(*dialect));
        if let Some(dialect) =
            dialects.iter().find(|dialect| !Choice::includes_all(&self.dialect) && !knows_one(dialect))
        {
            let known = measured().filter(|protection| protection.is_known_to(*dialect));
            bail!("--dialect {dialect} knows {}, not {}", names(known), names(protections));
        }
        Ok(dialects.into_iter().filter(knows_one).collect())
    }

    /// The options in force, for the record.
    pub(super) fn effective(&self, plans: &[Plan]) -> Value {
        let settings = || plans.iter().map(Plan::settings);
        let Some(first) = settings().next() else { return Value::Null };
        let is_bulk = |settings: &&Settings| !matches!(settings.profile, ProfileChoice::Capture(_));
        let all = |of: fn(&Settings) -> String| settings().map(of).collect::<BTreeSet<_>>();
        json!({
            "dialect": written(&first.dialects),
            "protection": written(&first.protections),
            "engine": written(&Choice::resolve(&self.engine, [Engine::Serial])),
            "link": written(&first.links),
            "direction": written(&first.directions),
            "profile": all(|settings| settings.profile.name()),
            "message_size": settings().filter(is_bulk).map(|settings| settings.message_bytes).collect::<BTreeSet<_>>(),
            "workers": settings().map(|settings| settings.workers).collect::<BTreeSet<_>>(),
            "sessions": first.sessions,
            "set": self.set.to_string(),
            "transmit": all(|settings| settings.transmit.to_string()),
            "backend": all(|settings| settings.backend.to_string()),
            "mtu": self.mtu.bytes(),
            "packing": self.packing.to_string(),
            "duration_s": first.links.iter().map(|link| first.duration_at(*link).as_secs_f64()).collect::<Vec<_>>(),
            "rounds": first.links.iter().map(|link| first.rounds_at(*link)).collect::<Vec<_>>(),
            "seed": self.seed,
            "dump": self.dump,
        })
    }
}

/// Every one of the settings with every value of a field; with its own where no value is given.
fn expand<T: Clone>(
    settings: Vec<Settings>,
    values: &[T],
    field: fn(&mut Settings) -> &mut T,
) -> Vec<Settings> {
    if values.is_empty() {
        return settings;
    }
    let with = |settings: &Settings, value: &T| {
        let mut settings = settings.clone();
        field(&mut settings).clone_from(value);
        settings
    };
    settings.iter().flat_map(|settings| values.iter().map(move |value| with(settings, value))).collect()
}

/// Encryption is left to a later version.
fn measured() -> impl Iterator<Item = Protection> {
    Protection::all().filter(|protection| !matches!(protection, Protection::Sealed(_)))
}

fn written<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
