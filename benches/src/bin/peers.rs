//! Compares smbsign's lanes with other libraries: the same messages, in one run.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use smbsign::exit::Exit;
use smbsign::measure::self_check;
use smbsign::record::{Run, Store};
use smbsign_benches::peers::comparison::Comparison;
use smbsign_benches::peers::options::Options;
use smbsign_benches::peers::report;
use smbsign_benches::peers::shot::WrongTag;

const COMMAND: &str = "cargo run --release -p smbsign-benches --features peers --bin peers --";

fn main() -> ExitCode {
    let exit = compare(&Options::parse()).err().map_or(Exit::Good, |error| {
        let exit = if error.is::<WrongTag>() { Exit::SelfCheckFailed } else { Exit::of(&error) };
        if exit != Exit::Good {
            eprintln!("peers: {error:#}");
        }
        exit
    });
    exit.into()
}

fn compare(options: &Options) -> anyhow::Result<()> {
    let plan = options.plan()?;
    let output = options.making.output.open()?;
    self_check(plan.backend)?;
    let run = Run::start(smbsign::command::run::command_line(COMMAND), serde_json::Value::Null);
    let quiet = options.making.output.quiet;
    let mut progress = |cell: &str| {
        if !quiet {
            eprintln!("{cell}");
        }
    };
    let comparison = Comparison::run(&plan, &run, &mut progress)?;
    if !quiet {
        comparison.missing.iter().for_each(|absent| eprintln!("{}: {}", absent.peer, absent.reason));
    }
    if let Some(directory) = &options.making.record {
        let store = Store::create(directory, &run, |store| {
            store.put("peers.json", |sink| report::json(&comparison, sink))?;
            store.put("README.md", |sink| report::markdown(&comparison, sink))
        });
        let store = store.with_context(|| format!("cannot keep the results in {}", directory.display()))?;
        writeln!(std::io::stderr(), "kept in {}", store.directory().display())?;
    }
    let format = output.format();
    output.write(|sink| report::write(&comparison, format, sink))?;
    Ok(())
}
