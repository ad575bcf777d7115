//! Small runs of the measurement from plan to dump. Nothing here depends on how fast the machine is.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use smbsign::capture::{Event, Events};
use smbsign::measure::{
    Cell, Keep, Measured, Mix, Observer, Plan, ProfileChoice, ReplayedCapture, Settings, measure,
};
use smbsign::record::{Direction, Engine, Measurement, Protection, Transmit};
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::sequence::SequenceNumbers;
use smbsign_engine::protocol::{Dialect, Sender, SigningAlgorithm, SigningKey, smb1, smb2};
use smbsign_engine::signing::{self, Verdict};
use smbsign_engine::traffic::LinkRate;

struct Silent;

impl Observer for Silent {
    fn trial_starts(&mut self, _: &Cell, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    fn round_ends(&mut self, _: &[Measurement]) {}
}

fn small() -> Settings {
    Settings {
        message_bytes: 2000,
        links: vec![LinkRate::ETHERNET[0], LinkRate::Max],
        duration: Some(Duration::from_millis(3)),
        rounds: Some(2),
        keep: Keep::FirstMessages,
        ..Settings::default()
    }
}

fn run(settings: Settings) -> Measured {
    let measured = measure(&Plan::new(settings).unwrap(), &mut Silent);
    for row in &measured.measurements {
        assert_eq!(row.error, None, "{} {} {}", row.dialect, row.protection, row.link);
    }
    measured
}

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).unwrap();
    directory.join("dump.pcap")
}

#[test]
fn every_cell_gets_a_row_whose_values_agree_with_its_trials() {
    for directions in [Direction::Sign, Direction::Verify].map(|direction| vec![direction]) {
        let rows = run(Settings { directions, transmit: Transmit::None, ..small() }).measurements;
        // Serial at both, and lanes at max for all but encryption.
        assert_eq!(rows.len(), 2 * 20 + 14);
        for row in &rows {
            let signed = row.protection != Protection::Unsigned;
            assert_eq!(row.verified > 0, signed, "samples of protected cells are verified");
            let transform = if matches!(row.protection, Protection::Sealed(_)) { 52 } else { 0 };
            let stream = (row.message_bytes + 4 + transform) as f64 * 1538.0 / 1448.0;
            assert!((row.wire_bytes_per_message - stream).abs() < 1e-6, "{}", row.protection);
            assert_eq!((row.trials.len(), row.rounds), (2, 2));
            assert!(row.engine == Engine::Serial || row.link == "max");
            assert_eq!(row.added_cpu_ns_per_message.is_some(), signed);
            for trial in &row.trials {
                assert_eq!(trial.bytes, trial.messages * row.message_bytes);
                assert_eq!(trial.unsigned_ns.is_some(), signed);
            }
            let rates = row.trials.iter().map(|trial| trial.messages as f64 * 1e9 / trial.wall_ns as f64);
            let (low, high) =
                rates.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| (low.min(rate), high.max(rate)));
            assert!((0.999 * low..=1.001 * high).contains(&row.messages_per_s));
            let wire = row.messages_per_s * row.wire_bytes_per_message * 8e-9;
            assert!((wire / row.achieved_gbps - 1.0).abs() < 1e-3);
            assert_eq!(row.line_rate_held.is_some(), row.link != "max");
            if let Some(latency) = &row.latency_ns {
                assert_eq!(row.line_rate_held, Some(true));
                assert!(latency.total.p50.is_none() || latency.total.p50 <= latency.total.max);
            }
        }
    }
}

#[test]
fn several_workers_share_a_link_and_nobody_shares_a_session() {
    let settings = Settings { workers: 3, sessions: Some(7), rounds: Some(1), ..small() };
    for row in run(settings).measurements {
        assert_eq!((row.workers, row.sessions), (3, Some(7)));
        let offered = row.offered_gbps.unwrap_or(f64::INFINITY);
        assert!(row.achieved_gbps <= offered * 1.000_001, "{} of {offered}", row.achieved_gbps);
    }
}

