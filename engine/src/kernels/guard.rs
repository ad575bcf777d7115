//! Memory that ends where an inaccessible page begins: a kernel that touches a byte beyond its slices dies of it.

use std::ptr::{self, NonNull};

use super::blocks::Blocks;
use super::cpu::{HaveAvx2, HaveAvx512};
use super::lane::{CmacLane, Lane};
use super::{Backend, ccm_ni, cmac_group, cmac_ni, gmac, gmac_whole, md5, md5_group, sha256_group};

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

/// One page of memory between two that nobody may touch.
pub(crate) struct GuardedPage(NonNull<u8>);

impl GuardedPage {
    pub(crate) fn new() -> Self {
        // SAFETY: an anonymous mapping where the system likes, checked below.
        let mapping = unsafe {
            libc::mmap(
                ptr::null_mut(),
                3 * PAGE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(mapping, libc::MAP_FAILED, "no memory to map");
        let page = NonNull::new(mapping.cast::<u8>()).expect("a mapping is never at address zero");
        // SAFETY: the second page of three lies within the mapping.
        let page = unsafe { page.add(PAGE) };
        // SAFETY: this page is ours alone.
        let opened =
            unsafe { libc::mprotect(page.as_ptr().cast(), PAGE, libc::PROT_READ | libc::PROT_WRITE) };
        assert_eq!(opened, 0, "the page cannot be opened");
        Self(page)
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the page is mapped, zero-filled, and borrowed for as long as the slice lives.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr(), PAGE) }
    }
}

impl Drop for GuardedPage {
    fn drop(&mut self) {
        // SAFETY: the mapping began one page before.
        let mapping = unsafe { self.0.sub(PAGE) };
        // SAFETY: nothing borrows from the mapping any more.
        unsafe { libc::munmap(mapping.as_ptr().cast(), 3 * PAGE) };
    }
}

/// Runs a kernel over messages of many lengths that lie against either guard, whole and in two segments.
fn assert_same_beside_guards(name: &str, kernel: impl Fn(&[&[u8]]) -> [u8; 16]) {
    let painted: Vec<u8> = (0u8..251).cycle().take(PAGE).collect();
    let mut page = GuardedPage::new();
    for length in (0..=700).chain([1023, 1024, 1025, 4095, 4096]) {
        let message = &painted[..length];
        let expected = kernel(&[message]);
        for start in [0, PAGE - length] {
            let against_guard = &mut page.bytes()[start..start + length];
            against_guard.copy_from_slice(message);
            assert_eq!(kernel(&[against_guard]), expected, "{name}: {length} bytes at {start}");
            let (head, body) = against_guard.split_at(length / 3);
            assert_eq!(kernel(&[head, body]), expected, "{name}: {length} bytes at {start}, in two segments");
        }
    }
    println!("{name} stays within its slices");
}

#[test]
fn kernels_read_nothing_outside_their_slices() {
    let (key, nonce) = ([0x5a; 16], [7; 12]);
    assert_same_beside_guards("md5", |segments| {
        let total: usize = segments.iter().map(|segment| segment.len()).sum();
        let mut state = md5::INITIAL;
        let mut blocks = Blocks::new(&[], segments, total / 64);
        while let Some(run) = blocks.next_run() {
            md5::compress(&mut state, run);
        }
        let [a, b, c, d] = state.map(u128::from);
        (a | b << 32 | c << 64 | d << 96).to_le_bytes()
    });
    match HaveAvx2::detect() {
        None => println!("no AVX2, AES-NI or PCLMULQDQ here: their kernels did not run"),
        Some(proof) => {
            let width = gmac::Width::Vectors128(proof);
            let (cmac, gmac) = (cmac_ni::CmacKey::new(proof, &key), gmac::GmacKey::new(width, &key));
            assert_same_beside_guards("cmac, AES-NI", |segments| cmac.tag(segments));
            assert_same_beside_guards("gmac, PCLMULQDQ", |segments| gmac.tag(width, &nonce, segments));
        }
    }
    match HaveAvx512::detect() {
        None => println!("no AVX-512 with VAES and VPCLMULQDQ here: its kernel did not run"),
        Some(proof) => {
            let width = gmac::Width::Vectors512(proof);
            let gmac = gmac::GmacKey::new(width, &key);
            assert_same_beside_guards("gmac, VPCLMULQDQ", |segments| gmac.tag(width, &nonce, segments));
        }
    }
}

#[test]
fn hashes_over_lanes_read_nothing_outside_their_slices() {
    let painted: Vec<u8> = (0u8..251).cycle().take(PAGE).collect();
    let mut page = GuardedPage::new();
    page.bytes().copy_from_slice(&painted);
    for backend in Backend::available() {
        for lanes in [1, 2, 3, 5, 16, 24, 32, 64] {
            for blocks in [1, 2, 7] {
                let hashes = |page: &[u8]| {
                    let bytes = blocks * 64;
                    let low = &page[..bytes];
                    let high = &page[PAGE - bytes..];
                    let runs: Vec<[&[[u8; 64]]; 1]> = (0..lanes)
                        .map(|lane| [(if lane % 2 == 0 { low } else { high }).as_chunks().0])
                        .collect();
                    let mut md5: Vec<_> = runs.iter().map(|runs| Lane::new(&(), [1; 4], runs)).collect();
                    let mut sha256: Vec<_> = runs.iter().map(|runs| Lane::new(&(), [1; 8], runs)).collect();
                    md5_group::run_group(backend, &mut md5);
                    sha256_group::run_group(backend, &mut sha256);
                    let md5: Vec<_> = md5.iter().map(|lane| lane.state).collect();
                    let sha256: Vec<_> = sha256.iter().map(|lane| lane.state).collect();
                    (md5, sha256)
                };
                assert_eq!(
                    hashes(page.bytes()),
                    hashes(&painted),
                    "{backend}: {lanes} lanes of {blocks} blocks"
                );
            }
        }
        println!("hashes over lanes stay within their slices: {backend}");
    }
}

