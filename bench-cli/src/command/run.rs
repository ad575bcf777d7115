//! `smbsign run`: throughput, latency and CPU per dialect and algorithm against unsigned, at each link rate.

mod plan;
mod turn;
mod value;
mod watch;

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as _, FromArgMatches as _};
use smbsign_engine::kernels::Backend;
use smbsign_engine::protocol::Dialect;
use smbsign_engine::traffic::{Arrival, LinkRate, Mtu};

use crate::exit::Exit;
use crate::interruption::Interruption;
use crate::measure::{Dump, Plan, measure, self_check};
use crate::output::{OutputOptions, writable};
use crate::record::{Direction, Engine, Protection, Run, State, Transmit};
use crate::report;
use plan::{Planned, ProfileName};
use turn::Pace;
pub(crate) use turn::TURN;
pub use value::{ByteSize, InvalidByteSize, duration};
use value::{Choice, MessageSize, PackingName, WorkingSet};
use watch::Watch;

/// Measure throughput, latency and CPU of each dialect and algorithm against unsigned, at each link rate
///
/// Lists are comma-separated and take `all`. The unsigned baseline of each dialect always runs along.
///
/// Ctrl-C ends the run after the trial that is under way, shows what was measured until then and exits with 3; a second
/// one ends it at once.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// SMB1, 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "all")]
    dialect: Vec<Choice<Dialect>>,
    /// none, md5, hmac-sha256, aes-128-cmac, aes-128-gmac; encryption: aes-128-ccm, aes-128-gcm, aes-256-ccm, aes-256-gcm
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "all")]
    protection: Vec<Choice<Protection>>,
    /// serial: one message after another; lanes: all that are due together, on the same thread; offload: in threads of their
    /// own, fed by another one. Only serial encrypts [default: serial, and lanes too at max]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    engine: Vec<Choice<Engine>>,
    /// How long the offload engine lets a message wait for company so that its lanes fill: 0, 20us … 1ms
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0", value_parser = value::max_wait)]
    max_wait: Vec<Duration>,
    /// Link rates: 1GbE … 100GbE, any rate such as 400Mbit, or max for no link
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1GbE,10GbE,max")]
    link: Vec<Choice<LinkRate>>,
    /// sign, verify
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "sign")]
    direction: Vec<Choice<Direction>>,
    /// Messages: bulk-read, bulk-write, metadata, mixed, or capture:FILE for those of a capture
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "bulk-read")]
    profile: Vec<Choice<ProfileName>>,
    /// Bytes that the signature covers, for bulk profiles: 128, 4KiB, 1MiB … 16448KiB; 128..64KiB for a mix of lengths,
    /// log-uniform in between, where the dialect's shortest message stands for those below it [default: 64KiB]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    message_size: Vec<MessageSize>,
    /// Threads that sign; with offload the last core is the feeding thread's [default: one less than there are cores, at
    /// least 1]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    workers: Vec<NonZeroUsize>,
    /// Sessions, each with its own key [default: a key for every message buffer]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    sessions: Vec<NonZeroUsize>,
    /// Requests that a session has in flight: so many of its messages follow one another, and lanes hold no more of it at
    /// once
    #[arg(long, value_name = "N", default_value = "1")]
    outstanding: NonZeroUsize,
    /// Memory that the messages lie in: hot (512 KiB, or two messages for each lane), cold (256 MiB), or a size
    #[arg(long, value_name = "SET", default_value = "hot", value_parser = value::working_set)]
    set: WorkingSet,
    /// After signing: copy (into a transmit buffer, as a socket does), none (a network card reads the buffer itself)
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "copy")]
    transmit: Vec<Choice<Transmit>>,
    /// Kernels: portable or what `smbsign info` lists [default: the best that this CPU has]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    backend: Vec<Choice<Backend>>,
    /// Departures at a link: paced (evenly), poisson (at random), burst:N (N at once); latency counts from them
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "paced")]
    arrival: Vec<Choice<Arrival>>,
    /// Share of the link that is offered, above 0 and at most 1
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    load: f64,
    /// CPU seconds per GB of the unsigned server that `vs_server` compares with [default: Samba 4.17's, by dialect]
    #[arg(long, value_name = "SECONDS")]
    server_cost: Option<f64>,
    /// MTU of the link: 1500, 9000
    #[arg(long, value_name = "BYTES", default_value = "1500", value_parser = value::mtu)]
    mtu: Mtu,
    /// How small messages share TCP segments
    #[arg(long, value_enum, default_value = "auto")]
    packing: PackingName,
    /// One trial's length [default: 0.4s at a link, 0.1s at max]
    #[arg(long, value_name = "TIME", value_parser = value::duration)]
    duration: Option<Duration>,
    /// Trials of each cell [default: 3 at a link, 9 at max]
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroU32>,
    /// Seed of file data and of the order of cells
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write messages of the measured trials as a pcap, with their keys beside it
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Keep record, table and findings in a new directory DIR/DATE-MACHINE, up to date while the run goes on
    /// [DIR: results]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "results")]
    record: Option<PathBuf>,
    /// Take turns with another process: name each trial on stdout and wait for a line on stdin before it. What
    /// `smbsign ab` starts; the unsigned baseline runs only where `--protection` names it
    #[arg(long, hide_short_help = true)]
    in_step: bool,
    #[command(flatten)]
    output: OutputOptions,
}

