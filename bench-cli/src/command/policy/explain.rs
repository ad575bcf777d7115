//! `smbsign policy explain`: one client, one server, one share.

use std::path::{Path, PathBuf};

use anyhow::Context;
use schemars::JsonSchema;
use serde::Serialize;
use smbsign_engine::policy::{
    Account, Assumption, Change, Decision, Outcome, Reason, Role, Setting, Side, UncPath, Way, deciding,
    negotiate, ways_to,
};

use super::Defaults;
use crate::exit::Exit;
use crate::inventory::{self, Layer, Machine, Place, Source, Statement, Systems};
use crate::output::OutputOptions;
use crate::record::{Direction, Protection, read_runs};
use crate::report::{self, DocumentFormat};

/// What happens between one client and one server, why, which setting decides, and what to change
///
/// --client and --server take a system's name ("Windows 11 24H2 Pro", "Windows Server 2025 DC", "Samba 4.17") or exports of
/// the real tools, or both: the name first, the files say what differs. Exit code 1 when the two cannot connect.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The client: a system's name, or a file or directory of exports; may be given again
    #[arg(long, value_name = "SYSTEM|FILE", required = true)]
    client: Vec<String>,
    /// The server, likewise; "DC" behind a system's name makes it a domain controller
    #[arg(long, value_name = "SYSTEM|FILE", required = true)]
    server: Vec<String>,
    /// The share: \\server\share or //server/share
    #[arg(long, value_name = "UNC", default_value = r"\\server\share")]
    path: UncPath,
    /// The user is a guest, or nobody
    #[arg(long)]
    guest: bool,
    /// Set client.NAME=VALUE or server.NAME=VALUE over all else; may be given again
    #[arg(long, value_name = "SETTING")]
    set: Vec<Change>,
    /// Say what to change to reach this outcome: signed, encrypted, not-signed or fails-to-connect
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    want: Option<Outcome>,
    /// Say what it costs, from a record of `smbsign run`
    #[arg(long, value_name = "RECORD")]
    costs: Option<PathBuf>,
    #[command(flatten)]
    defaults: Defaults,
    #[command(flatten)]
    output: OutputOptions<DocumentFormat>,
}

fn outcome(name: &str) -> Result<Outcome, String> {
    let known = Outcome::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name));
    known.ok_or_else(|| format!("one of {}", Outcome::ALL.map(Outcome::name).join(", ")))
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let systems = args.defaults.systems(None)?;
    let output = args.output.open()?;
    let progress = output.progress(0);
    let end = |side: Side, values: &[String]| -> anyhow::Result<Machine> {
        let (mut machine, sources) = machine(&systems, values)?;
        let warnings = sources.iter().flat_map(|source| &source.warnings);
        warnings.for_each(|warning| progress.note(format_args!("warning: {warning}")));
        let given = args.set.iter().filter(|change| change.side == side).map(|change| Statement {
            change: change.clone(),
            layer: Layer::Given,
            place: Place::file("--set"),
        });
        machine.take(&given.collect::<Vec<_>>());
        Ok(machine)
    };
    let (client, server) = (end(Side::Client, &args.client)?, end(Side::Server, &args.server)?);
    let account = if args.guest { Account::Guest } else { Account::User };
    let mut report = ExplainReport::new(&client, &server, &args.path, account, args.want);
    report.client = args.client.join(", ");
    report.server = args.server.join(", ");
    if let Some(record) = &args.costs {
        report.costs = costs(record, &report)?;
    }
    drop(progress);
    let (format, colour) = (output.format(), output.colour());
    output.write(|sink| report::explanation(&report, format, colour, sink))?;
    Ok(if report.outcome == Outcome::FailsToConnect.name() { Exit::Bad } else { Exit::Good })
}

/// A machine from names of systems and exports, and what the exports say.
fn machine(systems: &Systems, values: &[String]) -> anyhow::Result<(Machine, Vec<Source>)> {
    let mut sources = Vec::new();
    let mut named = None;
    for value in values {
        if Path::new(value).exists() {
            sources.extend(inventory::read_all(Path::new(value))?);
        } else {
            named = Some(value.as_str());
        }
    }
    let system = named.or_else(|| sources.iter().find_map(|source| source.system.as_deref()));
    let mut machine = match system {
        Some(system) => systems.machine(system)?,
        None => Machine::unknown(),
    };
    let statements: Vec<_> = sources.iter().flat_map(|source| source.statements.clone()).collect();
    machine.take(&statements);
    Ok((machine, sources))
}

/// What is said of one pair.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExplainReport {
    /// `smbsign.policy.explain/1`.
    pub schema: &'static str,
    /// As it was asked for.
    pub client: String,
    /// As it was asked for.
    pub server: String,
    /// The share.
    pub path: String,
    /// `user` or `guest`.
    pub account: &'static str,
    /// `signed`, `encrypted`, `not-signed` or `fails-to-connect`.
    pub outcome: &'static str,
    /// What the two ends speak.
    pub dialect: Option<&'static str>,
    /// What signs.
    pub algorithm: Option<&'static str>,
    /// What encrypts.
    pub cipher: Option<&'static str>,
    /// Why there is no connection, in a word.
    pub failure: Option<&'static str>,
    /// What the client sees then.
    pub seen: Option<&'static str>,
    /// The rules that led here, in their order.
    pub because: Vec<ReasonReport>,
    /// What was assumed where the sources are silent.
    pub assumptions: Vec<&'static str>,
    /// The settings of which a change alone would change the outcome.
    pub decided_by: Vec<DecidedBy>,
    /// What to change to reach other outcomes.
    pub ways: Vec<WayReport>,
    /// What it costs, with --costs.
    pub costs: Vec<CostRow>,
}

