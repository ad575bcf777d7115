//! Measures what is asked of smbsign's lanes beside other libraries.

use std::process::ExitCode;

use clap::Parser as _;
use smbsign::exit::Exit;
use smbsign::measure::self_check;
use smbsign::output::Format;
use smbsign::record::Run;
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
    let output = options.output.open()?;
    Backend::available().try_for_each(self_check)?;
    let run = Run::start(smbsign::command::run::command_line(COMMAND), serde_json::Value::Null);
    let acceptance = acceptance::measure(options, &run)?;
    let format = output.format();
    output.write(|sink| match format {
        Format::Table => acceptance.table(sink),
        Format::Json => acceptance.json(sink),
        Format::Csv => acceptance.csv(sink),
    })?;
    Ok(())
}
