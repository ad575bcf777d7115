//! `smbsign compare` through the real binary, on records that are written here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use fastrand::Rng;
use serde_json::Value;
use smbsign::record::{Protection, Run};
use smbsign::regression::{Cell, CellFloor, Floor};
use smbsign_engine::protocol::SigningAlgorithm;
use tempfile::TempDir;

use super::draw::{CALM, Noise, World, cells, run};

const CMAC: Protection = Protection::Signed(SigningAlgorithm::AesCmac);

/// Runs of a world, as they come.
fn drawn(world: &World, runs: u64, seed: u64) -> Vec<Run> {
    let mut rng = Rng::with_seed(seed);
    let cells = [cells("1GbE"), cells("max")].concat();
    (0..runs).map(|_| run(world, &cells, 1.0, &mut rng)).collect()
}

/// The times of one protection's trials, so many times as long.
fn slowed(mut runs: Vec<Run>, protection: Protection, times: f64) -> Vec<Run> {
    let cells = runs.iter_mut().flat_map(|run| &mut run.measurements);
    for trial in cells.filter(|cell| cell.protection == protection).flat_map(|cell| &mut cell.trials) {
        let longer = |time: u64| (time as f64 * times).round() as u64;
        (trial.busy_ns, trial.wall_ns) = (longer(trial.busy_ns), longer(trial.wall_ns));
        trial.cpu_ns = trial.cpu_ns.map(longer);
    }
    runs
}

/// Keeps both sides below a directory that lasts as long as this.
struct Sides {
    directory: TempDir,
}

