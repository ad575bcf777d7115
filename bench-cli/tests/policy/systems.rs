//! The defaults of systems.

use smbsign::inventory::{Origin, Systems};
use smbsign_engine::policy::{Account, Presence, Role, Setting, Side, Smb2Signing, UncPath, negotiate};
use smbsign_engine::protocol::{Dialect, SigningAlgorithm};

#[test]
fn what_is_published_of_signing_by_default_is_what_the_systems_have() {
    use Smb2Signing::{NotRequired, Required};
    // FACTS.md §5: outbound, inbound.
    for (system, client, server) in [
        ("Windows XP", NotRequired, NotRequired),
        ("Windows 7", NotRequired, NotRequired),
        ("Windows 10 22H2", NotRequired, NotRequired),
        ("Windows Server 2022", NotRequired, NotRequired),
        ("Windows Server 2022 DC", NotRequired, Required),
        ("windows server 2012 r2 domain controller", NotRequired, Required),
        ("Windows 11 23H2 Pro", NotRequired, NotRequired),
        ("Windows 11 24H2 Pro", Required, Required),
        ("Windows 11 24H2 Enterprise", Required, Required),
        ("Windows 11 25H2 Education", Required, Required),
        ("Windows 11 24H2 Home", NotRequired, NotRequired),
        ("Windows Server 2025", Required, NotRequired),
        ("Windows Server 2025 DC", Required, Required),
        ("Samba 4.17", NotRequired, NotRequired),
        ("Samba 4.25 AD DC", NotRequired, Required),
        ("ksmbd", NotRequired, NotRequired),
        ("Linux cifs", NotRequired, NotRequired),
        ("macOS", NotRequired, NotRequired),
    ] {
        let machine = Systems::shipped().machine(system).unwrap();
        let found = (machine.client.endpoint.signing.smb2(), machine.server.endpoint.signing.smb2());
        assert_eq!(found, (client, server), "{system}");
    }
}

#[test]
fn gmac_comes_with_windows_11_server_2022_and_samba_4_15() {
    let first = |system| {
        Systems::shipped().machine(system).unwrap().server.endpoint.signing_algorithms.first().copied()
    };
    let gmac = Some(SigningAlgorithm::AesGmac);
    for system in ["Windows 11 21H2", "Windows Server 2022", "Windows Server 2025", "Samba 4.15"] {
        assert_eq!(first(system), gmac, "{system}");
    }
    for system in ["Windows 10 22H2", "Windows Server 2019", "Samba 4.14", "ksmbd"] {
        assert_ne!(first(system), gmac, "{system}");
    }
}

#[test]
fn every_name_is_known_and_every_setting_names_its_source() {
    let systems = Systems::shipped();
    let mut names = Vec::new();
    for system in systems.all() {
        for name in &system.names {
            let machine = systems.machine(name).unwrap();
            let origin = machine.origin(Side::Client, &Setting::Smb1(Presence::Present));
            let origin = origin.or_else(|| machine.origin(Side::Server, &Setting::Smb1(Presence::Present)));
            assert!(matches!(origin, Some(Origin::Default { .. })), "{name}");
            assert!(!names.contains(&name.to_lowercase()), "{name} twice");
            names.push(name.to_lowercase());
        }
    }
}

#[test]
fn windows_2000_controllers_enable_and_do_not_require() {
    let server = Systems::shipped().machine("Windows 2000 Server DC").unwrap().server;
    assert_eq!((server.role, server.endpoint.signing.smb1().name()), (Role::DomainController, "enabled"));
}

#[test]
fn an_unknown_system_is_answered_with_those_like_it() {
    let error = Systems::shipped().machine("Windows 11 30H9").unwrap_err().to_string();
    assert!(error.contains("Windows 11 24H2 Pro") && !error.contains("Samba"), "{error}");
}

#[test]
fn a_users_file_takes_the_place_of_a_system_and_adds_others() {
    let mut systems = Systems::shipped();
    let text = r#"
        [[system]]
        name = "Windows Server 2025"
        like = "Windows Server 2022"
        [[system.default]]
        set = ["server.require=1"]
        source = "our own measurement"
        date = "2026-11-01"
        disagrees = "Microsoft Learn"
        [[system]]
        name = "Toaster"
        [[system.default]]
        set = ["server.max-dialect=SMB1", "server.smb1=present"]
        source = "its manual"
        date = "1999-01-01"
    "#;
    systems.parse_over("ours.toml", text).unwrap();
    let server = systems.machine("Windows Server 2025").unwrap();
    assert_eq!(server.server.endpoint.signing.smb2(), Smb2Signing::Required);
    let origin = server.origin(Side::Server, &Setting::Require(0)).unwrap().to_string();
    assert!(origin.contains("our own measurement") && origin.contains("but Microsoft Learn"), "{origin}");
    let toaster = systems.machine("toaster").unwrap();
    let client = systems.machine("Windows 7").unwrap();
    let path = UncPath::new("toaster", "bread");
    let decision = negotiate(&client.client, &toaster.server, &path, Account::User);
    assert_eq!(decision.dialect, Some(Dialect::Smb1));
    for (wrong, word) in [
        ("[[system]]\nname = \"a\"\nlike = \"b\"", "no system before it"),
        (
            "[[system]]\nname = \"a\"\n[[system.default]]\nset = [\"server.rule=1\"]\nsource=\"\"\ndate=\"2020-01-01\"",
            "no setting",
        ),
        ("[[system]]\nname = 1", "line 2"),
    ] {
        let error = systems.parse_over("wrong.toml", wrong).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
