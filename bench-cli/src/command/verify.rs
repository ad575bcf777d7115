//! `smbsign verify`: checks every signature in real captures.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rayon::prelude::*;
use serde::Serialize;
use smbsign_engine::protocol::{Dialect, Sender};

use crate::capture::follow::{Message, Verdict};
use crate::capture::keys::{Credentials, KeyFile, Keys, Secret};
use crate::capture::verification::{Counts, Verification};
use crate::exit::Exit;
use crate::output::OutputOptions;
use crate::progress::Progress;
use crate::report::{self, messages};

/// Check every signature in real captures (pcap, pcapng)
///
/// Keys come from the JSON beside each capture (NAME.json for NAME.pcap), from --keys, or from one user's password and
/// the NTLM logons in the capture. Exit code 1 when a signature is wrong or an encrypted message does not open, 3 when
/// none is but some could not be checked for want of keys.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Captures, or directories of them
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// Take keys from this file instead of the JSON beside each capture
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    keys: Option<PathBuf>,
    /// Derive every key from this user's password alone; no key file is read. May be given for several users
    #[arg(long, value_name = "NAME")]
    user: Vec<String>,
    /// The user's domain, once for all users or for each; the one sent in the logon enters the keys
    #[arg(long, value_name = "NAME", requires = "user")]
    domain: Vec<String>,
    /// The user's password, for each user; better kept from the process list in --password-file or $SMBSIGN_PASSWORD
    #[arg(long, value_name = "TEXT", requires = "user", conflicts_with = "password_file")]
    password: Vec<Secret<String>>,
    /// Read the passwords from this file, a line for each user
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Write one CSV row per message, with a leading column `capture` when there are several captures
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    #[command(flatten)]
    output: OutputOptions,
}

/// Damage told of one capture on stderr; the rest is counted. JSON has all of it.
const DAMAGE_TOLD: usize = 20;

/// What `smbsign verify` found; its JSON is this.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// `smbsign.verify/1`.
    pub schema: &'static str,
    /// In the order of the command line.
    pub captures: Vec<CaptureReport>,
    /// The sums.
    pub total: Counts,
}

/// What one capture came to.
#[derive(Debug, Serialize)]
pub struct CaptureReport {
    /// Its path.
    pub capture: String,
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Every message whose signature failed.
    pub failures: Vec<FailureReport>,
    /// The sessions that lack keys.
    pub unchecked_sessions: Vec<UncheckedReport>,
    /// What is wrong with the capture itself, in words.
    pub damage: Vec<String>,
    /// Why there are no results at all.
    pub error: Option<String>,
}

/// A message whose signature failed.
#[derive(Debug, Serialize)]
pub struct FailureReport {
    /// Number of its SMB frame, over all connections.
    pub frame: u64,
    /// Number of the packet that completed the frame, as Wireshark counts.
    pub packet: u64,
    /// Index of the connection.
    pub connection: usize,
    /// `client` or `server`.
    pub sender: &'static str,
    /// The dialect's name, where it is known.
    pub dialect: Option<&'static str>,
    /// The command's name.
    pub command: String,
    /// MessageId, under SMB1 the MID.
    pub message_id: Option<u64>,
    /// SessionId, under SMB1 the UID, in hexadecimal.
    pub session: String,
    /// Where in the frame, or in its plaintext, the message begins.
    pub offset: usize,
    /// The right signature in hexadecimal, where it can be told.
    pub expected: Option<String>,
    /// The signature field in hexadecimal.
    pub found: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// A session whose messages could not all be checked.
#[derive(Debug, Serialize)]
pub struct UncheckedReport {
    /// Index of the connection.
    pub connection: usize,
    /// SessionId in hexadecimal; empty under SMB1.
    pub session: String,
    /// Messages and transforms that could not be checked.
    pub messages: u64,
    /// Why the first of them could not.
    pub reason: String,
}

/// Verifies the captures.
///
/// # Errors
///
/// A destination cannot be written, or the keys on the command line cannot be read. A capture that cannot be read is
/// told in the results, and by exit code 2.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let output = args.output.open()?;
    let given = args.keys_given()?;
    let captures = expand(&args.captures)?;
    let mut rows = args.messages.as_deref().map(create).transpose()?;
    let progress = output.progress(captures.iter().map(|capture| steps(capture)).sum());

