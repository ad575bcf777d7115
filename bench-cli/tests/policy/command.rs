//! The real binary.

use assert_cmd::assert::Assert;
use serde_json::Value;

fn policy(arguments: &[&str]) -> Assert {
    assert_cmd::cargo::cargo_bin_cmd!("smbsign").arg("policy").args(arguments).assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn json(arguments: &[&str], code: i32) -> Value {
    let arguments: Vec<_> = arguments.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&stdout(&policy(&arguments).code(code))).unwrap()
}

#[test]
fn the_matrices_have_their_fixed_keys() {
    let matrix = json(&["matrix"], 0);
    for (name, cells) in [("smb2", 4), ("smb1", 9), ("smb1_legacy", 9)] {
        assert_eq!(matrix[name].as_array().unwrap().len(), cells, "{name}");
    }
    let failing = &matrix["smb1_legacy"][2];
    assert_eq!(
        (&failing["client"], &failing["server"], &failing["outcome"]),
        (&"required".into(), &"disabled".into(), &"fails-to-connect".into())
    );
}

#[test]
fn the_matrices_print_in_every_form() {
    for (format, words) in [
        ("table", "Signed*"),
        ("markdown", r"| Client: Not Required | Signed\* | Not signed\*\* |"),
        ("html", "<td class=\"fails-to-connect\">Fails to connect</td>"),
        ("csv", "smb1,enabled,disabled,not-signed,default for all other SMB traffic"),
    ] {
        let text = stdout(&policy(&["matrix", "--format", format]).success());
        assert!(text.contains(words), "{format}: {text}");
    }
}

#[test]
fn a_pair_is_explained_with_rules_sources_and_what_decides() {
    let pair = ["explain", "--client", "Windows 10 22H2", "--server", "Windows Server 2019"];
    let plain = json(&pair, 0);
    assert_eq!(plain["outcome"], "not-signed");
    assert_eq!(plain["because"][0]["rule"], "highest-common-dialect");
    assert!(plain["decided_by"].as_array().unwrap().iter().any(|one| one["setting"] == "server.require=0"));
    let signed = json(&[&pair[..], &["--path", "//dc1/SYSVOL"]].concat(), 0);
    assert_eq!((&signed["outcome"], &signed["algorithm"]), (&"signed".into(), &"aes-128-cmac".into()));
    assert!(!signed["assumptions"].as_array().unwrap().is_empty());
    let wanted = json(&[&pair[..], &["--want", "signed"]].concat(), 0);
    let ways: Vec<_> = wanted["ways"].as_array().unwrap().iter().map(|way| way["set"][0].clone()).collect();
    assert_eq!(ways, ["client.require=1", "server.require=1"]);
}

#[test]
fn a_pair_that_cannot_connect_is_exit_code_1() {
    let guest = json(&["explain", "--client", "Windows 11 24H2 Pro", "--server", "Samba 4.17", "--guest"], 1);
    assert_eq!((&guest["outcome"], &guest["failure"]), (&"fails-to-connect".into(), &"guest-session".into()));
    let old =
        ["explain", "--client", "Windows XP", "--server", "Windows Server 2003", "--set", "server.require=1"];
    assert_eq!(
        json(&[&old[..], &["--set", "client.enable=0"]].concat(), 1)["seen"].as_str().unwrap()[..20],
        *"STATUS_ACCESS_DENIED"
    );
    assert_eq!(json(&old, 0)["algorithm"], "md5");
}

#[test]
fn explanations_take_exports_and_name_their_lines() {
    let reg = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/inventory/lanman-v5.reg");
    let explained =
        json(&["explain", "--client", "Windows 7", "--server", "Windows Server 2019", "--server", reg], 0);
    assert_eq!(explained["outcome"], "signed");
    let decided = explained["decided_by"].as_array().unwrap();
    let require = decided.iter().find(|one| one["setting"] == "server.require=1").unwrap();
    assert!(require["origin"].as_str().unwrap().ends_with("lanman-v5.reg:12"), "{require}");
}

#[test]
fn costs_come_from_a_record() {
    let record = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/2026-11-22-amd-epyc-0544fa80");
    let pair =
        ["explain", "--client", "Windows 11 24H2 Pro", "--server", "Windows Server 2025", "--costs", record];
    let explained = json(&pair, 0);
    let costs = explained["costs"].as_array().unwrap();
    assert!(
        costs.iter().any(|cost| cost["link"] == "10GbE" && cost["added_cpu_s_per_gb"].is_f64()),
        "{costs:?}"
    );
}

#[test]
fn what_cannot_be_used_is_exit_code_2_and_says_what_can() {
    for (arguments, word) in [
        (&["explain", "--client", "Windows 12", "--server", "ksmbd"][..], "unknown system"),
        (
            &["explain", "--client", "macOS", "--server", "ksmbd", "--set", "server.guests=refused"],
            "share-encryption",
        ),
        (&["explain", "--client", "macOS", "--server", "ksmbd", "--path", "C:\\x"], "no UNC path"),
        (&["explain", "--client", "macOS", "--server", "ksmbd", "--want", "fast"], "encrypted"),
        (&["audit", "absent.toml"], "absent.toml"),
    ] {
        let refused = policy(arguments).code(2);
        let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn an_audit_is_the_same_twice_in_every_form_and_exits_as_required() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.toml");
    let fleet = "[[client]]\nname = \"<b>|a\"\nsystem = \"Windows 7\"\n[[server]]\nname = \"s\"\nsystem = \"Samba 4.17\"\n";
    std::fs::write(&file, fleet).unwrap();
    let file = file.to_str().unwrap();
    for format in ["table", "markdown", "json", "html", "csv"] {
        let once = || {
            stdout(
                &policy(&["audit", file, "--format", format, "--what-if", "server.require=true"]).success(),
            )
        };
        assert_eq!(once(), once(), "{format}");
        assert!(format != "html" || !once().contains("<b>"), "{}", once());
    }
    policy(&["audit", file, "--require", "no-failures"]).success();
    policy(&["audit", file, "--require", "signed"]).code(1);
    policy(&["audit", file, "--require", "signed", "--what-if", "server.require=true"]).success();
}
