//! Findings follow the cells: exchanged cells give exchanged sentences, absent cells none, rounds that overlap none.

use smbsign::record::{Direction, Engine, Measurement, Protection, Trial};
use smbsign::report::findings;
use smbsign_engine::protocol::{Cipher, Dialect, SigningAlgorithm};

use crate::example;

const MD5: Protection = Protection::Signed(SigningAlgorithm::Md5);
const HMAC: Protection = Protection::Signed(SigningAlgorithm::HmacSha256);
const CMAC: Protection = Protection::Signed(SigningAlgorithm::AesCmac);
const GMAC: Protection = Protection::Signed(SigningAlgorithm::AesGmac);
const GCM: Protection = Protection::Sealed(Cipher::Aes128Gcm);

/// Three rounds of a window of 0.4 s at `gbps` of `link_gbps`, in which protection takes `ns_per_byte`, 2 % more or less,
/// beyond unsigned's 0.02.
fn paced(
    dialect: Dialect,
    protection: Protection,
    link_gbps: f64,
    gbps: f64,
    ns_per_byte: f64,
) -> Measurement {
    let mut cell = example::cell(dialect, protection, if link_gbps < 5.0 { "1GbE" } else { "10GbE" });
    let messages = gbps * 0.4e9 / 8.0 / cell.wire_bytes_per_message;
    cell.trials = trials(messages.ceil() as u64, cell.message_bytes, 400_000_000, ns_per_byte);
    cell.offered_gbps = Some(link_gbps);
    cell.achieved_gbps = gbps;
    cell.vs_unsigned = Some(gbps / link_gbps);
    cell.line_rate_held = Some(gbps >= link_gbps);
    cell.cores_used = (ns_per_byte + 0.02) * messages * 65_536.0 / 0.4e9;
    cell.implementation = format!("example of {protection}");
    cell
}

/// Three rounds as fast as it goes.
fn unpaced(dialect: Dialect, protection: Protection, message_bytes: u64, ns_per_byte: f64) -> Measurement {
    let mut cell = example::cell(dialect, protection, "max");
    let messages = 0.1e9 / (ns_per_byte + 0.02) / message_bytes as f64;
    cell.trials = trials(messages as u64, message_bytes, 100_000_000, ns_per_byte);
    cell.message_bytes = message_bytes;
    cell.implementation = format!("example of {protection}");
    cell
}

fn trials(messages: u64, message_bytes: u64, wall_ns: u64, ns_per_byte: f64) -> Vec<Trial> {
    let bytes = messages * message_bytes;
    let trial = |(round, factor): (u32, f64)| Trial {
        round,
        order: 0,
        messages,
        bytes,
        wall_ns,
        busy_ns: (bytes as f64 * (ns_per_byte * factor + 0.02)) as u64,
        cpu_ns: None,
        probe_ns: None,
        unsigned_ns: Some((bytes as f64 * 0.02) as u64),
        clock_ghz: None,
        steal_ns: None,
        involuntary_switches: None,
        disturbed: false,
    };
    [0.98, 1.0, 1.02].into_iter().enumerate().map(|(round, factor)| trial((round as u32, factor))).collect()
}

/// What a run with these cells and an unsigned one beside each finds.
fn found(cells: &[Measurement]) -> Vec<String> {
    let mut run = Vec::new();
    for cell in cells {
        let mut unsigned = Measurement { protection: Protection::Unsigned, ..cell.clone() };
        if let Some(link) = cell.offered_gbps {
            unsigned = paced(cell.dialect, Protection::Unsigned, link, link, 0.0);
        }
        run.push(unsigned);
        run.push(cell.clone());
    }
    findings(&run)
}

/// The findings that hold a text.
fn with(sentences: &[String], text: &str) -> Vec<String> {
    sentences.iter().filter(|sentence| sentence.contains(text)).cloned().collect()
}

fn exchanged(cells: &[Measurement; 2]) -> [Measurement; 2] {
    let [one, other] = cells.clone();
    let renamed = |cell: Measurement, protection: Protection, implementation: &str| Measurement {
        protection,
        implementation: implementation.to_owned(),
        ..cell
    };
    [
        renamed(one.clone(), other.protection, &other.implementation),
        renamed(other, one.protection, &one.implementation),
    ]
}

#[test]
fn two_algorithms_exchanged_give_the_exchanged_sentence() {
    let cells = [unpaced(Dialect::Smb311, CMAC, 65_536, 0.8), unpaced(Dialect::Smb311, GCM, 65_536, 0.1)];
    assert_eq!(
        found(&cells),
        [
            "AES-128-GCM encryption by example of aes-128-gcm costs less CPU than AES-128-CMAC signing by example of \
          aes-128-cmac: 0.100 against 0.800 s/GB beyond unsigned, 12 % of it [3.1.1 at max, 64 KiB, sign; 3 rounds]"
        ]
    );
    assert_eq!(
        found(&exchanged(&cells)),
        [
            "AES-128-CMAC signing by example of aes-128-cmac costs less CPU than AES-128-GCM encryption by example of \
          aes-128-gcm: 0.100 against 0.800 s/GB beyond unsigned, 12 % of it [3.1.1 at max, 64 KiB, sign; 3 rounds]"
        ]
    );
}