    let results: Vec<_> = captures
        .par_iter()
        .map(|capture| {
            progress.doing(capture.display());
            let keys = given.clone().unwrap_or_else(|| keys_beside(capture, &progress));
            verify(capture, keys, &progress, rows.is_some())
        })
        .collect();

    if let Some(file) = &mut rows {
        write_rows(file, &results).with_context(|| "cannot write --messages")?;
    }
    let reports: Vec<_> = results.into_iter().map(|result| result.report).collect();
    tell(&reports, &progress);
    let mut total = Counts::default();
    reports.iter().for_each(|report| total += report.counts);
    let report = VerifyReport { schema: "smbsign.verify/1", captures: reports, total };
    drop(progress);
    let (format, colour) = (output.format(), output.colour());
    output.write(|sink| report::verify(&report, format, colour, sink))?;
    Ok(report.exit())
}

impl VerifyReport {
    /// A wrong signature outweighs a capture that could not be read, and that one a missing key.
    fn exit(&self) -> Exit {
        if self.total.failed > 0 {
            Exit::Bad
        } else if self.captures.iter().any(|capture| capture.error.is_some()) {
            Exit::Input
        } else if self.total.unchecked > 0 || self.total.undecryptable > 0 {
            Exit::Inconclusive
        } else {
            Exit::Good
        }
    }
}

impl Args {
    /// The keys that the command line gives for all captures.
    fn keys_given(&self) -> anyhow::Result<Option<Keys>> {
        if let Some(path) = &self.keys {
            return Ok(Some(Keys::from_file(KeyFile::read(path)?)));
        }
        if self.user.is_empty() {
            return Ok(None);
        }
        let passwords = self.passwords()?;
        if passwords.len() != self.user.len() {
            bail!("{} users, but {} passwords", self.user.len(), passwords.len());
        }
        let domain = |index| self.domain.get(index).or(self.domain.last()).cloned().unwrap_or_default();
        let credentials = self.user.iter().zip(passwords).enumerate();
        let credentials = credentials
            .map(|(index, (user, password))| Credentials::new(user.clone(), domain(index), password));
        Ok(Some(Keys::from_credentials(credentials.collect())))
    }

    fn passwords(&self) -> anyhow::Result<Vec<Secret<String>>> {
        if !self.password.is_empty() {
            return Ok(self.password.clone());
        }
        if let Some(path) = &self.password_file {
            let text = fs::read_to_string(path)
                .map(Secret::new)
                .with_context(|| format!("cannot read --password-file {}", path.display()))?;
            return Ok(text.lines().map(|line| Secret::new(line.to_owned())).collect());
        }
        let password = std::env::var("SMBSIGN_PASSWORD")
            .map(Secret::new)
            .context("--user takes --password, --password-file or SMBSIGN_PASSWORD")?;
        Ok(vec![password])
    }
}

/// The captures of directories in the order of their names, and whatever else was named as it is.
fn expand(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut captures = Vec::new();
    for path in paths {
        if !path.is_dir() {
            captures.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
        let mut found: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|kind| ["pcap", "pcapng", "cap"].iter().any(|known| kind == *known))
            })
            .collect();
        if found.is_empty() {
            bail!("no .pcap, .pcapng or .cap file in {}", path.display());
        }
        found.sort();
        captures.append(&mut found);
    }
    Ok(captures)
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("cannot write to --messages {}", path.display()))
}

/// The JSON beside a capture need not be ours: then there are no keys.
fn keys_beside(capture: &Path, progress: &Progress) -> Keys {
    let beside = capture.with_extension("json");
    if !beside.is_file() {
        return Keys::default();
    }
    KeyFile::read(&beside).map(Keys::from_file).unwrap_or_else(|error| {
        progress.note(format_args!("{}: verified without keys: {error}", capture.display()));
        Keys::default()
    })
}

