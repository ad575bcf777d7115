//! ipsec-mb: jobs of many messages over the lanes of its managers.

use smbsign_engine::protocol::SigningAlgorithm;

use super::contender::{Contender, Function, Job, Missing, OneByOne, Peer, Refused, Tag};
use super::ffi::{Api, Architecture, Gmac, IpsecMb, JobMac, Manager};

/// What it takes at most in CMAC, HMAC and CCM; beyond, it refuses, or yields a wrong tag where it does not check.
const LONGEST_JOB: usize = 65_534;

pub(super) fn open() -> Result<Box<dyn Peer>, Missing> {
    Ok(Box::new(IpsecMb::load()?))
}

impl Peer for IpsecMb {
    fn version(&self) -> String {
        Self::version(*self)
    }

    fn longest(&self, algorithm: SigningAlgorithm) -> usize {
        if algorithm == SigningAlgorithm::AesGmac { usize::MAX } else { LONGEST_JOB }
    }

    fn contenders(&self, algorithm: SigningAlgorithm, keys: &[[u8; 16]]) -> Vec<Box<dyn Contender>> {
        let mac = match algorithm {
            SigningAlgorithm::Md5 => JobMac::HmacMd5,
            SigningAlgorithm::HmacSha256 => JobMac::HmacSha256,
            SigningAlgorithm::AesCmac => JobMac::AesCmac,
            SigningAlgorithm::AesGmac => return direct_gcm(*self, keys),
        };
        let ways = Architecture::ALL.into_iter().flat_map(|one| Api::ALL.map(|api| (one, api)));
        ways.filter_map(|(architecture, api)| {
            let mut manager = Manager::new(*self, architecture, mac, keys)?;
            let call = format!("{} {}", architecture.name(), api.name());
            let contender = |manager| Box::new(Jobs { call, api, mac, manager }) as Box<dyn Contender>;
            manager.takes(api).then(|| contender(manager))
        })
        .collect()
    }
}

fn direct_gcm(library: IpsecMb, keys: &[[u8; 16]]) -> Vec<Box<dyn Contender>> {
    let direct = |architecture| {
        let gmac = Gmac::new(library, architecture, keys)?;
        let call = match architecture {
            Architecture::Sse => "sse direct GCM",
            Architecture::Avx2 => "avx2 direct GCM",
            Architecture::Avx512 => "avx512 direct GCM",
        };
        Some(OneByOne::boxed(call, move |job| gmac.tag(job)))
    };
    Architecture::ALL.into_iter().filter_map(direct).collect()
}

struct Jobs {
    call: String,
    api: Api,
    mac: JobMac,
    manager: Manager,
}

impl Contender for Jobs {
    fn call(&self) -> &str {
        &self.call
    }

    fn function(&self) -> Function {
        if self.mac == JobMac::HmacMd5 { Function::HmacMd5 } else { Function::Signature }
    }

    fn in_flight(&self) -> usize {
        128
    }

    fn run(&mut self, jobs: &[Job<'_>], passes: usize, tags: &mut [Tag]) -> Result<(), Refused> {
        self.manager.tags(self.api, jobs, passes, tags)
    }
}
