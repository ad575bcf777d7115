//! Intel's Multi-Buffer Crypto for IPsec, version 1.3: `intel-ipsec-mb.h`.
//!
//! A manager is a table of functions at fixed places, to which versions only append, and the memory of its jobs. The places
//! and the layout of a job are written down here and held against the installed header by a test.

use core::ffi::{c_int, c_uint, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;

use super::super::contender::{Job, Missing, Refused, Tag};
use super::handle::{Destructor, Handle};
use super::shared_library::SharedLibrary;

const FILE: &str = "libIPSec_MB.so.1";
/// `IMB_VERSION_NUM` without its last byte: the layouts below hold for 1.3.
const VERSION: c_uint = 0x0001_0300;

/// `IMB_MGR` up to the end of what is used of it.
#[repr(C)]
struct ManagerHead {
    flags: u64,
    features: u64,
    reserved: [u64; 5],
    used_arch: u32,
    errno: c_int,
    get_next_job: GetJob,
    submit_job: GetJob,
    submit_job_nocheck: GetJob,
    get_completed_job: GetJob,
    flush_job: GetJob,
    queue_size: Unused,
    keyexp_128: ThreePointers,
    keyexp_192: Unused,
    keyexp_256: Unused,
    cmac_subkey_gen_128: ThreePointers,
    xcbc_to_sha224: [Unused; 4],
    sha256_one_block: OneBlock,
    sha384_to_sha512: [Unused; 2],
    md5_one_block: OneBlock,
    sha1_to_cfb: [Unused; 6],
    gcm128_enc: GcmEncrypt,
    gcm192_enc_to_precomp: [Unused; 23],
    gcm128_pre: GcmPrepare,
    gcm192_pre_to_chacha: [Unused; 62],
    get_next_burst: Burst,
    submit_burst: Burst,
    submit_burst_nocheck: Burst,
    flush_burst: Burst,
    submit_cipher_burst: [Unused; 2],
    submit_hash_burst: HashBurst,
    submit_hash_burst_nocheck: HashBurst,
}

type Unused = *const c_void;
type GetJob = unsafe extern "C" fn(*mut ManagerHead) -> *mut ImbJob;
type ThreePointers = unsafe extern "C" fn(*const c_void, *mut c_void, *mut c_void);
type OneBlock = unsafe extern "C" fn(*const c_void, *mut c_void);
type Burst = unsafe extern "C" fn(*mut ManagerHead, u32, *mut *mut ImbJob) -> u32;
type HashBurst = unsafe extern "C" fn(*mut ManagerHead, *mut ImbJob, u32, c_uint) -> u32;
type GcmPrepare = unsafe extern "C" fn(*const c_void, *mut GcmKey);
type GcmEncrypt = unsafe extern "C" fn(
    *const GcmKey,
    *mut GcmContext,
    *mut u8,
    *const u8,
    u64,
    *const u8,
    *const u8,
    u64,
    *mut u8,
    u64,
);

/// `IMB_JOB`.
#[repr(C)]
#[derive(Clone, Copy)]
struct ImbJob {
    keys: [*const c_void; 2],
    key_len_in_bytes: u64,
    src: *const u8,
    dst: *mut u8,
    cipher_start_src_offset: u64,
    msg_len_to_cipher: u64,
    hash_start_src_offset_in_bytes: u64,
    msg_len_to_hash_in_bytes: u64,
    iv: *const u8,
    iv_len_in_bytes: u64,
    auth_tag_output: *mut u8,
    auth_tag_output_len_in_bytes: u64,
    /// `u.CMAC`: expanded key and both subkeys; `u.HMAC`: the states after the inner and the outer pad.
    u: [*const c_void; 3],
    status: c_uint,
    cipher_mode: c_uint,
    cipher_direction: c_uint,
    hash_alg: c_uint,
    chain_order: c_uint,
    user_data: [*mut c_void; 2],
    custom: [*const c_void; 2],
    sgl_state: c_uint,
    cipher_fields: *mut c_void,
}

const IMB_STATUS_COMPLETED: c_uint = 3;
const IMB_CIPHER_NULL: c_uint = 3;
const IMB_DIR_ENCRYPT: c_uint = 1;
const IMB_ORDER_HASH_CIPHER: c_uint = 2;
const IMB_AUTH_HMAC_SHA_256: c_uint = 3;
const IMB_AUTH_MD5: c_uint = 7;
const IMB_AUTH_AES_CMAC: c_uint = 12;
const IMB_MAX_BURST_SIZE: usize = 128;

/// `struct gcm_key_data`, aligned as the library's own programs have it.
#[repr(C, align(64))]
struct GcmKey([u8; 1008]);

/// `struct gcm_context_data`.
#[repr(C, align(64))]
struct GcmContext([u8; 88]);

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checks {
    On,
    Off,
}

struct Work<'a> {
    jobs: &'a [Job<'a>],
    tags: *mut Tag,
    keys: &'a [JobKey],
    mac: JobMac,
}