/// Measures and reports.
///
/// # Errors
///
/// Options that do not go together, a destination that cannot be written, a capture that cannot be read; an algorithm
/// that does not give its known answers.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let Planned { plans, notes } = args.plan()?;
    let output = args.output.open()?;
    if let Some(path) = &args.dump {
        writable("--dump", path)?;
    }
    for plan in &plans {
        self_check(plan.settings().backend)?;
    }
    let progress = output.progress(trials(&plans));
    for note in notes {
        progress.note(note);
    }
    let run = Run::start(command_line("smbsign"), args.effective(&plans));
    let pace = if args.in_step { Pace::InStep } else { Pace::Own };
    let mut watch = Watch::start(run, args.record.as_deref(), progress, Interruption::listen()?, pace)?;
    let mut dump = Dump::default();
    for plan in &plans {
        watch.plan_starts(plan);
        let measured = measure(plan, &mut watch);
        watch.plan_ends(&measured.measurements);
        dump.append(measured.dump);
    }
    let (run, kept) = watch.end();
    let (format, colour) = (output.format(), output.colour());
    // What cannot be written in one place is no reason to lose it in the others.
    let printed = output.write(|sink| report::run(&run, format, colour, sink));
    let dumped = args.dump.as_ref().map_or(Ok(()), |path| dump.write(path));
    kept?;
    dumped?;
    printed?;
    Ok(match run.state {
        _ if run.measurements.iter().any(|cell| cell.error.is_some()) => Exit::Bad,
        State::Complete => Exit::Good,
        State::Measuring | State::Interrupted => Exit::Inconclusive,
    })
}

fn trials(plans: &[Plan]) -> u64 {
    plans.iter().map(|plan| plan.trial_count() as u64).sum()
}

/// The command as typed, the program by this name; words that a shell would split are quoted.
#[must_use]
pub fn command_line(program: &str) -> String {
    let words = std::env::args().skip(1).map(|word| {
        let plain = word.chars().all(|letter| letter.is_alphanumeric() || "-_=,.:/+".contains(letter));
        if plain { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    });
    std::iter::once(program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// What `run --in-step` of these options will do.
pub(super) struct InStep {
    /// Cells.
    pub(super) cells: u64,
    /// The longest of them.
    pub(super) longest: Duration,
}

/// Reads options of this command as `run --in-step` would, in one round.
///
/// # Errors
///
/// Options that are none, or that do not go together.
pub(super) fn trials_in_step(options: &[OsString]) -> anyhow::Result<InStep> {
    let command = Args::augment_args(clap::Command::new("smbsign run"));
    let words = ["run", "--in-step", "--rounds=1"].map(OsString::from);
    let matches = command.try_get_matches_from(words.iter().chain(options))?;
    let plans = Args::from_arg_matches(&matches)?.plan()?.plans;
    let windows = plans
        .iter()
        .flat_map(|plan| plan.settings().links.iter().map(|link| plan.settings().duration_at(*link)));
    Ok(InStep { cells: trials(&plans), longest: windows.max().unwrap_or_default() })
}
