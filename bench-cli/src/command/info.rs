//! `smbsign info`: what this machine has, and what each algorithm will run on.

use serde::Serialize;
use smbsign_engine::kernels::{Backend, cpu};
use smbsign_engine::protocol::{Cipher, Dialect, SigningAlgorithm};

use crate::exit::Exit;
use crate::measure::implementation;
use crate::output::OutputOptions;
use crate::record::{Engine, Machine, Protection, Tool};
use crate::report;

/// Show the CPU's features, the backends and what each algorithm will run on
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    output: OutputOptions,
}

/// What `smbsign info` tells; its JSON is this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Info {
    /// `smbsign.info/1`.
    pub schema: &'static str,
    /// This program.
    pub tool: Tool,
    /// This machine.
    pub machine: Machine,
    /// Slowest first; the last one is used unless another is asked for.
    pub backends: Vec<&'static str>,
    /// Every protection with its implementation on the best backend.
    pub algorithms: Vec<Algorithm>,
    /// CPU features that would help and are not there.
    pub missing: Vec<MissingFeature>,
}

/// A protection and what runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Algorithm {
    /// Its name in records.
    pub protection: &'static str,
    /// The dialects that know it.
    pub dialects: Vec<&'static str>,
    /// The backend whose kernels it was offered.
    pub backend: &'static str,
    /// The code that runs: a kernel with its instructions, or a crate with its version.
    pub implementation: String,
    /// The same where many messages are there at once; none where each is done by itself.
    pub many: Option<String>,
}

/// A CPU feature that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MissingFeature {
    /// As [`Machine::features`] spells it.
    pub feature: &'static str,
    /// What would be faster with it.
    pub brings: &'static str,
}

/// Tells what is here.
///
/// # Errors
///
/// The destination cannot be opened or written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let output = args.output.open()?;
    let (format, info) = (output.format(), Info::read());
    output.write(|sink| report::info(&info, format, sink))?;
    Ok(Exit::Good)
}

impl Info {
    /// Asks the system and the engine.
    #[must_use]
    pub fn read() -> Self {
        let signing = SigningAlgorithm::ALL.map(Protection::Signed);
        let sealing = Cipher::ALL.map(Protection::Sealed);
        Self {
            schema: "smbsign.info/1",
            tool: Tool::current(),
            machine: Machine::read(),
            backends: Backend::available().map(Backend::name).collect(),
            algorithms: signing.into_iter().chain(sealing).map(Algorithm::of).collect(),
            missing: missing(&cpu::features()),
        }
    }
}

impl Algorithm {
    fn of(protection: Protection) -> Self {
        let backend = Backend::detect();
        Self {
            protection: protection.name(),
            dialects: Dialect::ALL
                .into_iter()
                .filter(|dialect| protection.is_known_to(*dialect))
                .map(Dialect::name)
                .collect(),
            backend: backend.name(),
            implementation: implementation(protection, Engine::Serial, backend),
            many: Engine::Lanes.runs(protection).then(|| implementation(protection, Engine::Lanes, backend)),
        }
    }
}

/// What each feature is good for. Only what some code here asks for, on the architecture that has it.
#[cfg(target_arch = "x86_64")]
const USES: &[MissingFeature] = &[
    MissingFeature {
        feature: "aes",
        brings: "AES in hardware: CMAC, GMAC and encryption many times as fast",
    },
    MissingFeature { feature: "pclmulqdq", brings: "GHASH in hardware: GMAC and GCM many times as fast" },
    MissingFeature { feature: "sha", brings: "SHA-256 in hardware: HMAC-SHA256 several times as fast" },
    MissingFeature { feature: "avx2", brings: "the avx2 backend: single-stream CMAC and GMAC kernels" },
    MissingFeature {
        feature: "avx512f",
        brings: "the avx512 backend, with avx512bw, avx512vl, vaes, vpclmulqdq",
    },
    MissingFeature { feature: "avx512bw", brings: "part of the avx512 backend" },
    MissingFeature { feature: "avx512vl", brings: "part of the avx512 backend" },
    MissingFeature { feature: "vaes", brings: "AES on wide vectors: faster GMAC and GCM" },
    MissingFeature { feature: "vpclmulqdq", brings: "GHASH on wide vectors: faster GMAC and GCM" },
];
#[cfg(not(target_arch = "x86_64"))]
const USES: &[MissingFeature] = &[];

fn missing(present: &[&str]) -> Vec<MissingFeature> {
    USES.iter().copied().filter(|use_| !present.contains(&use_.feature)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_names_what_it_runs_on_and_who_speaks_it() {
        for algorithm in Info::read().algorithms {
            assert_ne!(algorithm.implementation, "none", "{algorithm:?}");
            assert!(!algorithm.dialects.is_empty(), "{algorithm:?}");
        }
    }

    #[test]
    fn a_cpu_without_sha_is_told_what_it_lacks() {
        let names =
            |present: &[&str]| missing(present).iter().map(|missing| missing.feature).collect::<Vec<_>>();
        assert_eq!(names(&[]).len(), USES.len());
        assert!(!names(&["sha"]).contains(&"sha"));
    }
}
