//! From the directories that `run` left to the record's rows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use smbsign::record::{Kept, Measurement, read_runs};
use smbsign::regression::Sample;

use crate::row::Row;

/// The protections that are delayed, in turn, by a try's number.
const IN_TURN: [&str; 3] = ["aes-128-cmac", "hmac-sha256", "aes-128-gmac"];

/// The rows of every comparison that came to its end, by name.
pub(crate) fn rows(directory: &Path) -> anyhow::Result<Vec<Row>> {
    let mut names = Vec::new();
    for entry in entries(directory)? {
        if entry.extension().is_some_and(|extension| extension == "json") {
            names.extend(entry.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    let rows = names.iter().map(|name| of_try(directory, name).with_context(|| name.clone()));
    Ok(rows.collect::<anyhow::Result<Vec<_>>>()?.concat())
}

fn of_try(directory: &Path, name: &str) -> anyhow::Result<Vec<Row>> {
    let (percent, slowed) = delay(name)?;
    let kept = entries(&directory.join(name))?;
    let [kept] = kept.as_slice() else { bail!("{} directories with records, not 1", kept.len()) };
    let (old, new) = (read_runs(&kept.join("old"))?, read_runs(&kept.join("new"))?);
    if old.len() != new.len() {
        bail!("{} rounds of OLD, {} of NEW", old.len(), new.len());
    }
    let mut rows: Vec<Row> = Vec::new();
    for (Kept { run: old, .. }, Kept { run: new, .. }) in old.iter().zip(&new) {
        for (old, new) in old.measurements.iter().zip(&new.measurements) {
            let (protection, message_bytes) = (new.protection.to_string(), new.message_bytes);
            if (old.protection.to_string(), old.message_bytes) != (protection.clone(), message_bytes) {
                bail!("the sides measured different cells");
            }
            let slices = slices(old, new).context("a trial without figures")?;
            let same = |row: &&mut Row| (&row.protection, row.message_bytes) == (&protection, message_bytes);
            match rows.iter_mut().find(same) {
                Some(row) => row.rounds.push(slices),
                None => rows.push(Row {
                    try_name: name.to_owned(),
                    percent,
                    slowed: slowed.to_owned(),
                    protection,
                    message_bytes,
                    rounds: vec![slices],
                }),
            }
        }
    }
    Ok(rows)
}

/// What NEW of this try was delayed by, and in which protection's cells.
fn delay(name: &str) -> anyhow::Result<(u32, &'static str)> {
    let (kind, number) = name.split_once('-').context("a name without a number")?;
    let number: usize = number.parse()?;
    match kind {
        "aa" => Ok((0, "")),
        "s06" => Ok((6, IN_TURN[number % 3])),
        "s10" => Ok((10, IN_TURN[number % 3])),
        _ => bail!("no kind of try: {kind}"),
    }
}

fn slices(old: &Measurement, new: &Measurement) -> Option<Vec<f64>> {
    let pairs = old.trials.iter().zip(&new.trials);
    pairs.map(|(old, new)| Some((Sample::of(new)?.time / Sample::of(old)?.time).ln())).collect()
}

fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    Ok(read.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}
