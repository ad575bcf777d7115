//! Intel's Multi-Buffer Crypto for IPsec, version 1.3: `intel-ipsec-mb.h`.
//!
//! A manager is a table of functions at fixed places, to which versions only append, and the memory of its jobs. The places
//! and the layout of a job are written down here and held against the installed header by a test.

mod gmac;
mod layout;
mod loops;

use core::ffi::{c_uint, c_void};

use super::super::contender::{Job, Missing, Refused, Tag};
use super::handle::{Destructor, Handle};
use super::shared_library::SharedLibrary;
pub(in super::super) use gmac::Gmac;
use layout::{IMB_AUTH_AES_CMAC, IMB_AUTH_HMAC_SHA_256, IMB_AUTH_MD5, ManagerHead, VERSION};
use loops::{Checks, Work, in_bursts, in_hash_bursts, one_by_one};

const FILE: &str = "libIPSec_MB.so.1";

/// The library, loaded.
#[derive(Clone, Copy)]
pub(in super::super) struct IpsecMb {
    library: SharedLibrary,
    alloc: unsafe extern "C" fn(u64) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    version: c_uint,
}

impl IpsecMb {
    pub(in super::super) fn load() -> Result<Self, Missing> {
        let library = SharedLibrary::load(FILE)?;
        // SAFETY: the signature of the header.
        let version: unsafe extern "C" fn() -> c_uint = unsafe { library.function("imb_get_version") }?;
        // SAFETY: it takes nothing and reads a constant.
        let version = unsafe { version() };
        if version & !0xff != VERSION {
            return Err(library.unknown(format!("{}; the layout of 1.3 is known", dotted(version))));
        }
        Ok(Self {
            library,
            // SAFETY: the signature of the header.
            alloc: unsafe { library.function("alloc_mb_mgr") }?,
            // SAFETY: the signature of the header, but for the type that the pointer points to.
            free: unsafe { library.function("free_mb_mgr") }?,
            version,
        })
    }

    pub(in super::super) fn version(self) -> String {
        dotted(self.version)
    }
}

fn dotted(version: c_uint) -> String {
    format!("{}.{}.{}", version >> 16, (version >> 8) & 0xff, version & 0xff)
}

/// Which of the library's code paths a manager uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Architecture {
    Sse,
    Avx2,
    Avx512,
}

impl Architecture {
    pub(in super::super) const ALL: [Self; 3] = [Self::Sse, Self::Avx2, Self::Avx512];

    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    const fn initialiser(self) -> &'static str {
        match self {
            Self::Sse => "init_mb_mgr_sse",
            Self::Avx2 => "init_mb_mgr_avx2",
            Self::Avx512 => "init_mb_mgr_avx512",
        }
    }
}

/// How jobs are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Api {
    /// One by one: `get_next_job`, `submit_job`, `get_completed_job`.
    Jobs,
    /// Up to 128 at once: `get_next_burst`, `submit_burst`.
    Burst,
    /// Up to 128 of one hash at once, in the caller's memory: `submit_hash_burst`.
    HashBurst,
}

impl Api {
    pub(in super::super) const ALL: [Self; 3] = [Self::Jobs, Self::Burst, Self::HashBurst];

    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Burst => "burst",
            Self::HashBurst => "hash burst",
        }
    }
}

/// A MAC of the job and burst APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum JobMac {
    AesCmac,
    HmacSha256,
    HmacMd5,
}

impl JobMac {
    const fn hash(self) -> c_uint {
        match self {
            Self::AesCmac => IMB_AUTH_AES_CMAC,
            Self::HmacSha256 => IMB_AUTH_HMAC_SHA_256,
            Self::HmacMd5 => IMB_AUTH_MD5,
        }
    }
}

/// What a job needs of a key: round keys and subkeys, or the states after both pads.
#[repr(C, align(64))]
struct JobKey {
    expanded: [u8; 176],
    first: [u8; 32],
    second: [u8; 32],
}

/// A manager with the prepared keys of its jobs.
pub(in super::super) struct Manager {
    handle: Handle,
    mac: JobMac,
    keys: Vec<JobKey>,
    state: State,
}

/// Whether a manager gave back every job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// It may still hold jobs, whose messages and tags are gone: it must never run again. Version 1.3 loses jobs of bursts
    /// when its ring is full and the oldest job is a long one.
    Lost,
}

impl Manager {
    /// Nothing where the CPU does not have the architecture.
    pub(in super::super) fn new(
        library: IpsecMb,
        architecture: Architecture,
        mac: JobMac,
        keys: &[[u8; 16]],
    ) -> Option<Self> {
        let mut handle = initialised(library, architecture)?;
        let keys = keys.iter().map(|key| job_key(head(&mut handle), mac, key)).collect();
        Some(Self { handle, mac, keys, state: State::Good })
    }

