//! What made a run, and where.

use super::figures::count;
use crate::record::{Machine, Run};

/// `AMD EPYC …, 2 CPUs under KVM, Debian GNU/Linux 12 (bookworm)`.
pub(super) fn machine(machine: &Machine) -> String {
    let under = machine.hypervisor.as_ref().map(|hypervisor| format!(" under {hypervisor}"));
    format!("{}, {}{}, {}", machine.cpu, count(machine.cores, "CPU"), under.unwrap_or_default(), machine.os)
}

/// `smbsign 0.1.0 at 0123456789ab, 2026-01-02 03:04Z`.
pub(super) fn revision(run: &Run) -> String {
    let commit = run.tool.commit.as_ref().map(|commit| format!(" at {commit}"));
    format!(
        "smbsign {}{}, {}",
        run.tool.version,
        commit.unwrap_or_default(),
        run.started.strftime("%F %H:%MZ")
    )
}
