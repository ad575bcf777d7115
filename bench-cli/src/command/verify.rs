//! `smbsign verify`: checks every signature in real captures.

mod outcome;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{iter, panic, thread};

use anyhow::{Context, bail};

use crate::capture::keys::{Credentials, KeyFile, Keys, Secret};
use crate::capture::verification::{Counts, Verification};
use crate::exit::Exit;
use crate::output::OutputOptions;
use crate::progress::Progress;
use crate::report::{self, messages};
pub use outcome::{CaptureReport, FailureReport, UncheckedReport, VerifyReport};

/// Check every signature in real captures (pcap, pcapng)
///
/// Keys come from the JSON beside each capture (NAME.json for NAME.pcap), from --keys, or from one user's password and
/// the NTLM logons in the capture. Exit code 1 when a signature is wrong or an encrypted message does not open, 2 when a
/// file is no capture or damaged (the rest of it is still checked), 3 when messages could not be checked for want of keys.
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

/// Lines of one kind that stderr tells of one capture; the rest is counted.
const LINES_TOLD: usize = 20;

/// Verifies the captures.
///
/// # Errors
///
/// A destination cannot be written, or the keys on the command line cannot be read. A capture that cannot be read, or
/// not to its end, is told in the results, and by exit code 2.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let output = args.output.open()?;
    let given = args.keys_given()?;
    let captures = expand(&args.captures)?;
    let mut rows = args.messages.as_deref().map(create).transpose()?;
    let progress = output.progress(captures.iter().map(|capture| steps(capture)).sum());

    let wanted = match (&rows, captures.len()) {
        (None, _) => Rows::None,
        (Some(_), 1) => Rows::Plain,
        (Some(_), _) => Rows::WithCapture,
    };
    let results = on_all_cores(&captures, |capture| {
        progress.doing(capture.display());
        let keys = given.clone().unwrap_or_else(|| keys_beside(capture, &progress));
        let result = verify(capture, keys, &progress, wanted);
        progress.step();
        result
    });

    if let Some(file) = &mut rows {
        write_rows(file, wanted, &results).context("cannot write --messages")?;
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

/// Does the work on each item, as many at a time as there are cores, and gives the results in the items' order.
///
/// These are no threads of rayon's pool, which checks the signatures: one of them that waits for checks would begin another
/// item meanwhile, and within that the next, and all of them would stay in memory.
fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let index = next.fetch_add(1, Ordering::Relaxed);
        items.get(index).map(|item| (index, work(item)))
    };
    let mut results: Vec<_> = thread::scope(|scope| {
        let threads = rayon::current_num_threads().min(items.len());
        let threads: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| iter::from_fn(take).collect::<Vec<_>>())).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect()
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
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

/// Which rows of messages are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    None,
    Plain,
    /// With a leading column that names the capture.
    WithCapture,
}

impl Rows {
    fn leading(self, field: &str) -> impl Iterator<Item = &str> {
        (self == Self::WithCapture).then_some(field).into_iter()
    }
}

/// One capture's results, and the rows of its messages as CSV.
struct CaptureResult {
    report: CaptureReport,
    rows: Vec<u8>,
}

fn verify(capture: &Path, keys: Keys, progress: &Progress, wanted: Rows) -> CaptureResult {
    let name = capture.display().to_string();
    let mut rows = csv::Writer::from_writer(Vec::new());
    let verified = File::open(capture).map_err(anyhow::Error::from).and_then(|file| {
        let source = Stepping { file, progress, read: 0 };
        Ok(Verification::of(source, keys, |message| {
            if wanted != Rows::None {
                let row = messages::row(message);
                let row = wanted.leading(&name).chain(row.iter().map(String::as_str));
                rows.write_record(row).expect("rows of one length go into memory");
            }
        })?)
    });
    let rows = rows.into_inner().expect("memory takes everything");
    let (verification, error) = match verified {
        Ok(verification) => (verification, None),
        Err(error) => (Verification::default(), Some(format!("{error:#}"))),
    };
    let report = CaptureReport::new(name, verification, error);
    CaptureResult { report, rows }
}

fn write_rows(file: &mut File, wanted: Rows, results: &[CaptureResult]) -> anyhow::Result<()> {
    let mut header = csv::Writer::from_writer(Vec::new());
    header.write_record(wanted.leading("capture").chain(messages::COLUMNS))?;
    file.write_all(&header.into_inner()?)?;
    Ok(results.iter().try_for_each(|result| file.write_all(&result.rows))?)
}

/// What is wrong with the captures and what keys are missing, on stderr.
fn tell(reports: &[CaptureReport], progress: &Progress) {
    for CaptureReport { capture, error, damage, unchecked_sessions, counts, .. } in reports {
        if let Some(error) = error {
            progress.error(format_args!("{capture}: {error}"));
            continue;
        }
        let unchecked = unchecked_sessions.iter().map(|one| {
            let UncheckedReport { connection, session, messages, reason } = one;
            let session = if session.is_empty() { "SMB1" } else { session };
            format!("connection {connection}, session {session}: {messages} messages not checked: {reason}")
        });
        if !unchecked_sessions.is_empty() {
            let messages: u64 = unchecked_sessions.iter().map(|session| session.messages).sum();
            let sessions = unchecked_sessions.len();
            progress.note(format_args!("{capture}: {messages} messages of {sessions} sessions not checked:"));
        }
        tell_first(progress, capture, unchecked);
        tell_first(progress, capture, damage.iter().cloned());
        if counts.frames == 0 {
            progress.note(format_args!("{capture}: no SMB messages"));
        }
    }
}

fn tell_first(progress: &Progress, capture: &str, mut lines: impl Iterator<Item = String>) {
    lines.by_ref().take(LINES_TOLD).for_each(|line| progress.note(format_args!("{capture}: {line}")));
    if let more @ 1.. = lines.count() {
        progress.note(format_args!("{capture}: and {more} more (--format json has all)"));
    }
}

const STEP_BYTES: u64 = 1 << 20;

fn steps(capture: &Path) -> u64 {
    fs::metadata(capture).map_or(1, |metadata| metadata.len() / STEP_BYTES + 1)
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