impl Work<'_> {
    /// Puts the job of this index into a job of the library's.
    ///
    /// # Safety
    /// `to` is valid for writes; `self.tags` has a place for every job.
    #[inline(always)]
    unsafe fn fill(&self, index: usize, to: *mut ImbJob) {
        let job = &self.jobs[index];
        let key = &self.keys[job.key];
        let pointer = |bytes: &[u8]| bytes.as_ptr().cast::<c_void>();
        // SAFETY: valid for writes, says the caller.
        let to = unsafe { &mut *to };
        to.src = job.message.as_ptr();
        to.hash_start_src_offset_in_bytes = 0;
        to.msg_len_to_hash_in_bytes = job.message.len() as u64;
        // SAFETY: there is a tag for every job, says the caller.
        to.auth_tag_output = unsafe { self.tags.add(index) }.cast();
        to.auth_tag_output_len_in_bytes = size_of::<Tag>() as u64;
        to.u = match self.mac {
            JobMac::AesCmac => [pointer(&key.expanded), pointer(&key.first), pointer(&key.second)],
            JobMac::HmacSha256 | JobMac::HmacMd5 => [pointer(&key.first), pointer(&key.second), ptr::null()],
        };
        to.cipher_mode = IMB_CIPHER_NULL;
        to.cipher_direction = IMB_DIR_ENCRYPT;
        to.hash_alg = self.mac.hash();
        to.chain_order = IMB_ORDER_HASH_CIPHER;
    }
}

/// How many of these jobs are done as they should be.
///
/// # Safety
/// `job` is null or a job that the library gave back.
unsafe fn is_complete(job: *const ImbJob) -> bool {
    // SAFETY: not null, then a job of the library's.
    unsafe { job.as_ref() }.is_some_and(|job| job.status == IMB_STATUS_COMPLETED)
}

/// # Safety
/// As [`Manager::run`] says.
unsafe fn one_by_one(manager: *mut ManagerHead, checks: Checks, work: &Work<'_>, passes: usize) -> usize {
    // SAFETY: an initialised manager.
    let table = unsafe { &*manager };
    let submit = if checks == Checks::On { table.submit_job } else { table.submit_job_nocheck };
    let (next, more) = (table.get_next_job, table.get_completed_job);
    let mut completed = 0;
    for _ in 0..passes {
        for index in 0..work.jobs.len() {
            // SAFETY: as the header asks: next, fill, submit, then what is complete.
            unsafe {
                work.fill(index, next(manager));
                let mut done = submit(manager);
                while !done.is_null() {
                    completed += usize::from(is_complete(done));
                    done = more(manager);
                }
            }
        }
    }
    // SAFETY: an initialised manager.
    completed + unsafe { flush(manager) }
}

/// Ends what is in flight, and says how many of these jobs are done as they should be.
///
/// # Safety
/// As [`Manager::run`] says.
unsafe fn flush(manager: *mut ManagerHead) -> usize {
    // SAFETY: an initialised manager.
    std::iter::from_fn(|| unsafe { flush_one(manager) }).sum()
}

/// Ends the oldest job; nothing where none is in flight.
///
/// # Safety
/// As [`Manager::run`] says.
unsafe fn flush_one(manager: *mut ManagerHead) -> Option<usize> {
    // SAFETY: an initialised manager.
    let done = unsafe { ((*manager).flush_job)(manager) };
    // SAFETY: null, or just given back by the library.
    (!done.is_null()).then(|| usize::from(unsafe { is_complete(done) }))
}

