//! Fleets, from fleet.toml and from directories of exports.

use std::fs;
use std::path::Path;

use smbsign::audit::{Audit, Requirement};
use smbsign::inventory::{Fleet, Systems};
use smbsign_engine::policy::Outcome;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/inventory").join(name)
}

/// A fleet.toml in a directory of its own, with the fixtures that it names.
fn fleet(text: &str, exports: &[&str]) -> Result<Fleet, String> {
    let folder = tempfile::tempdir().unwrap();
    for export in exports {
        fs::copy(fixture(export), folder.path().join(export)).unwrap();
    }
    let file = folder.path().join("fleet.toml");
    fs::write(&file, text).unwrap();
    Fleet::read(&file, Systems::shipped()).map_err(|error| error.to_string())
}

const OFFICE: &str = r#"
[[client]]
name = "office"
count = 900
system = "Windows 10 22H2 Enterprise"
wan_optimiser = true

[[client]]
name = "lathe"
count = 3
system = "Windows XP"

[[server]]
name = "dc"
count = 2
system = "Windows Server 2022 DC"

[[server]]
name = "files"
system = "Windows Server 2019"
set = ["enable=1", "server.smb1=present"]
"#;

fn audit(text: &str, what_if: &[&str], require: &[Requirement]) -> Audit {
    let changes: Vec<_> = what_if.iter().map(|change| change.parse().unwrap()).collect();
    Audit::of(&fleet(text, &[]).unwrap(), &changes, require)
}

#[test]
fn the_matrix_has_a_cell_for_every_share_with_counts() {
    let audit = audit(OFFICE, &[], &[]);
    let cells: Vec<_> = audit
        .cells
        .iter()
        .map(|cell| {
            (cell.client.as_str(), cell.server.as_str(), cell.share.as_str(), cell.pairs, cell.outcome)
        })
        .collect();
    assert_eq!(
        cells,
        [
            ("lathe", "dc", "NETLOGON", 6, Outcome::FailsToConnect),
            ("lathe", "dc", "SYSVOL", 6, Outcome::FailsToConnect),
            ("lathe", "files", "share", 3, Outcome::Signed),
            ("office", "dc", "NETLOGON", 1800, Outcome::Signed),
            ("office", "dc", "SYSVOL", 1800, Outcome::Signed),
            ("office", "files", "share", 900, Outcome::NotSigned),
        ]
    );
    assert_eq!(audit.totals.outcomes["signed"], 3603);
    assert_eq!(audit.totals.dialects["SMB1"], 3);
    assert_eq!(audit.totals.algorithms["aes-128-cmac"], 3600);
    assert_eq!((audit.fleet.clients, audit.fleet.pairs), (903, 4515));
}

#[test]
fn findings_name_what_the_article_advises_against() {
    let audit =
        audit(&OFFICE.replace("Server 2022 DC\"", "Server 2022 DC\"\nset = [\"require=0\"]"), &[], &[]);
    let ids: Vec<_> = audit.findings.iter().map(|finding| finding.id).collect();
    for expected in [
        "dc-signing-not-required",
        "enable-setting-used",
        "falls-to-smb1",
        "guests-accepted",
        "no-common-dialect",
        "not-signed",
        "smb1-legacy",
        "smb1-only",
        "smb1-present",
        "wan-optimiser",
    ] {
        assert!(ids.contains(&expected), "{expected}: {ids:?}");
    }
    let severities: Vec<_> = audit.findings.iter().map(|finding| finding.severity).collect();
    assert!(severities.is_sorted());
    assert!(audit.findings.iter().all(|finding| !finding.source.is_empty() && !finding.about.is_empty()));
}

#[test]
fn a_fleet_in_good_order_has_no_findings() {
    let text = r#"
        [[client]]
        name = "office"
        system = "Windows 11 24H2 Enterprise"
        [[server]]
        name = "dc"
        system = "Windows Server 2025 DC"
    "#;
    assert_eq!(audit(text, &[], &[]).findings, []);
}

#[test]
fn what_if_tells_what_a_change_would_do_and_what_speaks_against_it() {
    let audit = audit(OFFICE, &["server.require=true"], &[Requirement::Signed]);
    let what_if = audit.what_if.unwrap();
    let changes: Vec<_> = what_if
        .changes
        .iter()
        .map(|change| {
            (change.client.as_str(), change.server.as_str(), change.from.as_str(), change.to.as_str())
        })
        .collect();
    // XP and the file server enable SMB1 signing, so that they sign already.
    let expected = ("office", "files", "not-signed 3.1.1", "signed aes-128-cmac 3.1.1");
    assert_eq!(changes, [expected]);
    assert!(what_if.advised_against.is_empty());
    assert!(audit.required[0].met);
}

#[test]
fn requirements_count_the_pairs_that_do_not_meet_them() {
    let all = [Requirement::Signed, Requirement::Encrypted, Requirement::NoFailures];
    let audit = audit(OFFICE, &[], &all);
    let failing: Vec<_> = audit.required.iter().map(|required| required.failing_pairs).collect();
    assert_eq!(failing, [900, 4503, 12]);
    assert!(audit.required.iter().all(|required| !required.met));
}

