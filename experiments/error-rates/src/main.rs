//! The experiment's record and its rates: `collect DIR` turns the comparisons that `run` played into the compact record,
//! `rates RECORD` judges it and prints the rates.

mod collect;
mod rates;
mod row;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use anyhow::{Context as _, bail};

use row::Row;

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error-rates: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<()> {
    match arguments {
        [command, directory] if command == "collect" => {
            Row::write(&collect::rows(Path::new(directory))?, io::stdout().lock())
        }
        [command, record] if command == "rates" => {
            let file = fs::File::open(record).with_context(|| format!("cannot read {record}"))?;
            print!("{}", rates::Rates::of(&Row::read(file)?));
            Ok(())
        }
        _ => bail!("usage: smbsign-error-rates collect DIR > RECORD, or rates RECORD"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
    }

    #[test]
    fn the_rates_in_the_readme_are_those_of_the_record() {
        let rows = Row::read(fs::File::open(beside("record.csv")).unwrap()).unwrap();
        let readme = fs::read_to_string(beside("README.md")).unwrap();
        let rates = rates::Rates::of(&rows).to_string();
        assert!(readme.contains(&rates), "README.md does not say:\n{rates}");
    }

    #[test]
    fn the_record_holds_every_try_with_its_six_cells_and_twenty_rounds() {
        let rows = Row::read(fs::File::open(beside("record.csv")).unwrap()).unwrap();
        let mut tries: Vec<_> = rows.iter().map(|row| &row.try_name).collect();
        tries.dedup();
        assert_eq!((tries.len(), rows.len()), (180, 180 * 6));
        for row in &rows {
            assert_eq!(row.rounds.len(), 20, "{}", row.try_name);
        }
    }
}
