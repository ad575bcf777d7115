//! One process of one of the two binaries.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::command::run::TURN;
use crate::exit::Exit;
use crate::interruption::Interruption;
use crate::record::{self, Run};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    /// What it is compared with.
    Old,
    /// What is compared.
    New,
}

impl Name {
    /// Both, as they stand on the command line.
    pub const BOTH: [Self; 2] = [Self::Old, Self::New];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Old => "OLD",
            Self::New => "NEW",
        })
    }
}

/// What became of a side that gave no record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SideError {
    /// No such program, or none that can be started.
    #[error("{side} cannot be started: {}", program.display())]
    Start {
        /// Which side.
        side: Name,
        /// What was to be started.
        program: PathBuf,
        /// Why it was not.
        #[source]
        source: io::Error,
    },
    /// A release from before `ab`.
    #[error("{side} does not know `run --in-step`: {} is older than `smbsign ab`, or another program", program.display())]
    NotInStep {
        /// Which side.
        side: Name,
        /// What was started.
        program: PathBuf,
    },
    /// It ended without a record.
    #[error("{side} ended with {status} and no record{}", said(stderr))]
    Died {
        /// Which side.
        side: Name,
        /// How it ended.
        status: ExitStatus,
        /// What it said on stderr.
        stderr: String,
    },
    /// Its known answers are wrong.
    #[error("{side} failed its known-answer self-check{}", said(stderr))]
    SelfCheck {
        /// Which side.
        side: Name,
        /// What it said on stderr.
        stderr: String,
    },
    /// It said nothing for too long.
    #[error("{side} said nothing for {patience:?} and was ended")]
    Silent {
        /// Which side.
        side: Name,
        /// How long it was waited for.
        patience: Duration,
    },
    /// What it printed is no record.
    #[error("{side} printed something that is no record: {reason}")]
    NoRecord {
        /// Which side.
        side: Name,
        /// What is wrong with it.
        reason: String,
    },
    /// They do not run the same trials.
    #[error(
        "the sides measure different cells: {old:?} and {new:?}; choose what both know, as with --protection"
    )]
    DifferentCells {
        /// What OLD comes to next.
        old: String,
        /// What NEW comes to next.
        new: String,
    },
}

fn said(stderr: &str) -> String {
    let stderr = stderr.trim();
    if stderr.is_empty() { String::new() } else { format!("; it said: {stderr}") }
}

/// A record as a side printed it, and what it says.
#[derive(Debug, Clone)]
pub struct Record {
    /// As it came.
    pub text: String,
    /// The same, read.
    pub run: Run,
}

/// What a side has said.
#[derive(Debug)]
pub(super) enum Said {
    /// It waits for its turn in this cell.
    Turn(String),
    /// It closed its stdout; this was the rest.
    Rest(String),
}

/// Why there is nothing more to be heard.
pub(super) enum Unheard {
    Interrupted,
    Silent,
}

/// A process; ended and waited for when dropped.
pub(super) struct Side {
    pub(super) name: Name,
    program: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<Said>,
    stderr: Arc<Mutex<String>>,
    overhearing: Option<JoinHandle<()>>,
    patience: Duration,
}

/// More than any record.
const MOST_BYTES: u64 = 64 << 20;
/// More than anybody reads of an error.
const MOST_ERROR_BYTES: u64 = 16 << 10;
/// How long a side that was told to end may take.
const FAREWELL: Duration = Duration::from_secs(5);

