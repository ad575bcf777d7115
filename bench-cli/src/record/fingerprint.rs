//! Whether the figures of two records may be compared at all.

use std::fmt;

use super::{Measurement, Run};

/// What decides whether two runs may be compared: the machine, the system under the program and the compiler that made it.
///
/// It is read off the fields of the record. `machine.id` has no say: it is there for names, and another version may
/// compute it from more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<(Part, String)>);

/// One thing that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The CPU's model.
    Cpu,
    /// Its features that kernels use.
    Features,
    /// The revision of its microcode.
    Microcode,
    /// How many logical CPUs there are to use.
    Cores,
    /// Whether two of them share a core.
    Smt,
    /// Who runs the machine, if it is virtual.
    Hypervisor,
    /// The kernel's release.
    Kernel,
    /// Bytes of a memory page.
    PageSize,
    /// The compiler.
    Rustc,
    /// The backend of one cell.
    Backend,
    /// What computes in one cell, with its version.
    Implementation,
}

/// A part that differs, with what each side says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What differs.
    pub part: Part,
    /// What BASE has.
    pub base: String,
    /// What NEW has.
    pub new: String,
}

impl Fingerprint {
    /// Of one run.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let machine = &run.machine;
        let mut features = machine.features.clone();
        features.sort();
        Self(vec![
            (Part::Cpu, machine.cpu.clone()),
            (Part::Features, features.join(" ")),
            (Part::Microcode, told(machine.microcode.as_ref())),
            (Part::Cores, machine.cores.to_string()),
            (Part::Smt, told(machine.smt)),
            (Part::Hypervisor, told(machine.hypervisor.as_ref())),
            (Part::Kernel, told(machine.kernel.as_ref())),
            (Part::PageSize, told(machine.page_size)),
            (Part::Rustc, told(run.tool.rustc.as_ref())),
        ])
    }

    /// Of one cell: which code computed in it.
    #[must_use]
    pub fn of_cell(cell: &Measurement) -> Self {
        Self(vec![(Part::Backend, cell.backend.clone()), (Part::Implementation, cell.implementation.clone())])
    }

    /// Its parts, each with what the record says of it.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        self.0.iter().map(|(part, value)| (*part, value.as_str()))
    }
}

/// The parts in which two fingerprints of the same kind differ; where there are none, figures may be compared.
#[must_use]
pub fn mismatches(base: &Fingerprint, new: &Fingerprint) -> Vec<Mismatch> {
    let pairs = base.0.iter().zip(&new.0).filter(|((_, base), (_, new))| base != new);
    pairs
        .map(|((part, base), (_, new))| Mismatch { part: *part, base: base.clone(), new: new.clone() })
        .collect()
}

fn told(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "not told".to_owned(), |value| value.to_string())
}

impl Part {
    /// As a sentence names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Features => "CPU features",
            Self::Microcode => "microcode",
            Self::Cores => "cores",
            Self::Smt => "SMT",
            Self::Hypervisor => "hypervisor",
            Self::Kernel => "kernel",
            Self::PageSize => "page size",
            Self::Rustc => "rustc",
            Self::Backend => "backend",
            Self::Implementation => "implementation",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} against {:?}", self.part, self.base, self.new)
    }
}