impl Sides {
    fn of(base: &[Run], new: &[Run]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (side, runs) in [("base", base), ("new", new)] {
            for (number, run) in runs.iter().enumerate() {
                let of_run = directory.path().join(side).join(number.to_string());
                fs::create_dir_all(&of_run).unwrap();
                fs::write(of_run.join("record.json"), serde_json::to_vec(run).unwrap()).unwrap();
            }
        }
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn compare(&self, more: &[&str]) -> Output {
        compare(&self.path("base"), &self.path("new"), self.directory.path(), more)
    }
}

fn compare(base: &Path, new: &Path, below: &Path, more: &[&str]) -> Output {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("smbsign");
    command.current_dir(below).arg("compare").args([base, new]).args(more).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// The protections of the cells that have a verdict, each once.
fn protections(comparison: &Value, verdict: &str) -> Vec<String> {
    let cells = comparison["cells"].as_array().unwrap().iter().filter(|cell| cell["verdict"] == verdict);
    let mut names: Vec<_> =
        cells.map(|cell| cell["cell"]["protection"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_protection_made_slower_is_called_in_its_cells_and_in_no_other() {
    let (base, new) = (drawn(&CALM, 3, 1), drawn(&CALM, 3, 2));
    for (times, verdict, exit) in [(1.10, "regressed", 1), (1.0 / 1.10, "improved", 0)] {
        for new in [slowed(base.clone(), CMAC, times), slowed(new.clone(), CMAC, times)] {
            let output = Sides::of(&base, &new).compare(&["--format=json", "--fail-on=regressed"]);
            let comparison = json(&output);
            assert_eq!(code(&output), exit);
            assert_eq!(protections(&comparison, verdict), ["aes-128-cmac"]);
            let cells = comparison["cells"].as_array().unwrap();
            let of_cmac = cells.iter().filter(|cell| cell["cell"]["protection"] == "aes-128-cmac");
            assert!(of_cmac.clone().count() > 2 && of_cmac.clone().all(|cell| cell["verdict"] == verdict));
            assert!(
                cells.iter().all(|cell| cell["verdict"] != if exit == 1 { "improved" } else { "regressed" })
            );
        }
    }
}

#[test]
fn a_directory_against_itself_is_unchanged_and_good() {
    let noisy = World { noise: Noise::HeavyTails(0.5), offset: 0.2, ..CALM };
    for runs in [1, 3] {
        let runs = drawn(&noisy, runs, 3);
        let sides = Sides::of(&runs, &[]);
        let output =
            compare(&sides.path("base"), &sides.path("base"), sides.directory.path(), &["--format=json"]);
        assert_eq!((code(&output), json(&output)["verdict"].as_str()), (0, Some("unchanged")));
    }
}

#[test]
fn recorded_runs_of_this_repository_are_judged_too() {
    let kept =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/2026-11-22-amd-epyc-0544fa80/record.json");
    let run: Run = serde_json::from_slice(&fs::read(kept).unwrap()).unwrap();
    let base = vec![run; 3];
    let output = Sides::of(&base, &slowed(base.clone(), CMAC, 1.10)).compare(&["--format=json"]);
    assert_eq!(
        (code(&output), protections(&json(&output), "regressed")),
        (1, vec!["aes-128-cmac".to_owned()])
    );
}

#[test]
fn one_run_a_side_calls_nothing_without_a_floor_and_the_change_with_one() {
    let base = drawn(&CALM, 1, 4);
    let sides = Sides::of(&base, &slowed(base.clone(), CMAC, 1.10));
    let output = sides.compare(&["--format=json"]);
    let comparison = json(&output);
    assert_eq!(
        (code(&output), protections(&comparison, "inconclusive")),
        (3, vec!["aes-128-cmac".to_owned()])
    );
    assert!(comparison["notes"].to_string().contains("no floor"), "{comparison}");
    let cell =
        CellFloor { cell: Cell::of(&base[0].measurements[0]), shift: 0.001, spread: 0.015, rounds: 20 };
    let floor = Floor {
        schema: Floor::SCHEMA.to_owned(),
        machine: base[0].machine.clone(),
        tool: base[0].tool.clone(),
        cells: vec![cell],
    };
    let name = format!("floor-{}.json", base[0].machine.short_name());
    fs::create_dir(sides.path("results")).unwrap();
    fs::write(sides.path("results").join(&name), serde_json::to_vec(&floor).unwrap()).unwrap();
    let named = format!("--floor=results/{name}");
    for more in [&["--format=json"][..], &["--format=json", &named]] {
        let output = sides.compare(more);
        assert_eq!(
            (code(&output), protections(&json(&output), "regressed")),
            (1, vec!["aes-128-cmac".to_owned()])
        );
    }
    assert_eq!(code(&sides.compare(&["--floor=none"])), 3);
    fs::write(sides.path("results").join(&name), "{}").unwrap();
    let output = sides.compare(&[]);
    assert_eq!(code(&output), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains(&name), "{output:?}");
}

#[test]
fn records_of_different_machines_end_with_4_and_ignored_parts_are_told() {
    let base = drawn(&CALM, 3, 5);
    let mut new = drawn(&CALM, 3, 5);
    for run in &mut new {
        run.machine.kernel = Some("7.0".to_owned());
        run.tool.rustc = Some("rustc 1.96.0".to_owned());
    }
    let sides = Sides::of(&base, &new);
    let output = sides.compare(&[]);
    assert_eq!((code(&output), output.stdout.len()), (4, 0));
    let told = String::from_utf8_lossy(&output.stderr);
    for word in ["kernel", "6.18.44", "7.0", "rustc 1.95.0", "rustc 1.96.0"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(code(&sides.compare(&["--ignore=rustc"])), 4);
    let output = sides.compare(&["--ignore=rustc,kernel"]);
    assert_eq!(code(&output), 0);
    assert!(String::from_utf8_lossy(&output.stdout).contains("rustc 1.96.0"), "{output:?}");
}

#[test]
fn fail_on_says_which_verdicts_fail() {
    let base = drawn(&CALM, 3, 6);
    let new = slowed(slowed(base.clone(), CMAC, 1.10), Protection::Unsigned, 0.9);
    let sides = Sides::of(&base, &new);
    for (fail_on, exit) in
        [("regressed", 1), ("inconclusive", 0), ("improved", 1), ("inconclusive,regressed", 1)]
    {
        assert_eq!(code(&sides.compare(&["--fail-on", fail_on])), exit, "{fail_on}");
    }
    for refused in
        [["--fail-on", "slower"], ["--threshold", "3"], ["--ignore", "weather"], ["--floor", "absent.json"]]
    {
        assert_eq!(code(&sides.compare(&refused)), 2, "{refused:?}");
    }
    assert_eq!(code(&sides.compare(&["--threshold=15%"])), 0);
}

#[test]
fn paths_without_records_are_input_errors() {
    let sides = Sides::of(&drawn(&CALM, 1, 7), &[]);
    let output = sides.compare(&[]);
    assert_eq!((code(&output), output.stdout.len()), (2, 0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("new"), "{output:?}");
}