impl Side {
    pub(super) fn start(
        name: Name,
        program: &Path,
        arguments: &[OsString],
        patience: Duration,
    ) -> Result<Self, SideError> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for this process, which ends the sides in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let failed = |source| SideError::Start { side: name, program: program.to_owned(), source };
        let mut child = command.spawn().map_err(failed)?;
        let (sender, said) = mpsc::channel();
        let stderr = Arc::new(Mutex::new(String::new()));
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || listen(stdout, &sender));
        }
        let overhearing = child.stderr.take().map(|pipe| {
            let heard = Arc::clone(&stderr);
            thread::spawn(move || overhear(pipe, &heard))
        });
        let stdin = child.stdin.take();
        Ok(Self { name, program: program.to_owned(), child, stdin, said, stderr, overhearing, patience })
    }

    /// The next thing that it says.
    pub(super) fn next(&self, interruption: &Interruption) -> Result<Said, Unheard> {
        const STEP: Duration = Duration::from_millis(50);
        let since = Instant::now();
        while since.elapsed() < self.patience {
            match self.said.recv_timeout(STEP) {
                Ok(said) => return Ok(said),
                Err(RecvTimeoutError::Timeout) if interruption.is_asked_for() => {
                    return Err(Unheard::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Said::Rest(String::new())),
            }
        }
        Err(Unheard::Silent)
    }

    /// It is its turn. Whether it still listens shows in what it says next.
    pub(super) fn go(&mut self) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(b"\n").and_then(|()| stdin.flush());
        }
    }

    pub(super) fn silent(&self) -> SideError {
        SideError::Silent { side: self.name, patience: self.patience }
    }

    /// Lets it end with what it has measured, and reads that.
    pub(super) fn dismiss(&mut self) -> Result<Record, SideError> {
        self.stdin = None;
        let until = Instant::now() + FAREWELL;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.said.recv_timeout(left) {
                Ok(Said::Turn(_)) => {}
                Ok(Said::Rest(text)) => return self.conclude(text),
                Err(_) => break,
            }
        }
        Err(SideError::Silent { side: self.name, patience: FAREWELL })
    }

    /// Judges what it left, now that it has said everything.
    pub(super) fn conclude(&mut self, text: String) -> Result<Record, SideError> {
        self.stdin = None;
        let (side, status) = (self.name, self.wait());
        self.hear_out();
        let stderr = || self.stderr.lock().map(|heard| heard.clone()).unwrap_or_default();
        let code = status.and_then(|status| status.code());
        if code == Some(Exit::SelfCheckFailed as i32) {
            return Err(SideError::SelfCheck { side, stderr: stderr() });
        }
        match status {
            None => return Err(self.silent()),
            Some(_) if !text.trim().is_empty() => {}
            Some(_) if code == Some(Exit::Input as i32) && stderr().contains("--in-step") => {
                return Err(SideError::NotInStep { side, program: self.program.clone() });
            }
            Some(status) => return Err(SideError::Died { side, status, stderr: stderr() }),
        }
        match record::parse(text.as_bytes()) {
            Ok(run) => Ok(Record { text, run }),
            Err(error) => Err(SideError::NoRecord { side, reason: error.to_string() }),
        }
    }

    /// Waits for its last words, which may still be on their way when it has ended; not for those of a process that it left.
    fn hear_out(&self) {
        const LAST_WORDS: Duration = Duration::from_millis(500);
        let until = Instant::now() + LAST_WORDS;
        while self.overhearing.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < until
        {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Its end; `None` if it does not come.
    fn wait(&mut self) -> Option<ExitStatus> {
        let until = Instant::now() + FAREWELL;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) => thread::sleep(Duration::from_millis(1)),
                Err(_) => return None,
            }
        }
        None
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Passes on what is announced, and then all the rest at once.
fn listen(stdout: impl Read, sender: &Sender<Said>) {
    let mut stdout = BufReader::new(stdout.take(MOST_BYTES));
    let mut line = Vec::new();
    while stdout.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let Some(cell) = line.strip_prefix(TURN.as_bytes()) else { break };
        if sender.send(Said::Turn(String::from_utf8_lossy(cell).trim_end().to_owned())).is_err() {
            return;
        }
        line.clear();
    }
    let _ = stdout.read_to_end(&mut line);
    let _ = sender.send(Said::Rest(String::from_utf8_lossy(&line).into_owned()));
}

/// Keeps the beginning of what is said on stderr, and reads the rest so that nobody waits.
fn overhear(mut stderr: impl Read, heard: &Mutex<String>) {
    let mut chunk = [0; 1024];
    let mut kept = 0;
    while let Ok(length @ 1..) = stderr.read(&mut chunk) {
        if let (true, Ok(mut heard)) = (kept < MOST_ERROR_BYTES, heard.lock()) {
            heard.push_str(&String::from_utf8_lossy(&chunk[..length]));
        }
        kept += length as u64;
    }
}
