//! Where a record was made. What the system does not tell is null; nothing here fails.

use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smbsign_engine::kernels::cpu;

/// The machine and the system on it, as far as they bear on a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// Model name, with family, model and stepping, since virtual machines cut the name short; `unknown` if nothing tells.
    pub cpu: String,
    /// Logical CPUs that this process may use.
    pub cores: usize,
    /// CPU features that MACs and ciphers can use, as the engine finds and names them.
    pub features: Vec<String>,
    /// The microcode's revision.
    pub microcode: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The distribution or system.
    pub os: String,
    /// Who runs the machine, if it is virtual; null on bare metal and where nothing tells.
    pub hypervisor: Option<String>,
    /// Whether two logical CPUs share a core.
    pub smt: Option<bool>,
    /// Memory nodes.
    pub numa: Option<usize>,
    /// Bytes of a memory page.
    pub page_size: Option<u64>,
    /// The same for records that may be compared: a hash of everything above.
    pub id: String,
}

impl Machine {
    /// Asks the system that runs this process.
    #[must_use]
    pub fn read() -> Self {
        let cpuinfo = text("/proc/cpuinfo").unwrap_or_default();
        let flags = field(&cpuinfo, "flags").unwrap_or_default();
        let mut machine = Self {
            cpu: cpu_name(&cpuinfo),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            features: cpu::features().into_iter().map(str::to_owned).collect(),
            microcode: field(&cpuinfo, "microcode").map(str::to_owned),
            kernel: text("/proc/sys/kernel/osrelease"),
            os: text("/etc/os-release")
                .and_then(|release| distribution(&release))
                .unwrap_or_else(|| std::env::consts::OS.to_owned()),
            hypervisor: hypervisor(flags),
            smt: text("/sys/devices/system/cpu/smt/active").map(|active| active == "1"),
            numa: numa_nodes(),
            page_size: fs::read("/proc/self/auxv").ok().and_then(|auxv| page_size(&auxv)),
            id: String::new(),
        };
        machine.id = machine.fingerprint();
        machine
    }

    /// For names of files: what the CPU is sold as, and the first half of the id. `amd-epyc-9r14-0123abcd`.
    #[must_use]
    pub fn short_name(&self) -> String {
        let unmarked = self.cpu.replace("(R)", " ").replace("(TM)", " ").to_ascii_lowercase();
        let sold_as = unmarked.split(['@', '(']).next().unwrap_or_default();
        let words = sold_as.split(|letter: char| !letter.is_ascii_alphanumeric());
        let mut name = String::new();
        for word in words.filter(|word| !["", "cpu", "processor"].contains(word)).take(4) {
            name.push_str(word);
            name.push('-');
        }
        name + self.id.get(..8).unwrap_or(&self.id)
    }

    /// 16 hexadecimal digits over every other field.
    fn fingerprint(&self) -> String {
        let Self { cpu, cores, features, microcode, kernel, os, hypervisor, smt, numa, page_size, id: _ } =
            self;
        let facts = format!(
            "{cpu}\n{cores}\n{features:?}\n{microcode:?}\n{kernel:?}\n{os}\n{hypervisor:?}\n{smt:?}\n{numa:?}\n{page_size:?}"
        );
        hex::encode(&Sha256::digest(facts)[..8])
    }
}

fn text(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The first `name : value` line of a file like `/proc/cpuinfo`.
fn field<'a>(cpuinfo: &'a str, name: &str) -> Option<&'a str> {
    cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
        .filter(|value| !value.is_empty())
}

fn cpu_name(cpuinfo: &str) -> String {
    let name = field(cpuinfo, "model name").or_else(|| field(cpuinfo, "Processor")).unwrap_or("unknown");
    match (field(cpuinfo, "cpu family"), field(cpuinfo, "model"), field(cpuinfo, "stepping")) {
        (Some(family), Some(model), Some(stepping)) => {
            format!("{name} (family {family}, model {model}, stepping {stepping})")
        }
        _ => name.to_owned(),
    }
}

fn distribution(os_release: &str) -> Option<String> {
    let line = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

fn hypervisor(flags: &str) -> Option<String> {
    let virtual_machine = flags.split_whitespace().any(|flag| flag == "hypervisor");
    cpuid_hypervisor()
        .or_else(|| text("/sys/hypervisor/type"))
        .or_else(|| virtual_machine.then(|| text("/sys/class/dmi/id/sys_vendor")).flatten())
        .or_else(|| virtual_machine.then(|| "unnamed".to_owned()))
}

#[cfg(target_arch = "x86_64")]
fn cpuid_hypervisor() -> Option<String> {
    let information = raw_cpuid::CpuId::new().get_hypervisor_info()?;
    Some(format!("{:?}", information.identify()))
}

#[cfg(not(target_arch = "x86_64"))]
fn cpuid_hypervisor() -> Option<String> {
    None
}

fn numa_nodes() -> Option<usize> {
    let entries = fs::read_dir(Path::new("/sys/devices/system/node")).ok()?;
    let is_node = |name: &str| name.strip_prefix("node").is_some_and(|number| number.parse::<u32>().is_ok());
    Some(entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_node)).count())
}

/// The kernel tells a process its page size in the auxiliary vector: pairs of native words, `AT_PAGESZ` is 6.
fn page_size(auxv: &[u8]) -> Option<u64> {
    const AT_PAGESZ: usize = 6;
    let (words, _) = auxv.as_chunks::<{ size_of::<usize>() }>();
    let (pairs, _) = words.as_chunks::<2>();
    let [_, value] = pairs.iter().find(|[kind, _]| usize::from_ne_bytes(*kind) == AT_PAGESZ)?;
    u64::try_from(usize::from_ne_bytes(*value)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_system_gives_unknown_and_nulls() {
        assert_eq!(cpu_name(""), "unknown");
        assert_eq!(field("flags\t:\n", "flags"), None);
        assert_eq!(distribution("ID=x"), None);
        assert_eq!(page_size(&[1, 2, 3]), None);
    }

    #[test]
    fn names_and_flags_are_read_from_cpuinfo() {
        let cpuinfo = "model\t\t: 2\nmodel name\t: Some CPU\ncpu family\t: 26\nstepping\t: 1\nflags\t\t: fpu vaes aes\n";
        assert_eq!(cpu_name(cpuinfo), "Some CPU (family 26, model 2, stepping 1)");
        assert_eq!(field(cpuinfo, "flags"), Some("fpu vaes aes"));
    }

    #[test]
    fn a_short_name_is_readable_and_fit_for_a_path() {
        let named = |cpu: &str| {
            Machine { cpu: cpu.to_owned(), id: "0123456789abcdef".to_owned(), ..Machine::read() }.short_name()
        };
        assert_eq!(named("AMD EPYC (family 26, model 2, stepping 1)"), "amd-epyc-01234567");
        assert_eq!(named("AMD EPYC 9R14 96-Core Processor"), "amd-epyc-9r14-96-01234567");
        assert_eq!(
            named("Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz"),
            "intel-xeon-platinum-8370c-01234567"
        );
        assert_eq!(named("../.."), "01234567");
    }

    #[test]
    fn the_same_machine_has_the_same_id_and_another_kernel_another() {
        let machine = Machine::read();
        assert_eq!(machine.id, Machine::read().id);
        let other = Machine { kernel: Some("another".to_owned()), ..machine.clone() };
        assert_ne!(other.fingerprint(), machine.id);
    }
}