#[test]
fn a_run_without_the_cells_finds_nothing() {
    assert!(findings(&[]).is_empty());
    assert!(found(&[unpaced(Dialect::Smb311, CMAC, 65_536, 0.8)]).is_empty());
    let strangers =
        [unpaced(Dialect::Smb300, CMAC, 65_536, 0.8), unpaced(Dialect::Smb311, GMAC, 65_536, 0.1)];
    assert!(found(&strangers).is_empty(), "two dialects");
    let strangers = [unpaced(Dialect::Smb311, CMAC, 4_096, 0.8), unpaced(Dialect::Smb311, GMAC, 65_536, 0.1)];
    assert!(found(&strangers).is_empty(), "two sizes");
}

#[test]
fn rounds_that_overlap_show_no_difference() {
    let apart = [unpaced(Dialect::Smb311, CMAC, 65_536, 0.8), unpaced(Dialect::Smb311, GMAC, 65_536, 0.75)];
    assert_eq!(found(&apart).len(), 1);
    let mixed = [unpaced(Dialect::Smb311, CMAC, 65_536, 0.8), unpaced(Dialect::Smb311, GMAC, 65_536, 0.78)];
    assert!(found(&mixed).is_empty());
}

#[test]
fn no_link_is_searched_for_a_difference_that_the_best_place_does_not_show() {
    let apart = |protection, cost| paced(Dialect::Smb311, protection, 10.0, 10.0, cost);
    let linked = [apart(CMAC, 0.8), apart(GMAC, 0.5)];
    assert_eq!(with(&found(&linked), "costs less CPU").len(), 1);
    let alike = [CMAC, GMAC].map(|protection| unpaced(Dialect::Smb311, protection, 65_536, 0.8));
    assert!(with(&found(&[linked, alike].concat()), "costs less CPU").is_empty());
}

#[test]
fn cells_that_failed_or_were_disturbed_say_nothing_and_are_counted() {
    let [cmac, gmac] =
        [unpaced(Dialect::Smb311, CMAC, 65_536, 0.8), unpaced(Dialect::Smb311, GMAC, 65_536, 0.1)];
    let failed = Measurement { error: Some("a wrong signature".to_owned()), ..gmac.clone() };
    assert_eq!(
        findings(&[cmac.clone(), failed]),
        ["Nothing is said of 1 of 2 cells: 1 failed, 0 with fewer than 2 undisturbed trials."]
    );
    let mut disturbed = gmac;
    disturbed.trials.iter_mut().skip(1).for_each(|trial| trial.disturbed = true);
    assert_eq!(
        findings(&[cmac, disturbed]),
        ["Nothing is said of 1 of 2 cells: 0 failed, 1 with fewer than 2 undisturbed trials."]
    );
}

#[test]
fn a_link_hardly_feels_what_takes_a_tenth_of_a_core_or_less() {
    let cells = [paced(Dialect::Smb210, HMAC, 1.0, 1.0, 0.55), paced(Dialect::Smb300, CMAC, 1.0, 1.0, 0.7)];
    let hardly = |cells: &[Measurement]| with(&found(cells), "hardly feels");
    assert_eq!(
        hardly(&cells),
        [
            "1GbE hardly feels HMAC-SHA256 (100 % of unsigned's rate on 0.07 cores) and AES-128-CMAC (100 % of unsigned's \
          rate on 0.08 cores) [2.1, 3.0, 64 KiB, sign; 3 rounds]"
        ]
    );
    assert!(hardly(&[paced(Dialect::Smb210, HMAC, 1.0, 1.0, 1.4)]).is_empty(), "an eighth of a core");
}

#[test]
fn a_link_that_is_not_held_is_told_with_the_cores_it_would_take() {
    let cells = [paced(Dialect::Smb1, MD5, 10.0, 5.8, 1.5)];
    let cannot = |cells: &[Measurement]| with(&found(cells), "cannot hold");
    assert_eq!(
        cannot(&cells),
        [
            "MD5 cannot hold 10GbE with 1 worker: it reaches 5.8 of 10 Gbit/s, 58 % of unsigned; signing alone would need \
          1.77 cores [SMB1, 64 KiB, sign; 3 rounds]"
        ]
    );
    assert!(cannot(&[paced(Dialect::Smb1, MD5, 10.0, 10.0, 0.5)]).is_empty());
    let unsigned = paced(Dialect::Smb1, Protection::Unsigned, 10.0, 9.0, 0.0);
    assert!(
        with(&findings(&[unsigned, cells[0].clone()]), "cannot hold").is_empty(),
        "it is not the signature if unsigned does not hold the link either"
    );
}

