//! Exports as the real tools write them, byte order marks and CRLF included, and damaged ones.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use smbsign::inventory::{
    Audited, Layer, Observed, Source, audit_events, gpt_tmpl, powershell, read, reg_file, registry_pol, samba,
};
use smbsign_engine::protocol::Dialect;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/inventory").join(name)
}

fn source(name: &str) -> Source {
    read(&fixture(name)).unwrap()
}

fn changes(source: &Source) -> Vec<String> {
    source.statements.iter().map(|statement| statement.change.to_string()).collect()
}

/// Warnings without their directory: `damaged.reg:4: …`.
fn warnings(source: &Source) -> Vec<String> {
    let name = |place: &str| place.rsplit('/').next().unwrap().to_owned();
    source
        .warnings
        .iter()
        .map(|warning| format!("{}: {}", name(&warning.place.to_string()), warning.text))
        .collect()
}

/// The place of each warning has the line, and its text the word.
fn warned(source: &Source, expected: &[(&str, &str)]) {
    let warnings = warnings(source);
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (place, word) in expected {
        let found =
            warnings.iter().any(|text| text.starts_with(&format!("{place}: ")) && text.contains(word));
        assert!(found, "{place} {word}: {warnings:#?}");
    }
}

const HARDENED: [&str; 2] = [
    r"client.hardened=\\*\sysvol: RequireMutualAuthentication=1, RequireIntegrity=1, RequirePrivacy=0",
    r"client.hardened=\\*\netlogon: RequireMutualAuthentication=1, RequireIntegrity=1, RequirePrivacy=0",
];

#[test]
fn a_reg_file_of_version_5_is_read_with_its_layers_and_lines() {
    let source = source("lanman-v5.reg");
    warned(&source, &[]);
    let mut expected = vec![
        "server.enable=0",
        "server.require=1",
        "server.smb1=present",
        "client.enable=1",
        "client.require=0",
        "client.guests=accepted",
    ];
    expected.extend(HARDENED);
    expected.push("server.encryption=desired");
    assert_eq!(changes(&source), expected);
    assert_eq!(source.statements[1].place.line, Some(12));
    assert_eq!(source.statements[1].layer, Layer::Local);
    assert_eq!(source.statements[6].layer, Layer::GroupPolicy);
}

#[test]
fn a_reg_file_of_version_4_is_read_whatever_its_case() {
    let source = source("lanman-v4.reg");
    warned(&source, &[]);
    let expected = ["server.enable=1", "server.require=0", "client.require=1", "client.smb1=removed"];
    assert_eq!(changes(&source), expected);
}

#[test]
fn a_damaged_reg_file_says_what_is_wrong_where_and_gives_the_rest() {
    let source = source("damaged.reg");
    warned(
        &source,
        &[
            ("damaged.reg:4", "REG_SZ"),
            ("damaged.reg:5", "dword"),
            ("damaged.reg:6", "no value that SMB knows"),
            ("damaged.reg:7", "second time"),
            ("damaged.reg:7", "neither 0 nor 1"),
            ("damaged.reg:8", "torn"),
            ("damaged.reg:11", "second time"),
        ],
    );
    assert_eq!(changes(&source), ["server.require=7", "client.require=0", "client.require=1"]);
}

#[test]
fn a_security_template_is_group_policy() {
    let source = source("GptTmpl.inf");
    warned(&source, &[]);
    assert_eq!(changes(&source), ["server.require=1", "server.enable=1"]);
    assert!(source.statements.iter().all(|statement| statement.layer == Layer::GroupPolicy));
    assert_eq!(source.statements[0].place.line, Some(9));
}

#[test]
fn a_policy_file_brings_hardened_paths() {
    let source = source("Registry.pol");
    warned(&source, &[]);
    let expected = [
        HARDENED[1].to_owned(),
        HARDENED[0].replace("Privacy=0", "Privacy=1"),
        "client.guests=refused".to_owned(),
    ];
    assert_eq!(changes(&source), expected);
}

#[test]
fn powershells_configurations_are_what_runs() {
    let server = source("server-configuration.json");
    warned(&server, &[]);
    let expected = [
        "server.require=1",
        "server.enable=0",
        "server.smb1=removed",
        "server.encryption=off",
        "server.ciphers=aes-128-gcm,aes-128-ccm,aes-256-gcm,aes-256-ccm",
    ];
    assert_eq!(changes(&server), expected);
    let client = source("client-configuration.json");
    warned(&client, &[]);
    let expected = [
        "client.require=0",
        "client.enable=1",
        "client.guests=refused",
        "client.encryption=off",
        "client.ciphers=aes-256-gcm,aes-128-gcm",
        "client.min-dialect=3.0",
        "client.max-dialect=3.1.1",
    ];
    assert_eq!(changes(&client), expected);
    assert_eq!(client.machine.as_deref(), Some("WS17"));
    assert!(client.statements.iter().all(|statement| statement.layer == Layer::Running));
}

