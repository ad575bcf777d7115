//! Jobs through the library: one by one, in bursts, in bursts of one hash.

use core::ffi::c_void;
use core::{mem, ptr};

use super::super::super::contender::{Job, Tag};
use super::layout::{
    IMB_CIPHER_NULL, IMB_DIR_ENCRYPT, IMB_MAX_BURST_SIZE, IMB_ORDER_HASH_CIPHER, IMB_STATUS_COMPLETED,
    ImbJob, ManagerHead,
};
use super::{JobKey, JobMac};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checks {
    On,
    Off,
}

pub(super) struct Work<'a> {
    pub(super) jobs: &'a [Job<'a>],
    pub(super) tags: *mut Tag,
    pub(super) keys: &'a [JobKey],
    pub(super) mac: JobMac,
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
/// As [`Manager`](super::Manager)'s `run` says.
pub(super) unsafe fn one_by_one(
    manager: *mut ManagerHead,
    checks: Checks,
    work: &Work<'_>,
    passes: usize,
) -> usize {
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
/// As [`Manager`](super::Manager)'s `run` says.
unsafe fn flush(manager: *mut ManagerHead) -> usize {
    // SAFETY: an initialised manager.
    std::iter::from_fn(|| unsafe { flush_one(manager) }).sum()
}

/// Ends the oldest job; nothing where none is in flight.
///
/// # Safety
/// As [`Manager`](super::Manager)'s `run` says.
unsafe fn flush_one(manager: *mut ManagerHead) -> Option<usize> {
    // SAFETY: an initialised manager.
    let done = unsafe { ((*manager).flush_job)(manager) };
    // SAFETY: null, or just given back by the library.
    (!done.is_null()).then(|| usize::from(unsafe { is_complete(done) }))
}

/// # Safety
/// As [`Manager`](super::Manager)'s `run` says.
pub(super) unsafe fn in_bursts(
    manager: *mut ManagerHead,
    checks: Checks,
    work: &Work<'_>,
    passes: usize,
) -> usize {
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
/// As [`Manager`](super::Manager)'s `run` says.
pub(super) unsafe fn in_hash_bursts(
    manager: *mut ManagerHead,
    checks: Checks,
    work: &Work<'_>,
    passes: usize,
) -> usize {
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