    /// Whether the checked calls of this API take the MAC; the unchecked ones, which are timed, must not be asked.
    pub(in super::super) fn takes(&mut self, api: Api) -> bool {
        let message = [0; 64];
        let jobs = [Job { key: 0, nonce: &[0; 12], message: &message }; 16];
        let mut tags = [[0; 16]; 16];
        self.run(api, Checks::On, &jobs, 1, &mut tags).is_ok()
    }

    /// MACs the jobs over and over without waiting between passes; what is in flight at the end is flushed.
    pub(in super::super) fn tags(
        &mut self,
        api: Api,
        jobs: &[Job<'_>],
        passes: usize,
        tags: &mut [Tag],
    ) -> Result<(), Refused> {
        self.run(api, Checks::Off, jobs, passes, tags)
    }

    fn run(
        &mut self,
        api: Api,
        checks: Checks,
        jobs: &[Job<'_>],
        passes: usize,
        tags: &mut [Tag],
    ) -> Result<(), Refused> {
        assert!(jobs.len() <= tags.len() && jobs.iter().all(|job| job.key < self.keys.len()));
        if self.state == State::Lost {
            return Err(Refused { call: api.name() });
        }
        let manager = head(&mut self.handle);
        let work = Work { jobs, tags: tags.as_mut_ptr(), keys: &self.keys, mac: self.mac };
        // SAFETY: `manager` is an initialised one; every job that `work` fills points to messages, keys and tags that live
        // until this call returns, and the three loops return once all jobs are back; a manager that
        // lost one never runs again.
        let completed = unsafe {
            match api {
                Api::Jobs => one_by_one(manager, checks, &work, passes),
                Api::Burst => in_bursts(manager, checks, &work, passes),
                Api::HashBurst => in_hash_bursts(manager, checks, &work, passes),
            }
        };
        if completed == jobs.len() * passes {
            return Ok(());
        }
        self.state = State::Lost;
        Err(Refused { call: api.name() })
    }
}

fn initialised(library: IpsecMb, architecture: Architecture) -> Option<Handle> {
    // SAFETY: the signature of the header, but for the type that the pointer points to.
    let initialise: unsafe extern "C" fn(*mut c_void) =
        unsafe { library.library.function(architecture.initialiser()) }.ok()?;
    // SAFETY: flags 0 are the default.
    let allocated = unsafe { (library.alloc)(0) };
    // SAFETY: freshly allocated by its own function, freed by the function of the same library.
    let mut handle = unsafe { Handle::owning(allocated, Destructor::Plain(library.free)) }?;
    // SAFETY: a manager that was just allocated.
    unsafe { initialise(handle.object()) };
    // SAFETY: an initialised manager begins with this head.
    let errno = unsafe { (*head(&mut handle)).errno };
    (errno == 0).then_some(handle)
}

/// The manager's beginning.
const fn head(handle: &mut Handle) -> *mut ManagerHead {
    handle.object().cast()
}

fn job_key(manager: *mut ManagerHead, mac: JobMac, key: &[u8; 16]) -> JobKey {
    // SAFETY: an initialised manager.
    let table = unsafe { &*manager };
    let mut prepared = JobKey { expanded: [0; 176], first: [0; 32], second: [0; 32] };
    let pads = [0x36, 0x5c].map(|pad| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    });
    let states = [&mut prepared.first, &mut prepared.second];
    match mac {
        JobMac::AesCmac => {
            let mut decryption = [0_u8; 176];
            // SAFETY: a key of 16 bytes, two schedules of 176.
            unsafe {
                (table.keyexp_128)(
                    key.as_ptr().cast(),
                    prepared.expanded.as_mut_ptr().cast(),
                    decryption.as_mut_ptr().cast(),
                );
            }
            let [first, second] = states;
            // SAFETY: a schedule, and two subkeys of 16 bytes.
            unsafe {
                (table.cmac_subkey_gen_128)(
                    prepared.expanded.as_ptr().cast(),
                    first.as_mut_ptr().cast(),
                    second.as_mut_ptr().cast(),
                );
            }
        }
        JobMac::HmacSha256 | JobMac::HmacMd5 => {
            let one_block = if mac == JobMac::HmacMd5 { table.md5_one_block } else { table.sha256_one_block };
            for (block, state) in pads.iter().zip(states) {
                // SAFETY: a block of 64 bytes, and room for the larger state.
                unsafe { one_block(block.as_ptr().cast(), state.as_mut_ptr().cast()) };
            }
        }
    }
    prepared
}