/// A rule at work.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReasonReport {
    /// A word for programs.
    pub rule: &'static str,
    /// The rule in a sentence.
    pub statement: &'static str,
    /// What it met here.
    pub here: String,
    /// Where it is written.
    pub source: &'static str,
}

/// A setting that decides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DecidedBy {
    /// As `--set` takes it.
    pub setting: String,
    /// Where the value comes from; null where nothing states it.
    pub origin: Option<String>,
}

/// Changes that together lead to an outcome.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WayReport {
    /// The outcome.
    pub outcome: &'static str,
    /// As `--set` takes them.
    pub set: Vec<String>,
    /// What speaks against it, with who says so.
    pub advised_against: Vec<String>,
}

/// What a message costs, measured.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CostRow {
    /// The record.
    pub record: String,
    /// The profile of the cell.
    pub profile: String,
    /// Bytes under the MAC.
    pub message_bytes: u64,
    /// The link, or `max`.
    pub link: String,
    /// `sign` or `verify`.
    pub direction: String,
    /// `serial` …
    pub engine: String,
    /// CPU beyond unsigned, per message.
    pub added_cpu_ns_per_message: Option<f64>,
    /// CPU beyond unsigned, per 10⁹ bytes.
    pub added_cpu_s_per_gb: Option<f64>,
    /// Busy time ÷ window.
    pub cores_used: f64,
}

impl ExplainReport {
    /// The form's name.
    pub const SCHEMA: &str = "smbsign.policy.explain/1";

    fn new(
        client: &Machine,
        server: &Machine,
        path: &UncPath,
        account: Account,
        want: Option<Outcome>,
    ) -> Self {
        let Decision { outcome, dialect, algorithm, cipher, failure, because, assumptions } =
            negotiate(&client.client, &server.server, path, account);
        let decided = deciding(&client.client, &server.server, path, account);
        let of = |side| if side == Side::Client { client } else { server };
        let decided_by = decided.into_iter().map(|(side, setting)| decided_by(of(side), side, setting));
        // Unasked, the outcomes that anybody would want.
        let wanted = want.map_or_else(|| vec![Outcome::Encrypted, Outcome::Signed], |want| vec![want]);
        let wanted = wanted.into_iter().filter(|wanted| *wanted != outcome);
        let role = server.server.role;
        let ways = wanted.flat_map(|wanted| {
            let found = ways_to(wanted, &client.client, &server.server, path, account);
            let mut found: Vec<_> = found.iter().map(|way| way_report(way, role)).collect();
            found.sort_by_key(|way| way.advised_against.len());
            found
        });
        Self {
            schema: Self::SCHEMA,
            client: String::new(),
            server: String::new(),
            path: path.to_string(),
            account: if account == Account::Guest { "guest" } else { "user" },
            outcome: outcome.name(),
            dialect: dialect.map(smbsign_engine::protocol::Dialect::name),
            algorithm: algorithm.map(smbsign_engine::protocol::SigningAlgorithm::name),
            cipher: cipher.map(smbsign_engine::protocol::Cipher::name),
            failure: failure.map(smbsign_engine::policy::Failure::name),
            seen: failure.map(smbsign_engine::policy::Failure::seen),
            because: because.into_iter().map(reason).collect(),
            assumptions: assumptions.into_iter().map(Assumption::statement).collect(),
            decided_by: decided_by.collect(),
            ways: ways.collect(),
            costs: Vec::new(),
        }
    }

    /// The protection whose cost is asked for.
    fn protection(&self) -> &'static str {
        self.algorithm.or(self.cipher).unwrap_or("none")
    }
}

fn reason(Reason { rule, here }: Reason) -> ReasonReport {
    ReasonReport { rule: rule.name(), statement: rule.statement(), here, source: rule.source() }
}

fn decided_by(machine: &Machine, side: Side, setting: Setting) -> DecidedBy {
    let origin = machine.origin(side, &setting).map(ToString::to_string);
    DecidedBy { setting: Change { side, setting }.to_string(), origin }
}

fn way_report(way: &Way, role: Role) -> WayReport {
    let against = way.changes.iter().filter_map(|change| change.advised_against(role));
    WayReport {
        outcome: way.decision.outcome.name(),
        set: way.changes.iter().map(ToString::to_string).collect(),
        advised_against: against.map(|advice| format!("{} ({})", advice.text, advice.source)).collect(),
    }
}

/// The cells of a record that cost what this pair will cost.
fn costs(record: &Path, report: &ExplainReport) -> anyhow::Result<Vec<CostRow>> {
    let runs = read_runs(record).with_context(|| format!("cannot use --costs {}", record.display()))?;
    let mut rows = Vec::new();
    for kept in &runs {
        let cells = kept.run.measurements.iter().filter(|cell| {
            Some(cell.dialect.name()) == report.dialect
                && cell.protection.name() == report.protection()
                && cell.protection != Protection::Unsigned
                && cell.error.is_none()
        });
        rows.extend(cells.map(|cell| CostRow {
            record: record.display().to_string(),
            profile: cell.profile.clone(),
            message_bytes: cell.message_bytes,
            link: cell.link.clone(),
            direction: match cell.direction {
                Direction::Sign => "sign".to_owned(),
                Direction::Verify => "verify".to_owned(),
            },
            engine: cell.engine.to_string(),
            added_cpu_ns_per_message: cell.added_cpu_ns_per_message,
            added_cpu_s_per_gb: cell.added_cpu_s_per_gb,
            cores_used: cell.cores_used,
        }));
    }
    Ok(rows)
}
