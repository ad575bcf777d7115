//! The CI recipe: the script with a stand-in for smbsign, and the documents that name its commands. `.ci/run` executes the
//! same commands with the real one.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

const SCRIPT: &str = "ci-recipe/smbsign-ci.sh";
const COMMANDS: [&str; 5] = ["ab", "record", "compare", "build", "post"];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A directory with an executable that writes `comment` where it is told to, logs its arguments and exits with `code`.
fn stand_in(name: &str, code: u8) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$*\" >>'{0}/log'\nwhile [ $# -gt 1 ]; do\n[ \"$1\" = --output ] && echo a verdict >\"$2\"\n\
         shift\ndone\nexit {code}\n",
        directory.path().display()
    );
    let path = directory.path().join(name);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn script(stand_in: &tempfile::TempDir) -> Command {
    let mut command = Command::new("sh");
    command
        .current_dir(project())
        .arg(SCRIPT)
        .env("SMBSIGN_CI_DIR", stand_in.path().join("results"))
        .env("GITHUB_STEP_SUMMARY", stand_in.path().join("summary"))
        .env_remove("SMBSIGN_CI_COMPARE");
    command
}

fn read(directory: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(directory.path().join(name)).unwrap_or_default()
}

#[test]
fn a_comparison_is_shown_and_its_exit_code_handed_on() {
    for code in [0, 1, 3, 4] {
        let smbsign = stand_in("smbsign", code);
        let binary = smbsign.path().join("smbsign");
        let run = script(&smbsign).arg("ab").args([&binary, &binary]).args(["--threshold", "5"]).assert();
        run.code(i32::from(code)).stdout("a verdict\n");
        assert_eq!(read(&smbsign, "summary"), "a verdict\n");
        let log = read(&smbsign, "log");
        assert!(log.starts_with("ab ") && log.trim_end().ends_with("--threshold 5"), "{log}");
    }
}

#[test]
fn as_many_runs_as_asked_for_are_kept_and_options_reach_each() {
    let smbsign = stand_in("smbsign", 0);
    let binary = smbsign.path().join("smbsign");
    let mut record = script(&smbsign);
    record.env("SMBSIGN_CI_RUNS", "4").arg("record").arg(smbsign.path().join("kept")).arg(&binary);
    record.args(["--dialect", "3.1.1"]).assert().code(0);
    let log = read(&smbsign, "log");
    assert_eq!(log.lines().filter(|line| line.starts_with("run --record")).count(), 4, "{log}");
    assert!(log.lines().all(|line| line.ends_with("--dialect 3.1.1")), "{log}");
}

#[test]
fn a_baseline_that_is_not_there_and_a_commit_that_nobody_has_are_errors() {
    let smbsign = stand_in("smbsign", 0);
    let binary = smbsign.path().join("smbsign");
    script(&smbsign).args(["compare", "/nonexistent"]).arg(&binary).assert().code(2);
    script(&smbsign).args(["ab", "no-such-commit"]).arg(&binary).assert().code(2);
    script(&smbsign).arg("ab").arg(&binary).assert().code(2);
    assert_eq!(read(&smbsign, "log"), "", "nothing was run");
}

#[test]
fn a_comparison_becomes_a_comment_of_its_pull_request() {
    let gh = stand_in("gh", 0);
    let path = format!("{}:{}", gh.path().display(), std::env::var("PATH").unwrap());
    script(&gh).args(["post", "17"]).env("PATH", path).assert().code(0);
    let log = read(&gh, "log");
    assert!(log.starts_with("pr comment 17 ") && log.trim_end().ends_with("/comment.md"), "{log}");
}

#[test]
fn the_workflow_and_the_page_call_nothing_but_the_scripts_commands() {
    let text = |name| fs::read_to_string(project().join("ci-recipe").join(name)).unwrap();
    let (workflow, page) = (text("smbsign.yml"), text("README.md"));
    let steps =
        workflow.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("run: "));
    let steps: Vec<_> = steps.collect();
    assert!(steps.len() >= 3, "{steps:?}");
    assert_eq!(steps.len(), workflow.matches("run:").count(), "every step's command is one line");
    let shown = page.lines().filter(|line| line.starts_with(SCRIPT));
    for line in steps.into_iter().chain(shown) {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(SCRIPT), "{line}");
        let command = words.next().unwrap();
        assert!(COMMANDS.contains(&command), "{line}");
        let usage = format!("#   smbsign-ci.sh {command} ");
        assert!(text("smbsign-ci.sh").contains(&usage), "the script's head explains {command}");
    }
}