/// # Safety
/// As [`Manager::run`] says.
unsafe fn in_bursts(manager: *mut ManagerHead, checks: Checks, work: &Work<'_>, passes: usize) -> usize {
    // SAFETY: an initialised manager.
    let table = unsafe { &*manager };
    let submit = if checks == Checks::On { table.submit_burst } else { table.submit_burst_nocheck };
    let next = table.get_next_burst;
    let mut burst = [ptr::null_mut(); IMB_MAX_BURST_SIZE];
    let total = work.jobs.len() * passes;
    let (mut submitted, mut completed, mut index) = (0, 0, 0);
    while submitted < total {
        let wanted = (total - submitted).min(IMB_MAX_BURST_SIZE) as u32;
        // SAFETY: room for the largest burst.
        let granted = unsafe { next(manager, wanted, burst.as_mut_ptr()) };
        if granted == 0 {
            // Jobs come back in their order: a long one at the head keeps the ring full, and only a flush moves it on.
            // SAFETY: an initialised manager.
            let Some(done) = (unsafe { flush_one(manager) }) else { break };
            completed += done;
            continue;
        }
        for slot in burst.iter().take(granted as usize) {
            // SAFETY: the library just gave this job out.
            unsafe { work.fill(index, *slot) };
            index = if index + 1 == work.jobs.len() { 0 } else { index + 1 };
        }
        // SAFETY: as many as were granted, all filled.
        let count = unsafe { submit(manager, granted, burst.as_mut_ptr()) };
        // SAFETY: an initialised manager.
        if checks == Checks::On && unsafe { (*manager).errno } != 0 {
            break;
        }
        // SAFETY: the library put so many completed jobs there.
        completed += burst.iter().take(count as usize).filter(|job| unsafe { is_complete(**job) }).count();
        submitted += granted as usize;
    }
    // Not by `flush_burst`, after which version 1.3 miscounts what is in flight.
    // SAFETY: an initialised manager.
    completed + unsafe { flush(manager) }
}

