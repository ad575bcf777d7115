//! The program that counts instructions, as a script sees it.

use assert_cmd::Command;
use smbsign_benches::instructions::Limits;
use smbsign_engine::kernels::Backend;

fn instructions() -> Command {
    Command::new(env!("CARGO_BIN_EXE_instructions"))
}

#[test]
fn a_backend_that_valgrind_would_replace_is_refused() {
    for backend in Backend::available().filter(|backend| *backend != Backend::Portable) {
        let refused = instructions().args(["--backend", backend.name()]).assert().code(2);
        let message = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(message.contains("cannot be counted") && message.contains(backend.name()), "{message}");
        println!("refused: {backend}");
    }
    instructions().args(["--backend", "sha-ni"]).assert().code(2);
}

#[test]
fn a_machine_without_valgrind_is_told_so_and_not_passed() {
    let told = instructions().env("PATH", "").assert().code(3);
    let message = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
    assert!(message.contains("`valgrind` is not installed"), "{message}");
}

#[test]
fn every_benchmark_has_a_limit_in_the_repository() {
    let limits = Limits::parse(include_str!("../instructions.toml")).unwrap();
    let names: Vec<_> = smbsign_benches::instructions::all().map(|benchmark| benchmark.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(limits.names().collect::<Vec<_>>(), sorted);
}
