//! What the header lays out: the manager's table, to which versions only append, and a job.

use core::ffi::{c_int, c_uint, c_void};

/// `IMB_VERSION_NUM` without its last byte: the layouts below hold for 1.3.
pub(super) const VERSION: c_uint = 0x0001_0300;

/// `IMB_MGR` up to the end of what is used of it.
#[repr(C)]
pub(super) struct ManagerHead {
    pub(super) flags: u64,
    pub(super) features: u64,
    pub(super) reserved: [u64; 5],
    pub(super) used_arch: u32,
    pub(super) errno: c_int,
    pub(super) get_next_job: GetJob,
    pub(super) submit_job: GetJob,
    pub(super) submit_job_nocheck: GetJob,
    pub(super) get_completed_job: GetJob,
    pub(super) flush_job: GetJob,
    pub(super) queue_size: Unused,
    pub(super) keyexp_128: ThreePointers,
    pub(super) keyexp_192: Unused,
    pub(super) keyexp_256: Unused,
    pub(super) cmac_subkey_gen_128: ThreePointers,
    pub(super) xcbc_to_sha224: [Unused; 4],
    pub(super) sha256_one_block: OneBlock,
    pub(super) sha384_to_sha512: [Unused; 2],
    pub(super) md5_one_block: OneBlock,
    pub(super) sha1_to_cfb: [Unused; 6],
    pub(super) gcm128_enc: GcmEncrypt,
    pub(super) gcm192_enc_to_precomp: [Unused; 23],
    pub(super) gcm128_pre: GcmPrepare,
    pub(super) gcm192_pre_to_chacha: [Unused; 62],
    pub(super) get_next_burst: Burst,
    pub(super) submit_burst: Burst,
    pub(super) submit_burst_nocheck: Burst,
    pub(super) flush_burst: Burst,
    pub(super) submit_cipher_burst: [Unused; 2],
    pub(super) submit_hash_burst: HashBurst,
    pub(super) submit_hash_burst_nocheck: HashBurst,
}

pub(super) type Unused = *const c_void;
pub(super) type GetJob = unsafe extern "C" fn(*mut ManagerHead) -> *mut ImbJob;
pub(super) type ThreePointers = unsafe extern "C" fn(*const c_void, *mut c_void, *mut c_void);
pub(super) type OneBlock = unsafe extern "C" fn(*const c_void, *mut c_void);
pub(super) type Burst = unsafe extern "C" fn(*mut ManagerHead, u32, *mut *mut ImbJob) -> u32;
pub(super) type HashBurst = unsafe extern "C" fn(*mut ManagerHead, *mut ImbJob, u32, c_uint) -> u32;
pub(super) type GcmPrepare = unsafe extern "C" fn(*const c_void, *mut GcmKey);
pub(super) type GcmEncrypt = unsafe extern "C" fn(
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
pub(super) struct ImbJob {
    pub(super) keys: [*const c_void; 2],
    pub(super) key_len_in_bytes: u64,
    pub(super) src: *const u8,
    pub(super) dst: *mut u8,
    pub(super) cipher_start_src_offset: u64,
    pub(super) msg_len_to_cipher: u64,
    pub(super) hash_start_src_offset_in_bytes: u64,
    pub(super) msg_len_to_hash_in_bytes: u64,
    pub(super) iv: *const u8,
    pub(super) iv_len_in_bytes: u64,
    pub(super) auth_tag_output: *mut u8,
    pub(super) auth_tag_output_len_in_bytes: u64,
    /// `u.CMAC`: expanded key and both subkeys; `u.HMAC`: the states after the inner and the outer pad.
    pub(super) u: [*const c_void; 3],
    pub(super) status: c_uint,
    pub(super) cipher_mode: c_uint,
    pub(super) cipher_direction: c_uint,
    pub(super) hash_alg: c_uint,
    pub(super) chain_order: c_uint,
    pub(super) user_data: [*mut c_void; 2],
    pub(super) custom: [*const c_void; 2],
    pub(super) sgl_state: c_uint,
    pub(super) cipher_fields: *mut c_void,
}

pub(super) const IMB_STATUS_COMPLETED: c_uint = 3;
pub(super) const IMB_CIPHER_NULL: c_uint = 3;
pub(super) const IMB_DIR_ENCRYPT: c_uint = 1;
pub(super) const IMB_ORDER_HASH_CIPHER: c_uint = 2;
pub(super) const IMB_AUTH_HMAC_SHA_256: c_uint = 3;
pub(super) const IMB_AUTH_MD5: c_uint = 7;
pub(super) const IMB_AUTH_AES_CMAC: c_uint = 12;
pub(super) const IMB_MAX_BURST_SIZE: usize = 128;

/// `struct gcm_key_data`, aligned as the library's own programs have it.
#[repr(C, align(64))]
pub(super) struct GcmKey(pub(super) [u8; 1008]);

/// `struct gcm_context_data`.
#[repr(C, align(64))]
pub(super) struct GcmContext([u8; 88]);

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