/// # Safety
/// As [`Manager::run`] says.
unsafe fn in_hash_bursts(manager: *mut ManagerHead, checks: Checks, work: &Work<'_>, passes: usize) -> usize {
    // SAFETY: an initialised manager.
    let table = unsafe { &*manager };
    let submit = if checks == Checks::On { table.submit_hash_burst } else { table.submit_hash_burst_nocheck };
    // SAFETY: a job is integers and pointers, for all of which zero is a value.
    let mut burst: [ImbJob; IMB_MAX_BURST_SIZE] = unsafe { mem::zeroed() };
    let total = work.jobs.len() * passes;
    let (mut submitted, mut completed, mut index) = (0, 0, 0);
    while submitted < total {
        let count = (total - submitted).min(IMB_MAX_BURST_SIZE);
        for slot in burst.iter_mut().take(count) {
            // SAFETY: a job of ours.
            unsafe { work.fill(index, slot) };
            index = if index + 1 == work.jobs.len() { 0 } else { index + 1 };
        }
        // SAFETY: so many are filled; all are done when it returns.
        let done = unsafe { submit(manager, burst.as_mut_ptr(), count as u32, work.mac.hash()) };
        if done as usize != count {
            break;
        }
        submitted += count;
        completed += burst.iter().take(count).filter(|job| job.status == IMB_STATUS_COMPLETED).count();
    }
    completed
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

/// AES-128-GMAC by the direct call for GCM, the message as additional data.
pub(in super::super) struct Gmac {
    // Its functions come from the manager's table, which lives as long.
    _manager: Handle,
    encrypt: GcmEncrypt,
    keys: Vec<GcmKey>,
}

impl Gmac {
    /// Nothing where the CPU does not have the architecture.
    pub(in super::super) fn new(
        library: IpsecMb,
        architecture: Architecture,
        keys: &[[u8; 16]],
    ) -> Option<Self> {
        let mut handle = initialised(library, architecture)?;
        // SAFETY: an initialised manager.
        let table = unsafe { &*head(&mut handle) };
        let (encrypt, prepare) = (table.gcm128_enc, table.gcm128_pre);
        let prepared = keys.iter().map(|key| {
            let mut prepared = GcmKey([0; 1008]);
            // SAFETY: a key of 16 bytes, and room for what is made of it.
            unsafe { prepare(key.as_ptr().cast(), &raw mut prepared) };
            prepared
        });
        let keys = prepared.collect();
        Some(Self { _manager: handle, encrypt, keys })
    }

    /// Nothing for a key that there is not.
    #[inline]
    pub(in super::super) fn tag(&self, job: &Job<'_>) -> Option<Tag> {
        let key = self.keys.get(job.key)?;
        let mut context = MaybeUninit::<GcmContext>::uninit();
        let mut tag = [0; 16];
        let (message, length) = (job.message.as_ptr(), job.message.len() as u64);
        // SAFETY: a prepared key, a nonce of 12 bytes, the message with its length, no text, 16 bytes for the tag; the context
        // is written before it is read.
        unsafe {
            (self.encrypt)(
                key,
                context.as_mut_ptr(),
                ptr::null_mut(),
                ptr::null(),
                0,
                job.nonce.as_ptr(),
                message,
                length,
                tag.as_mut_ptr(),
                16,
            );
        }
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use core::mem::offset_of;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// C expressions, and what they should be.
    fn layout() -> Vec<(&'static str, usize)> {
        macro_rules! members {
            ($ours:ty, $theirs:literal, $($member:ident),*) => {
                [$((concat!("offsetof(", $theirs, ", ", stringify!($member), ")"), offset_of!($ours, $member))),*]
            };
        }
        let manager = members!(
            ManagerHead,
            "IMB_MGR",
            flags,
            features,
            used_arch,
            get_next_job,
            submit_job,
            submit_job_nocheck,
            get_completed_job,
            flush_job,
            keyexp_128,
            cmac_subkey_gen_128,
            sha256_one_block,
            md5_one_block,
            gcm128_enc,
            gcm128_pre,
            get_next_burst,
            submit_burst,
            submit_burst_nocheck,
            flush_burst,
            submit_hash_burst,
            submit_hash_burst_nocheck
        );
        let job = members!(
            ImbJob,
            "IMB_JOB",
            src,
            hash_start_src_offset_in_bytes,
            msg_len_to_hash_in_bytes,
            auth_tag_output,
            auth_tag_output_len_in_bytes,
            u,
            status,
            cipher_mode,
            cipher_direction,
            hash_alg,
            chain_order
        );
        let others = [
            ("offsetof(IMB_MGR, imb_errno)", offset_of!(ManagerHead, errno)),
            ("sizeof(IMB_JOB)", size_of::<ImbJob>()),
            ("sizeof(struct gcm_key_data)", 1008),
            ("sizeof(struct gcm_context_data)", 88),
            ("IMB_VERSION_NUM >> 8 << 8", VERSION as usize),
            ("IMB_STATUS_COMPLETED", IMB_STATUS_COMPLETED as usize),
            ("IMB_CIPHER_NULL", IMB_CIPHER_NULL as usize),
            ("IMB_DIR_ENCRYPT", IMB_DIR_ENCRYPT as usize),
            ("IMB_ORDER_HASH_CIPHER", IMB_ORDER_HASH_CIPHER as usize),
            ("IMB_AUTH_HMAC_SHA_256", IMB_AUTH_HMAC_SHA_256 as usize),
            ("IMB_AUTH_MD5", IMB_AUTH_MD5 as usize),
            ("IMB_AUTH_AES_CMAC", IMB_AUTH_AES_CMAC as usize),
            ("IMB_MAX_BURST_SIZE", IMB_MAX_BURST_SIZE),
        ];
        manager.into_iter().chain(job).chain(others).collect()
    }

    #[test]
    fn layouts_and_numbers_are_those_of_the_installed_header() {
        if !std::path::Path::new("/usr/include/intel-ipsec-mb.h").exists() {
            println!("not checked: there is no intel-ipsec-mb.h here (benches/install-peers.sh installs it)");
            return;
        }
        let assertions = layout().into_iter().map(|(expression, value)| {
            format!("_Static_assert({expression} == {value}, \"{expression}\");\n")
        });
        let program =
            format!("#include <stddef.h>\n#include <intel-ipsec-mb.h>\n{}", assertions.collect::<String>());
        let mut compiler = Command::new("cc")
            .args(["-fsyntax-only", "-x", "c", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        compiler.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
        let output = compiler.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