/// One capture's results, and the rows of its messages if they were asked for.
struct CaptureResult {
    report: CaptureReport,
    rows: Vec<[String; messages::COLUMNS.len()]>,
}

fn verify(capture: &Path, keys: Keys, progress: &Progress, wants_rows: bool) -> CaptureResult {
    let mut rows = Vec::new();
    let verified = File::open(capture).map_err(anyhow::Error::from).and_then(|file| {
        let source = Stepping { file, progress, read: 0 };
        Ok(Verification::of(source, keys, |message| {
            if wants_rows {
                rows.push(messages::row(message));
            }
        })?)
    });
    let (verification, error) = match verified {
        Ok(verification) => (verification, None),
        Err(error) => (Verification::default(), Some(format!("{error:#}"))),
    };
    let unchecked_sessions = verification.unchecked.into_iter().map(|(session, (messages, reason))| {
        let reason = reason.to_string();
        UncheckedReport { connection: session.connection, session: session.session, messages, reason }
    });
    let report = CaptureReport {
        capture: capture.display().to_string(),
        counts: verification.counts,
        failures: verification.failures.iter().map(FailureReport::of).collect(),
        unchecked_sessions: unchecked_sessions.collect(),
        damage: verification.damage.iter().map(ToString::to_string).collect(),
        error,
    };
    CaptureResult { report, rows }
}

impl FailureReport {
    fn of(message: &Message) -> Self {
        let (expected, found) = match &message.verdict {
            Verdict::Failed { expected, found, .. } => (*expected, *found),
            _ => (None, None),
        };
        Self {
            frame: message.frame,
            packet: message.packet,
            connection: message.connection,
            sender: match message.sender {
                Sender::Client => "client",
                Sender::Server => "server",
            },
            dialect: message.dialect.map(Dialect::name),
            command: message.header.command(),
            message_id: message.header.message_id(),
            session: message.header.session(),
            offset: message.offset,
            expected: expected.map(|field| field.to_string()),
            found: found.map(|field| field.to_string()),
            reason: message.verdict.to_string(),
        }
    }
}

fn write_rows(file: &mut File, results: &[CaptureResult]) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(file);
    let several = results.len() > 1;
    let leading = |name| several.then_some(name).into_iter();
    writer.write_record(leading("capture").chain(messages::COLUMNS))?;
    for result in results {
        for row in &result.rows {
            let capture = leading(result.report.capture.as_str());
            writer.write_record(capture.chain(row.iter().map(String::as_str)))?;
        }
    }
    Ok(writer.flush()?)
}

/// What is wrong with the captures and what keys are missing, on stderr.
fn tell(reports: &[CaptureReport], progress: &Progress) {
    for CaptureReport { capture, error, damage, unchecked_sessions, counts, .. } in reports {
        if let Some(error) = error {
            progress.error(format_args!("{capture}: {error}"));
            continue;
        }
        for damage in damage.iter().take(DAMAGE_TOLD) {
            progress.note(format_args!("{capture}: {damage}"));
        }
        if let Some(more @ 1..) = damage.len().checked_sub(DAMAGE_TOLD) {
            progress.note(format_args!("{capture}: and damage in {more} more places"));
        }
        for UncheckedReport { connection, session, messages, reason } in unchecked_sessions {
            let session = if session.is_empty() { "SMB1" } else { session };
            progress.note(format_args!(
                "{capture}: connection {connection}, session {session}: {messages} messages not checked: {reason}"
            ));
        }
        if counts.frames == 0 {
            progress.note(format_args!("{capture}: no SMB messages"));
        }
    }
}

const STEP_BYTES: u64 = 1 << 20;

fn steps(capture: &Path) -> u64 {
    fs::metadata(capture).map_or(0, |metadata| metadata.len() / STEP_BYTES)
}

/// A file that moves the progress bar as it is read.
struct Stepping<'a> {
    file: File,
    progress: &'a Progress,
    read: u64,
}

impl Read for Stepping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let before = self.read / STEP_BYTES;
        self.read += read as u64;
        (before..self.read / STEP_BYTES).for_each(|_| self.progress.step());
        Ok(read)
    }
}
