//! `smbsign`: what SMB signing costs on this machine.

use std::process::ExitCode;

use smbsign::cli;
use smbsign::exit::Exit;

fn main() -> ExitCode {
    let exit = cli::run(std::env::args_os()).unwrap_or_else(|error| {
        let exit = Exit::of(&error);
        if exit != Exit::Good {
            eprintln!("smbsign: {error:#}");
        }
        exit
    });
    exit.into()
}
