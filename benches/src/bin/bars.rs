//! Measures what is asked of smbsign's lanes beside other libraries, and of its offload engine.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use smbsign::exit::Exit;
use smbsign::measure::self_check;
use smbsign::record::{Run, Store};
use smbsign_benches::peers::acceptance::{self, Options};
use smbsign_benches::peers::shot::WrongTag;
use smbsign_engine::kernels::Backend;

const COMMAND: &str = "cargo run --release -p smbsign-benches --features peers --bin bars --";

fn main() -> ExitCode {
    let exit = measure(&Options::parse()).err().map_or(Exit::Good, |error| {
        let exit = if error.is::<WrongTag>() { Exit::SelfCheckFailed } else { Exit::of(&error) };
        if exit != Exit::Good {
            eprintln!("bars: {error:#}");
        }
        exit
    });
    exit.into()
}

fn measure(options: &Options) -> anyhow::Result<()> {
    let output = options.making.output.open()?;
    Backend::available().try_for_each(self_check)?;
    let run = Run::start(smbsign::command::run::command_line(COMMAND), serde_json::Value::Null);
    let acceptance = acceptance::measure(options, &run)?;
    if let Some(directory) = &options.making.record {
        let store = Store::create(directory, &run, |store| {
            store.put("bars.json", |sink| acceptance.json(sink))?;
            store.put("README.md", |sink| acceptance.markdown(sink))
        });
        let store = store.with_context(|| format!("cannot keep the results in {}", directory.display()))?;
        writeln!(std::io::stderr(), "kept in {}", store.directory().display())?;
    }
    let format = output.format();
    output.write(|sink| acceptance.write(format, sink))?;
    Ok(())
}