#[test]
fn the_cheapest_that_holds_a_link_is_named_with_what_cannot_be_told_from_it() {
    let held = |protection, cost| paced(Dialect::Smb311, protection, 10.0, 10.0, cost);
    let fewest = |cells: &[Measurement]| with(&found(cells), "fewest cores");
    let clear = fewest(&[held(HMAC, 0.5), held(GMAC, 0.05), held(GCM, 0.1)]);
    assert_eq!(
        clear,
        [
            "What holds 10GbE on the fewest cores is AES-128-GMAC in 3.1.1: 0.059 cores beyond unsigned; the next, \
          AES-128-GCM in 3.1.1, takes 0.118 [3.1.1, 64 KiB, sign; 3 rounds]"
        ]
    );
    let alike = fewest(&[held(HMAC, 0.5), held(GMAC, 0.1), held(GCM, 0.1)]);
    assert!(alike[0].contains("AES-128-GMAC in 3.1.1 or AES-128-GCM in 3.1.1"), "{alike:?}");
    let only = found(&[paced(Dialect::Smb1, MD5, 10.0, 5.8, 1.5), held(GMAC, 0.05)]);
    assert_eq!(with(&only, "Only AES-128-GMAC in 3.1.1 holds 10GbE").len(), 1, "{only:?}");
    assert!(fewest(&[held(GMAC, 0.05)]).is_empty(), "nothing to choose from");
}

#[test]
fn verifying_is_set_against_signing() {
    let cost = |direction, cost| Measurement { direction, ..unpaced(Dialect::Smb311, CMAC, 65_536, cost) };
    let both = |verifying| found(&[cost(Direction::Sign, 0.8), cost(Direction::Verify, verifying)]);
    assert_eq!(
        both(1.0),
        [
            "AES-128-CMAC verifying costs 125 % of signing: 1.000 against 0.800 s/GB of CPU beyond unsigned [3.1.1 at max, \
          64 KiB; 3 rounds]"
        ]
    );
    assert!(both(0.8)[0].contains("as far as this run can show"), "{:?}", both(0.8));
    assert!(found(&[cost(Direction::Verify, 0.8)]).is_empty());
}

#[test]
fn several_sizes_part_the_cost_of_a_message_from_that_of_its_bytes() {
    let of = |bytes: u64, per_message: f64| {
        unpaced(Dialect::Smb311, CMAC, bytes, 0.8 + per_message / bytes as f64)
    };
    let sizes = |per_message| found(&[of(128, per_message), of(65_536, per_message)]);
    assert_eq!(
        sizes(400.0),
        [
            "AES-128-CMAC signing by example of aes-128-cmac costs 400 ns a message and 0.800 ns a byte: below 500 bytes it \
          is the message that costs, above the bytes (128 B to 64 KiB) [3.1.1 at max, sign; 3 rounds]"
        ]
    );
    assert!(sizes(0.0).is_empty(), "{:?}", sizes(0.0));
    let three = found(&[of(128, 400.0), of(4_096, 400.0), of(65_536, 400.0)]);
    assert_eq!(
        three,
        [
            "AES-128-CMAC one by one: 400.0 ns a message (± 0.0) + 0.800 ns a byte (± 0.0000) beyond unsigned, 0.0 % off at \
          most [3.1.1 at max, 128 B – 64 KiB, example of aes-128-cmac, transmit copy]"
        ]
    );
}

/// Cells of one link, the first by serial, the others by offload with waits of 0 and 50 µs.
fn handed_over(ns_per_byte: [f64; 3]) -> Vec<Measurement> {
    let engines = [(Engine::Serial, None), (Engine::Offload, Some(0.0)), (Engine::Offload, Some(50.0))];
    let with = |(ns_per_byte, (engine, max_wait_us))| {
        let mut cell = paced(Dialect::Smb311, CMAC, 10.0, 10.0, ns_per_byte);
        (cell.engine, cell.max_wait_us, cell.set_bytes) = (engine, max_wait_us, engine as u64 + 1);
        cell
    };
    ns_per_byte.into_iter().zip(engines).map(with).collect()
}

fn about_offload(cells: &[Measurement]) -> Vec<String> {
    findings(cells).into_iter().filter(|sentence| sentence.contains("by offload")).collect()
}

#[test]
fn handing_over_pays_by_the_wait_that_takes_fewest_cores_or_not_at_all() {
    let saved = about_offload(&handed_over([0.6, 0.5, 0.1]));
    assert_eq!(saved.len(), 1, "{saved:?}");
    assert!(saved[0].contains("takes 19 % of what one by one takes"), "{saved:?}");
    assert!(saved[0].contains("waiting up to 50 µs"), "{saved:?}");
    let lost = about_offload(&handed_over([0.6, 0.9, 0.7]));
    assert!(lost[0].contains("saves nothing"), "{lost:?}");
    let mut missed = handed_over([0.9, 0.5, 0.1]);
    (missed[0].line_rate_held, missed[0].achieved_gbps) = (Some(false), 8.8);
    assert!(about_offload(&missed)[0].contains("holds 10GbE on"), "{missed:?}");
    let mut elsewhere = handed_over([0.6, 0.5, 0.1]);
    elsewhere[0].arrival = Some("poisson".to_owned());
    assert_eq!(about_offload(&elsewhere), Vec::<String>::new(), "other arrivals are not compared");
}