#[test]
fn ccm_reads_and_writes_nothing_outside_its_slices() {
    let Some(proof) = HaveAvx2::detect() else {
        println!("no AVX2 or AES-NI here: their kernel did not run");
        return;
    };
    let key = ccm_ni::CcmKey::aes128(proof, &[0x5a; 16]);
    let context = ccm_ni::Context { nonce: &[7; 11], formatted: &[1; 18], additional: &[2; 32] };
    let painted: Vec<u8> = (0u8..251).cycle().take(PAGE).collect();
    let (mut plain, mut sealed) = (GuardedPage::new(), GuardedPage::new());
    for length in (0..=100).chain([4095, 4096]) {
        for start in [0, PAGE - length] {
            let plain = &mut plain.bytes()[start..start + length];
            let sealed = &mut sealed.bytes()[start..start + length];
            plain.copy_from_slice(&painted[..length]);
            let tag = key.seal(context, plain, sealed);
            plain.fill(0);
            assert_eq!(key.open(context, sealed, plain), tag, "{length} bytes at {start}");
            assert_eq!(*plain, painted[..length]);
        }
    }
}

struct Painted<'a> {
    key: &'a gmac::GmacKey,
    message: &'a [u8],
    tag: [u8; 16],
}

impl gmac_whole::InOnePiece for Painted<'_> {
    fn whole(&self) -> gmac_whole::Whole<'_> {
        gmac_whole::Whole { key: self.key, counter: &[7; 16], message: self.message }
    }

    fn settle(&mut self, tag: [u8; 16]) {
        self.tag = tag;
    }
}

const COVER: gmac_whole::Cover = gmac_whole::Cover { kept: [0xff; 64], set: [0; 64] };

#[test]
fn gmac_of_several_messages_reads_nothing_outside_them() {
    let painted: Vec<u8> = (0u8..251).cycle().take(PAGE).collect();
    let mut page = GuardedPage::new();
    page.bytes().copy_from_slice(&painted);
    for backend in Backend::available() {
        let Some(width) = gmac::Width::of(backend) else { continue };
        let key = gmac::GmacKey::new(width, &[0x5a; 16]);
        for length in (0..=700).chain([1023, 1024, 1025, PAGE]) {
            let tags = |page: &[u8]| {
                let (low, high) = (&page[..length], &page[PAGE - length..]);
                let (units, rest) = high.as_chunks();
                let mut endings = [gmac::Ending::of_nothing(&key, &[7; 12]); gmac::TOGETHER];
                for (ending, rest) in endings.iter_mut().zip([low, high, &low[length / 2..]]) {
                    (ending.bytes, ending.rest) = (rest.len(), rest);
                }
                (endings[3].bytes, endings[3].units, endings[3].rest) = (length, units, rest);
                let mut in_one_piece = [low, high, &low[length / 2..], high].map(|message| Painted {
                    key: &key,
                    message,
                    tag: [0; 16],
                });
                // Four, and fewer.
                let whole = [gmac::TOGETHER, 2].map(|count| {
                    gmac_whole::settle(width, &COVER, &mut in_one_piece[..count]);
                    in_one_piece.each_ref().map(|message| message.tag)
                });
                (gmac::tags(width, &endings), whole)
            };
            assert_eq!(tags(page.bytes()), tags(&painted), "{backend}: {length} bytes");
        }
        println!("gmac of several messages stays within them: {backend}");
    }
}

#[test]
fn lanes_read_nothing_outside_their_runs() {
    let Some(proof) = HaveAvx2::detect() else {
        println!("no AVX2 or AES-NI here: no kernel for lanes ran");
        return;
    };
    let key = cmac_ni::CmacKey::new(proof, &[0x5a; 16]);
    let mut page = GuardedPage::new();
    page.bytes().copy_from_slice(&(0u8..251).cycle().take(PAGE).collect::<Vec<_>>());
    let blocks = page.bytes().as_chunks::<16>().0;
    for backend in Backend::available() {
        for longest in (0..=40).chain([PAGE / 16]) {
            // Every lane against the same guard, most of them shorter than the longest.
            let lengths =
                (0..cmac_group::width(backend)).map(|lane| longest * (lane + 1) / cmac_group::width(backend));
            let runs: Vec<_> = lengths
                .flat_map(|length| [blocks.split_at(length).0, blocks.split_at(blocks.len() - length).1])
                .map(|run| if run.is_empty() { vec![] } else { vec![run] })
                .collect();
            let lanes = || runs.iter().map(|runs| CmacLane::new(&key, [0; 16], runs)).collect::<Vec<_>>();
            let schedules = &mut cmac_group::Schedules::default();
            let mut ran = vec![lanes()];
            cmac_group::run_group(backend, schedules, &mut ran[0]);
            if let Some(queue) = cmac_group::Queue::of(backend) {
                let mut lanes = lanes();
                queue.run(schedules, &mut lanes, cmac_group::Ending::Whole);
                ran.push(lanes);
            }
            for (lane, runs) in ran.iter().flat_map(|lanes| lanes.iter().zip(&runs)) {
                let mut expected = [0; 16];
                runs.iter().for_each(|run| key.advance(&mut expected, run));
                assert_eq!(lane.state, expected, "{backend}, up to {longest} blocks");
            }
        }
    }
}