#[test]
fn an_observer_ends_a_run_with_what_was_measured() {
    struct First(usize);
    impl Observer for First {
        fn trial_starts(&mut self, _: &Cell, done: usize) -> ControlFlow<()> {
            if done < self.0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
        fn round_ends(&mut self, _: &[Measurement]) {}
    }
    let rows = measure(&Plan::new(small()).unwrap(), &mut First(5)).measurements;
    assert_eq!(rows.iter().map(|row| row.trials.len()).sum::<usize>(), 5);
}

/// Every signature of a dump, checked with nothing but the two files.
fn verify(dump: &Path) -> usize {
    let keys: Value = serde_json::from_slice(&fs::read(dump.with_extension("json")).unwrap()).unwrap();
    let mut numbers: HashMap<usize, SequenceNumbers> = HashMap::new();
    let mut verified = 0;
    let (mut connections, mut damage) = (HashMap::new(), 0);
    for event in Events::new(File::open(dump).unwrap()).unwrap() {
        let frame = match event {
            Event::Frame(frame) => frame,
            Event::Opened(connection) => {
                connections.insert(connection.index, u64::from(connection.client.port()));
                continue;
            }
            // A dump begins in the middle of its connections.
            Event::Damage(_) => {
                damage += 1;
                continue;
            }
            Event::Closed(_) => continue,
        };
        let of_connection =
            |entry: &&Value| entry["client_port"].as_u64() == Some(connections[&frame.connection]);
        let index = &keys["connections"].as_array().unwrap().iter().find(of_connection).unwrap()["index"];
        let session =
            keys["sessions"].as_array().unwrap().iter().find(|one| &one["connection"] == index).unwrap();
        let name = session["signing_algorithm"].as_str().unwrap().to_ascii_lowercase();
        let algorithm = SigningAlgorithm::ALL.into_iter().find(|one| one.name() == name).unwrap();
        let key = session["mac_key"].as_str().or(session["signing_key"].as_str()).unwrap();
        let key = PreparedKey::new(
            &SigningKey::new(algorithm, &hex::decode(key).unwrap()).unwrap(),
            Backend::portable(),
        );
        let mut check = |bytes: &[u8], sequence| {
            assert_eq!(signing::verify(&key, frame.sender, bytes, sequence), Ok(Verdict::Verified));
            verified += 1;
        };
        if let Ok(header) = smb1::Header::parse(&frame.bytes) {
            assert_eq!(session["session_id"], format!("0x{:x}", header.uid()));
            let numbers = numbers.entry(frame.connection).or_insert_with(|| SequenceNumbers::start(header));
            let number = match frame.sender {
                Sender::Client => Some(numbers.request(header)),
                Sender::Server => numbers.response(header),
            };
            check(&frame.bytes, Some(number.unwrap()));
        } else {
            for message in smb2::Chain::new(&frame.bytes) {
                let (header, bytes) = message.unwrap();
                if header.is_signed() {
                    check(bytes, None);
                }
            }
        }
    }
    assert!(damage <= connections.len());
    assert_eq!(keys["expected"]["verified"], verified, "{}", dump.display());
    verified
}

/// Lets another implementation read a dump, where it is installed.
fn dissect(dump: &Path) {
    let tshark = Command::new("tshark").args(["-Y", "_ws.malformed", "-r"]).arg(dump).output();
    match tshark {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "", "malformed packets"),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "tshark did not look at the dump: {error}");
        }
    }
}

#[test]
fn a_dump_of_every_kind_of_bulk_message_verifies_and_dissects() {
    for (profile, message_bytes) in [
        (ProfileChoice::BulkRead, 2000),
        (ProfileChoice::BulkRead, 81),
        (ProfileChoice::BulkWrite, 113),
        (ProfileChoice::BulkWrite, (128 << 10) - 1),
        (ProfileChoice::BulkRead, 70_001),
    ] {
        let dump = scratch(&format!("bulk-{}-{message_bytes}", profile.name()));
        let links = vec![LinkRate::Max];
        let measured = run(Settings { profile, message_bytes, links, rounds: Some(1), ..small() });
        measured.dump.write(&dump).unwrap();
        assert_eq!(measured.dump.connections(), 2 * 8, "of both engines");
        assert!(verify(&dump) >= 2 * 8);
        dissect(&dump);
    }
}

