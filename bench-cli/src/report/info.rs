//! What `smbsign info` shows.

use std::io::{self, Write};

use super::figures::{NO_FIGURE, count};
use super::{json, ruled};
use crate::command::info::{Algorithm, Info};
use crate::output::Format;

/// Writes what this machine has, in the form that was asked for.
///
/// # Errors
///
/// Those of the writer.
pub fn info(info: &Info, format: Format, sink: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table(info, sink),
        Format::Json => json(info, sink),
        Format::Csv => csv(info, sink),
    }
}

fn table(info: &Info, sink: &mut dyn Write) -> io::Result<()> {
    let machine = &info.machine;
    let unknown = || "unknown".to_owned();
    let facts = [
        ("CPU", format!("{}, {}", machine.cpu, count(machine.cores, "CPU"))),
        ("Features", machine.features.join(" ")),
        ("Microcode", machine.microcode.clone().unwrap_or_else(unknown)),
        ("System", format!("{}, kernel {}", machine.os, machine.kernel.clone().unwrap_or_else(unknown))),
        ("Hypervisor", machine.hypervisor.clone().unwrap_or_else(|| "none seen".to_owned())),
        ("Machine id", machine.id.clone()),
        ("Backends", info.backends.join(", ")),
    ];
    for (name, fact) in facts {
        writeln!(sink, "{name:<11} {fact}")?;
    }

    let mut table = ruled(["Algorithm", "Dialects", "Runs on", "Many at once on"], 4);
    for algorithm in &info.algorithms {
        let many = algorithm.many.as_deref().unwrap_or(NO_FIGURE);
        let dialects = algorithm.dialects.join(", ");
        table.add_row([algorithm.protection, &dialects, &algorithm.implementation, many]);
    }
    writeln!(sink, "\n{}\n", table.trim_fmt())?;

    if info.missing.is_empty() {
        return writeln!(sink, "No CPU feature is missing that any of these could use.");
    }
    for missing in &info.missing {
        writeln!(sink, "missing {:<11} would bring {}", missing.feature, missing.brings)?;
    }
    Ok(())
}

fn csv(info: &Info, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(sink);
    writer.write_record(["machine_id", "protection", "dialects", "backend", "implementation", "many"])?;
    for algorithm in &info.algorithms {
        let dialects = algorithm.dialects.join(" ");
        let Algorithm { protection, backend, implementation, many, .. } = algorithm;
        let many = many.as_deref().unwrap_or_default();
        let row = [&info.machine.id, *protection, &dialects, *backend, implementation, many];
        writer.write_record(row)?;
    }
    writer.flush()
}
