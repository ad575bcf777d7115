//! The command line: which command runs. Each command's own options stand beside it in [`command`](crate::command).

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::command::{ab, compare, info, policy, report, run, verify};
use crate::exit::Exit;

/// What SMB signing costs on this machine, and how close to free it can be.
///
/// Without a command, `run` measures with its defaults.
#[derive(Debug, Parser)]
#[command(name = "smbsign", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 good, 1 the answer is bad, 2 usage or input error, 3 inconclusive, 4 records that cannot be compared,
            5 the known-answer self-check failed";

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::Args>),
    Verify(verify::Args),
    Compare(compare::Args),
    Ab(Box<ab::Args>),
    Policy(policy::Args),
    Report(report::Args),
    Info(info::Args),
}

/// Does what the command line (the program's name first) asks for.
///
/// Help, and usage errors with exit code 2, end the process here.
///
/// # Errors
///
/// What the command could not use or write; the exit code for it is [`Exit::Input`].
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Exit> {
    match Cli::parse_from(with_default_command(arguments)).command {
        Command::Run(args) => run::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Ab(args) => ab::run(&args),
        Command::Policy(args) => policy::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Info(args) => info::run(&args),
    }
}

fn with_default_command(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.len() == 1 {
        arguments.push("run".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn without_a_command_run_is_meant() {
        let cli = Cli::try_parse_from(with_default_command(["smbsign".into()])).unwrap();
        assert!(matches!(cli.command, Command::Run(_)));
        assert!(Cli::try_parse_from(with_default_command(["smbsign".into(), "--help".into()])).is_err());
    }
}