#[test]
fn mixes_of_requests_and_responses_are_sealed_signed_and_verify_as_a_dump() {
    for mix in Mix::ALL {
        for directions in [Direction::Sign, Direction::Verify].map(|direction| vec![direction]) {
            let (profile, links) = (ProfileChoice::Mix(mix), vec![LinkRate::Max]);
            let measured = run(Settings { profile, links, directions, rounds: Some(1), ..small() });
            assert_eq!(measured.measurements.len(), 18 + 12, "SMB1 has other messages");
            let checked = |row: &Measurement| row.verified > 0 || row.protection == Protection::Unsigned;
            assert!(measured.measurements.iter().all(checked), "{}", mix.name());
            let dump = scratch(&format!("mix-{}", mix.name()));
            measured.dump.write(&dump).unwrap();
            assert!(verify(&dump) > 100);
        }
    }
}

#[test]
fn a_dump_can_be_played_again_as_a_capture() {
    let first = scratch("replay-source");
    run(Settings { rounds: Some(1), ..small() }).dump.write(&first).unwrap();
    let capture = ReplayedCapture::read(&first).unwrap();
    assert!(!capture.warnings().is_empty(), "a dump begins in the middle of its connections");
    let again = scratch("replay-again");
    let links = vec![LinkRate::Max];
    let profile = ProfileChoice::Capture(capture);
    let measured = run(Settings { profile, links, rounds: Some(1), ..small() });
    assert_eq!(measured.measurements.len(), 20 + 14);
    measured.dump.write(&again).unwrap();
    assert!(verify(&again) > 16);
    dissect(&again);
}

/// Captures of this repository, and all of them where the whole set lies beside it.
fn captures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sets = ["tests/data/captures", "../../shared/captures"];
    let (found, missing): (Vec<_>, Vec<_>) =
        sets.map(|set| root.join(set)).into_iter().partition(|set| set.is_dir());
    // Past the harness, which keeps what passing tests print to itself.
    let _ = writeln!(std::io::stderr(), "captures replayed from {found:?}; not there: {missing:?}");
    let files = found.iter().flat_map(|set| fs::read_dir(set).unwrap()).map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "pcap")).collect()
}

#[test]
fn the_messages_of_real_captures_are_measured_and_their_dump_verifies() {
    let dump = scratch("real");
    for file in captures() {
        let profile = ProfileChoice::Capture(ReplayedCapture::read(&file).unwrap());
        let links = vec![LinkRate::Max];
        let dialects = vec![Dialect::Smb1, Dialect::Smb210, Dialect::Smb311];
        let settings = Settings { profile, links, dialects, rounds: Some(1), ..small() };
        let plan = match Plan::new(Settings { duration: Some(Duration::from_millis(1)), ..settings }) {
            Ok(plan) => plan,
            Err(nothing) => {
                println!("{}: {nothing}", file.display());
                continue;
            }
        };
        let measured = measure(&plan, &mut Silent);
        assert!(measured.measurements.iter().all(|row| row.error.is_none()), "{}", file.display());
        measured.dump.write(&dump).unwrap();
        let verified = Command::new(env!("CARGO_BIN_EXE_smbsign")).arg("verify").arg(&dump).output().unwrap();
        assert!(
            verified.status.success(),
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&verified.stdout)
        );
    }
}

#[test]
fn a_dump_never_overwrites_itself_with_its_keys() {
    let dump = scratch("same-name").with_extension("json");
    assert!(run(Settings { rounds: Some(1), ..small() }).dump.write(&dump).is_err());
}
