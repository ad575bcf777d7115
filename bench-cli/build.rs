//! Puts the commit and the compiler into the binary, for the record's `tool`: only the build knows what it was built from
//! and with. Without git, or outside a checkout, they are absent and the record says null.

use std::path::Path;
use std::process::Command;

fn main() {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    if let Some(version) = first_line(Command::new(compiler).arg("--version")) {
        println!("cargo::rustc-env=SMBSIGN_RUSTC={version}");
    }
    if let Some(commit) = git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]) {
        println!("cargo::rustc-env=SMBSIGN_COMMIT={commit}");
    }

    // The reflog moves with every commit and checkout, the sources with every change that makes the tree dirty.
    let reflog = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    let sources = ["src", "../engine/src", "../engine/Cargo.toml", "../Cargo.lock"];
    for path in reflog.as_deref().into_iter().chain(sources).filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={path}");
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    first_line(Command::new("git").args(arguments))
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}