#[test]
fn group_policy_goes_over_the_local_registry_and_what_runs_over_both() {
    let text = r#"
        group_policy = ["GptTmpl.inf"]
        [[client]]
        name = "c"
        system = "Windows 7"
        [[server]]
        name = "registry"
        system = "Windows Server 2019"
        exports = ["lanman-v4.reg"]
        [[server]]
        name = "running"
        system = "Windows Server 2019"
        exports = ["lanman-v4.reg", "server-configuration.json"]
        [[server]]
        name = "samba"
        system = "Samba 4.17"
    "#;
    let fleet = fleet(text, &["GptTmpl.inf", "lanman-v4.reg", "server-configuration.json"]).unwrap();
    let found: Vec<_> = fleet.servers.iter().map(|group| group.machine.server.endpoint.signing).collect();
    let values = |require, enable| smbsign_engine::policy::SigningValues::new(require, enable);
    // The local registry has 0 and 1, the policy 1 and 1, the running server 1 and 0; Samba takes no Group Policy.
    assert_eq!(found, [values(1, 1), values(1, 0), values(0, 0)]);
}

#[test]
fn a_directory_is_a_fleet_and_what_was_seen_is_held_against_it() {
    let folder = tempfile::tempdir().unwrap();
    for (machine, exports) in [
        ("ws17", &["client-configuration.json", "connections.json"][..]),
        ("files", &["server-configuration.json", "audit-server.csv"]),
    ] {
        fs::create_dir(folder.path().join(machine)).unwrap();
        for export in exports {
            fs::copy(fixture(export), folder.path().join(machine).join(export)).unwrap();
        }
    }
    fs::copy(fixture("Registry.pol"), folder.path().join("Registry.pol")).unwrap();
    fs::write(folder.path().join("notes.txt"), "not an export").unwrap();
    let fleet = Fleet::read(folder.path(), Systems::shipped()).unwrap();
    assert_eq!(fleet.clients.len(), 2);
    assert_eq!(fleet.clients[1].client().hardened_paths.len(), 2);
    let audit = Audit::of(&fleet, &[], &[]);
    // Nobody connects to itself.
    assert_eq!(audit.cells.iter().map(|cell| cell.pairs).collect::<Vec<_>>(), [1, 1]);
    let differs: Vec<_> = audit.observed.iter().map(|pair| (pair.server.as_str(), pair.agrees)).collect();
    assert_eq!(differs, [("dc1.corp.example", None), ("files", Some(false))]);
    let ids: Vec<_> = audit.findings.iter().map(|finding| finding.id).collect();
    assert!(ids.contains(&"observed-differs") && ids.contains(&"peer-cannot-sign"), "{ids:?}");
}

#[test]
fn a_wrong_fleet_is_an_error_that_names_the_place() {
    for (text, word) in [
        ("[[client]]\nnme = \"x\"", "line 2"),
        ("[[client]]\nname = \"x\"\nsystem = \"Windows 12\"", "unknown system"),
        ("[[client]]\nname = \"x\"\nset = [\"speed=9\"]", "no setting of a client"),
        ("[[client]]\nname = \"x\"\nexports = [\"absent.reg\"]", "absent.reg"),
        ("[[client]]\nname = \"x\"", "no servers"),
    ] {
        let error = fleet(text, &[]).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_hundred_thousand_clients_and_two_hundred_servers_are_ten_thousand_cells() {
    let clients = (0..50)
        .map(|index| format!("[[client]]\nname = \"c{index}\"\ncount = 2000\nsystem = \"Windows 7\"\n"));
    let servers =
        (0..200).map(|index| format!("[[server]]\nname = \"s{index}\"\nsystem = \"Windows Server 2019\"\n"));
    let audit = audit(&clients.chain(servers).collect::<String>(), &["server.require=1"], &[]);
    assert_eq!((audit.cells.len(), audit.fleet.pairs), (10_000, 20_000_000));
    assert_eq!(audit.what_if.unwrap().changes.len(), 10_000);
}

#[test]
fn exports_that_are_alike_are_one_group_and_nobody_connects_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..30 {
        let machine = folder.path().join(format!("ws{index:02}"));
        fs::create_dir(&machine).unwrap();
        let export = if index < 20 { "lanman-v4.reg" } else { "lanman-v5.reg" };
        fs::copy(fixture(export), machine.join(export)).unwrap();
    }
    let audit = Audit::of(&Fleet::read(folder.path(), Systems::shipped()).unwrap(), &[], &[]);
    let cells: Vec<_> =
        audit.cells.iter().map(|cell| (cell.client.as_str(), cell.server.as_str(), cell.pairs)).collect();
    assert_eq!(
        cells,
        [
            ("ws00 +19", "ws00 +19", 380),
            ("ws00 +19", "ws20 +9", 200),
            ("ws20 +9", "ws00 +19", 200),
            ("ws20 +9", "ws20 +9", 90)
        ]
    );
}
