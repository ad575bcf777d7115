//! From what was typed to what will be measured, or to a reason why that cannot be.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{Arrival, BulkMessage, LinkRate, Wire};

use super::Args;
use super::value::{Choice, MessageSize, names};
use crate::measure::{Baseline, Keep, Mix, Plan, ProfileChoice, ReplayedCapture, Settings};
use crate::record::{Direction, Engine, Protection, Transmit};

/// A profile as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProfileName {
    BulkRead,
    BulkWrite,
    Mix(Mix),
    Capture(PathBuf),
}

impl FromStr for ProfileName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "bulk-read" => Ok(Self::BulkRead),
            "bulk-write" => Ok(Self::BulkWrite),
            _ => {
                match (Mix::ALL.into_iter().find(|mix| mix.name() == name), name.strip_prefix("capture:")) {
                    (Some(mix), _) => Ok(Self::Mix(mix)),
                    (_, Some(path)) if !path.is_empty() => Ok(Self::Capture(path.into())),
                    _ => Err("unknown profile: one of bulk-read, bulk-write, metadata, mixed, capture:FILE"
                        .to_owned()),
                }
            }
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
        let protections = Choice::resolve(&self.protection, Protection::all());
        let dialects = self.dialects(&protections)?;
        let defaults = Settings::default();
        let shared = Settings {
            dialects,
            engines: self.engines(&protections, notes)?,
            max_waits: self.max_waits()?,
            protections,
            baseline: if self.in_step { Baseline::Elsewhere } else { Baseline::Unsigned },
            links: Choice::resolve(&self.link, LinkRate::ETHERNET.into_iter().chain([LinkRate::Max])),
            directions: Choice::resolve(&self.direction, [Direction::Sign, Direction::Verify]),
            outstanding: self.outstanding,
            set_bytes: self.set.bytes(),
            order: self.set.order(),
            wire: Wire { mtu: self.mtu, packing: self.packing.into() },
            load: self.load,
            server_cost: self.server_cost,
            duration: self.duration,
            rounds: self.rounds.map(u32::from),
            seed: self.seed,
            #[cfg(feature = "handicap")]
            handicap: crate::measure::Handicap::from_environment()?,
            keep: if self.dump.is_some() { Keep::FirstMessages } else { Keep::Nothing },
            ..defaults
        };
        let backends = Choice::resolve(&self.backend, Backend::available());
        let transmits = Choice::resolve(&self.transmit, [Transmit::Copy, Transmit::None]);
        let sessions = self.sessions.iter().map(|sessions| Some(sessions.get())).collect::<Vec<_>>();
        let workers = self.workers.iter().map(|workers| workers.get()).collect::<Vec<_>>();

        let settings = self.traffic(&shared, notes)?;
        let settings = expand(settings, &backends, |settings| &mut settings.backend);
        let settings = expand(settings, &workers, |settings| &mut settings.workers);
        let settings = expand(settings, &sessions, |settings| &mut settings.sessions);
        let settings = expand(settings, &transmits, |settings| &mut settings.transmit);
        let arrivals = Choice::resolve(&self.arrival, [Arrival::Paced, Arrival::Poisson, BURST_OF_ALL]);
        Ok(once_at_max(expand(settings, &arrivals, |settings| &mut settings.arrival), arrivals.first()))
    }

    /// The engines that were asked for. What none of them runs cannot be measured, and what one leaves out is noted.
    fn engines(
        &self,
        protections: &[Protection],
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Option<Vec<Engine>>> {
        let engines = Choice::resolve(&self.engine, Engine::ALL);
        let runs = |protection: &Protection| engines.iter().any(|engine| engine.runs(*protection));
        let left_out: Vec<_> = protections.iter().filter(|protection| !runs(protection)).collect();
        if engines.is_empty() || left_out.is_empty() {
            return Ok((!engines.is_empty()).then_some(engines));
        }
        if !Choice::includes_all(&self.protection) {
            bail!(
                "--engine {} does not run {}: encryption goes one message after another, with serial alone",
                names(engines),
                names(left_out)
            );
        }
        notes.push(format!("{} are left out: encryption runs with --engine serial", names(left_out)));
        Ok(Some(engines))
    }

    /// How long messages may wait, each time once, where there is an engine that lets them.
    fn max_waits(&self) -> anyhow::Result<Vec<Duration>> {
        let is_asked_for = |engine| Choice::resolve(&self.engine, Engine::ALL).contains(&engine);
        if self.max_wait.iter().any(|wait| !wait.is_zero()) && !is_asked_for(Engine::Offload) {
            bail!("--max-wait is for --engine offload: the others never wait");
        }
        Ok(self.max_wait.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The settings with every profile, the bulk ones in every size.
    fn traffic(&self, shared: &Settings, notes: &mut Vec<String>) -> anyhow::Result<Vec<Settings>> {
        let mixes = Mix::ALL.map(ProfileName::Mix);
        let all = [ProfileName::BulkRead, ProfileName::BulkWrite].into_iter().chain(mixes);
        let profiles = Choice::resolve(&self.profile, all);
        let is_bulk =
            |profile: &ProfileName| matches!(profile, ProfileName::BulkRead | ProfileName::BulkWrite);
        if !self.message_size.is_empty() && !profiles.iter().any(is_bulk) {
            bail!("--message-size is for bulk profiles: all others' messages have their own sizes");
        }
        let sizes: Vec<_> = self.message_size.iter().filter_map(MessageSize::one).collect();
        let ranges: Vec<_> = self.message_size.iter().filter_map(MessageSize::range).collect();
        let mut settings = Vec::new();
        for name in profiles {
            let with = |profile| Settings { profile, ..shared.clone() };
            let bulk = match name {
                ProfileName::BulkRead => BulkMessage::ReadResponse,
                ProfileName::BulkWrite => BulkMessage::WriteRequest,
                ProfileName::Mix(mix) => {
                    settings.push(with(ProfileChoice::Mix(mix)));
                    continue;
                }
                ProfileName::Capture(path) => {
                    let capture = ReplayedCapture::read(&path)?;
                    notes.extend_from_slice(capture.warnings());
                    settings.push(with(ProfileChoice::Capture(capture)));
                    continue;
                }
            };
            if !sizes.is_empty() || ranges.is_empty() {
                let profile = match bulk {
                    BulkMessage::ReadResponse => ProfileChoice::BulkRead,
                    BulkMessage::WriteRequest => ProfileChoice::BulkWrite,
                };
                settings.extend(expand(vec![with(profile)], &sizes, |settings| &mut settings.message_bytes));
            }
            let mixes = ranges.iter().map(|lengths| ProfileChoice::BulkBetween(bulk, lengths.clone()));
            settings.extend(mixes.map(with));
        }
        Ok(settings)
    }

    /// The dialects that know one of the protections. What was named must be measurable; what came with `all` may be
    /// left out.
    fn dialects(&self, protections: &[Protection]) -> anyhow::Result<Vec<Dialect>> {
        let dialects = Choice::resolve(&self.dialect, Dialect::ALL);
        for protection in protections {
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
            let known = Protection::all().filter(|protection| protection.is_known_to(*dialect));
            bail!("--dialect {dialect} knows {}, not {}", names(known), names(protections));
        }
        Ok(dialects.into_iter().filter(knows_one).collect())
    }

    /// The options in force, for the record.
    pub(super) fn effective(&self, plans: &[Plan]) -> Value {
        let settings = || plans.iter().map(Plan::settings);
        let Some(first) = settings().next() else { return Value::Null };
        let is_bulk = |settings: &&Settings| {
            matches!(settings.profile, ProfileChoice::BulkRead | ProfileChoice::BulkWrite)
        };
        let all = |of: fn(&Settings) -> String| settings().map(of).collect::<BTreeSet<_>>();
        let engines: BTreeSet<_> = first.links.iter().flat_map(|link| first.engines_at(*link)).collect();
        let options = json!({
            "dialect": written(&first.dialects),
            "protection": written(&first.protections),
            "engine": written(&engines.into_iter().collect::<Vec<_>>()),
            "max_wait_us": first.max_waits.iter().map(|wait| wait.as_nanos() as f64 / 1e3).collect::<Vec<_>>(),
            "link": written(&first.links),
            "direction": written(&first.directions),
            "profile": all(|settings| settings.profile.name()),
            "message_size": settings().filter(is_bulk).map(|settings| settings.message_bytes).collect::<BTreeSet<_>>(),
            "workers": settings().map(|settings| settings.workers).collect::<BTreeSet<_>>(),
            "sessions": settings().filter_map(|settings| settings.sessions).collect::<BTreeSet<_>>(),
            "outstanding": first.outstanding,
            "set": self.set.to_string(),
            "transmit": all(|settings| settings.transmit.to_string()),
            "backend": all(|settings| settings.backend.to_string()),
            "arrival": all(|settings| settings.arrival.to_string()),
            "load": self.load,
            "server_cost": self.server_cost,
            "mtu": self.mtu.bytes(),
            "packing": self.packing.to_string(),
            "duration_s": first.links.iter().map(|link| first.duration_at(*link).as_secs_f64()).collect::<Vec<_>>(),
            "rounds": first.links.iter().map(|link| first.rounds_at(*link)).collect::<Vec<_>>(),
            "seed": self.seed,
            "dump": self.dump,
        });
        #[cfg(feature = "handicap")]
        let options = with_handicap(options, first);
        options
    }
}

/// A delayed run is told from others by its record.
#[cfg(feature = "handicap")]
fn with_handicap(mut options: Value, settings: &Settings) -> Value {
    if let Some(handicap) = settings.handicap {
        options["handicap"] = handicap.to_string().into();
    }
    options
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

/// What `all` means by a burst: a client's usual credits for small requests.
const BURST_OF_ALL: Arrival = Arrival::Burst(NonZeroU32::new(16).expect("16 is not 0"));

/// Nothing arrives at max, so that one arrival's cells there are every arrival's.
fn once_at_max(mut settings: Vec<Settings>, first: Option<&Arrival>) -> Vec<Settings> {
    for settings in settings.iter_mut().filter(|settings| Some(&settings.arrival) != first) {
        settings.links.retain(|link| *link != LinkRate::Max);
    }
    settings.retain(|settings| !settings.links.is_empty());
    settings
}

fn written<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