#[test]
fn connections_and_sessions_are_observations() {
    let connections = source("connections.json");
    warned(&connections, &[]);
    let seen: Vec<_> = connections
        .observations
        .iter()
        .map(|seen| match &seen.observed {
            Observed::Connection { peer, share, dialect, signed, .. } => {
                (peer.clone(), share.clone().unwrap(), *dialect, *signed)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = |peer: &str, share: &str, signed| {
        (peer.to_owned(), share.to_owned(), Some(Dialect::Smb311), Some(signed))
    };
    assert_eq!(seen, [expected("files", "projects", false), expected("dc1.corp.example", "SYSVOL", true)]);
    let sessions = source("sessions.json");
    warned(&sessions, &[]);
    assert!(matches!(
        &sessions.observations[0].observed,
        Observed::Connection { peer, dialect: Some(Dialect::Smb302), .. } if peer == "10.0.0.7"
    ));
}

#[test]
fn damaged_json_says_what_is_wrong_and_gives_the_rest() {
    let source = source("damaged.json");
    warned(
        &source,
        &[
            ("damaged.json:2", "neither true nor false"),
            ("damaged.json:3", "twice"),
            ("damaged.json:5", "rot13"),
            ("damaged.json:6", "SMB999"),
        ],
    );
    assert_eq!(changes(&source), ["server.require=0", "server.ciphers=aes-128-gcm"]);
    warned(&powershell("x.json", b"[{\"a\":\n1"), &[("x.json:2", "no JSON")]);
    warned(&powershell("x.json", b"[1, {\"Name\": 2}]"), &[("x.json", "no object"), ("x.json", "no answer")]);
}

#[test]
fn audit_events_name_the_peers_that_lack_something() {
    let seen = |name: &str| -> Vec<_> {
        let source = source(name);
        warned(&source, &[]);
        source
            .observations
            .iter()
            .map(|seen| match &seen.observed {
                Observed::Audit { lacks, peer, .. } => (*lacks, peer.clone().unwrap()),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let (signing, encryption) = (Audited::Signing, Audited::Encryption);
    let expected = [(signing, "10.0.0.9".to_owned()), (encryption, "10.0.0.10".to_owned())];
    assert_eq!(seen("audit-server.csv"), expected);
    let expected = [(signing, "nas01".to_owned()), (encryption, "nas01".to_owned())];
    assert_eq!(seen("audit-client.csv"), expected);
    warned(&audit_events("x.csv", b"a,b\n1,2\n"), &[("x.csv:1", "no column")]);
    warned(
        &audit_events("x.csv", b"Id,Message\nmany,x\n3021,nothing\n"),
        &[("x.csv:2", "many"), ("x.csv:3", "no client")],
    );
}

#[test]
fn smb_conf_and_what_testparm_makes_of_it_say_the_same() {
    let expected = [
        "client.enable=0",
        "client.require=0",
        "client.signing=when-required",
        "client.smb1-generation=current",
        "server.enable=1",
        "server.encryption=desired",
        "server.min-dialect=2.1",
        "server.require=1",
        "server.share-encryption=finance: required",
        "server.signing-algorithms=aes-128-cmac,hmac-sha256",
        "server.smb1-generation=current",
        "server.smb1=removed",
    ];
    // testparm leaves out what is the default: `server max protocol = SMB3`.
    for (name, more) in [("smb.conf", Some("server.max-dialect=3.1.1")), ("testparm.txt", None)] {
        let source = source(name);
        warned(&source, &[]);
        let mut found = changes(&source);
        found.sort();
        let mut expected: Vec<_> = expected.into_iter().chain(more).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}");
        assert_eq!(source.machine.as_deref(), Some("NAS01"));
    }
}

#[test]
fn an_ad_domain_controller_of_samba_requires_signing_unless_it_says_otherwise() {
    let of = |text: &str| changes(&samba("smb.conf", text.as_bytes()));
    let dc = "[global]\nserver role = active directory domain controller\n";
    assert!(of(dc).contains(&"server.require=1".to_owned()));
    assert!(of(&format!("{dc}server signing = disabled\n")).contains(&"server.require=0".to_owned()));
}

#[test]
fn a_damaged_smb_conf_says_what_is_wrong_and_gives_the_rest() {
    let source = source("damaged.conf");
    warned(
        &source,
        &[
            ("damaged.conf:2", "perhaps"),
            ("damaged.conf:3", "second time"),
            ("damaged.conf:4", "SMB9"),
            ("damaged.conf:5", "MD5"),
            ("damaged.conf:6", "testparm"),
            ("damaged.conf:7", "torn"),
            ("damaged.conf:8", "[x"),
            ("damaged.conf:9", "nonsense"),
        ],
    );
    let found = changes(&source);
    assert!(found.contains(&"server.enable=1".to_owned()), "{found:?}");
    assert!(found.contains(&"server.signing-algorithms=aes-128-gmac".to_owned()), "{found:?}");
}

#[test]
fn an_export_is_known_by_how_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lanman-v5.reg", "GptTmpl.inf", "Registry.pol", "server-configuration.json", "smb.conf"] {
        let copy = folder.path().join(name.replace('.', "-"));
        std::fs::copy(fixture(name), &copy).unwrap();
        assert_eq!(changes(&read(&copy).unwrap()), changes(&source(name)), "{name}");
    }
    let other = folder.path().join("other");
    std::fs::write(&other, "shopping list").unwrap();
    assert!(read(&other).unwrap().warnings[0].text.contains("no export"));
}

type Reader = fn(&str, &[u8]) -> Source;
const READERS: [(Reader, &str); 6] = [
    (reg_file, "lanman-v5.reg"),
    (gpt_tmpl, "GptTmpl.inf"),
    (registry_pol, "Registry.pol"),
    (powershell, "connections.json"),
    (audit_events, "audit-server.csv"),
    (samba, "smb.conf"),
];

#[test]
fn an_export_cut_anywhere_gives_a_part_of_what_it_says() {
    for (reader, name) in READERS {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let whole = reader(name, &bytes).statements.len();
        for end in 0..bytes.len() {
            assert!(reader(name, &bytes[..end]).statements.len() <= whole + 1, "{name} cut at {end}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(noise in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..2000) {
        for (reader, name) in READERS {
            reader("noise", &noise);
            let mut bytes = std::fs::read(fixture(name)).unwrap();
            let at = at % bytes.len();
            bytes.splice(at..at, noise.iter().copied());
            reader(name, &bytes);
        }
    }
}
