//! `smbsign`: what SMB signing costs on this machine.

use std::process::ExitCode;

use smbsign::cli;
use smbsign::exit::Exit;
use smbsign::output::is_broken_pipe;

fn main() -> ExitCode {
    let exit = match cli::run(std::env::args_os()) {
        Ok(exit) => exit,
        // The reader has seen enough.
        Err(error) if is_broken_pipe(&error) => Exit::Good,
        Err(error) => {
            eprintln!("smbsign: {error:#}");
            Exit::Input
        }
    };
    exit.into()
}
