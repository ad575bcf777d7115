//! What the matrices leave open: dialects, algorithms, encryption, guests, hardened paths, mixed generations.

use smbsign_engine::policy::{
    Account, Assumption, Client, Decision, Dialects, Eagerness, Encryption, Failure, Generation, Guests,
    HardenedPath, Outcome, Presence, Rule, Server, Setting, Side, SigningValues, UncPath, deciding,
    negotiate, ways_to,
};
use smbsign_engine::protocol::{Cipher, Dialect, SigningAlgorithm};

fn pair() -> (Client, Server) {
    (Client::windows(), Server::windows())
}

fn path() -> UncPath {
    UncPath::new("files", "projects")
}

fn ask(client: &Client, server: &Server) -> Decision {
    negotiate(client, server, &path(), Account::User)
}

fn rules(decision: &Decision) -> Vec<Rule> {
    decision.because.iter().map(|reason| reason.rule).collect()
}

#[test]
fn the_highest_common_dialect_is_spoken_and_brings_its_algorithm() {
    let expected = [
        (Dialect::Smb202, SigningAlgorithm::HmacSha256),
        (Dialect::Smb210, SigningAlgorithm::HmacSha256),
        (Dialect::Smb300, SigningAlgorithm::AesCmac),
        (Dialect::Smb302, SigningAlgorithm::AesCmac),
        (Dialect::Smb311, SigningAlgorithm::AesGmac),
    ];
    for (dialect, algorithm) in expected {
        let (mut client, mut server) = pair();
        client.apply(&Setting::Require(1));
        server.apply(&Setting::MaxDialect(dialect));
        let decision = ask(&client, &server);
        assert_eq!((decision.dialect, decision.algorithm), (Some(dialect), Some(algorithm)));
    }
}

#[test]
fn ends_without_a_common_dialect_do_not_connect() {
    let (client, mut server) = pair();
    server.endpoint.dialects = Dialects { smb1: Presence::Present, ..Dialects::up_to(Dialect::Smb1) };
    let decision = ask(&client, &server);
    assert_eq!((decision.failure, decision.dialect), (Some(Failure::NoCommonDialect), None));
}

#[test]
fn the_servers_order_chooses_the_algorithm_and_a_difference_is_said() {
    use SigningAlgorithm::{AesCmac, AesGmac, HmacSha256};
    let chosen = |of_client: &[SigningAlgorithm], of_server: &[SigningAlgorithm]| {
        let (mut client, mut server) = pair();
        client.apply(&Setting::Require(1));
        client.apply(&Setting::SigningAlgorithms(of_client.to_vec()));
        server.apply(&Setting::SigningAlgorithms(of_server.to_vec()));
        let decision = ask(&client, &server);
        (decision.algorithm.unwrap(), decision.assumptions.contains(&Assumption::ServerOrder))
    };
    assert_eq!(chosen(&[AesGmac, AesCmac], &[AesCmac, HmacSha256]), (AesCmac, false));
    assert_eq!(chosen(&[AesGmac, AesCmac], &[AesCmac, AesGmac]), (AesCmac, true));
    // Nothing negotiated, or nothing in common: AES-CMAC (MS-SMB2 3.3.5.4).
    assert_eq!(chosen(&[AesGmac], &[]), (AesCmac, false));
    assert_eq!(chosen(&[], &[AesGmac]), (AesCmac, false));
    assert_eq!(chosen(&[AesGmac], &[HmacSha256]), (AesCmac, false));
}

#[test]
fn encryption_takes_the_place_of_signing() {
    let (mut client, mut server) = pair();
    client.apply(&Setting::Require(1));
    server.apply(&Setting::Encryption(Encryption::Required));
    let decision = ask(&client, &server);
    assert_eq!((decision.outcome, decision.algorithm), (Outcome::Encrypted, None));
    assert_eq!(decision.cipher, Some(Cipher::Aes128Gcm));
    client.apply(&Setting::MaxDialect(Dialect::Smb302));
    assert_eq!(ask(&client, &server).cipher, Some(Cipher::Aes128Ccm));
}

#[test]
fn who_cannot_encrypt_is_refused_where_it_is_required_and_served_where_it_is_desired() {
    let (mut client, mut server) = pair();
    client.apply(&Setting::MaxDialect(Dialect::Smb210));
    server.apply(&Setting::Encryption(Encryption::Required));
    assert_eq!(ask(&client, &server).failure, Some(Failure::CannotEncrypt));
    server.apply(&Setting::Encryption(Encryption::Desired));
    assert_eq!(ask(&client, &server).outcome, Outcome::NotSigned);
    server.apply(&Setting::Require(1));
    assert_eq!(ask(&client, &server).outcome, Outcome::Signed);
}

#[test]
fn a_share_may_be_encrypted_for_itself() {
    let (client, mut server) = pair();
    server.apply(&Setting::ShareEncryption("finance".to_owned(), Encryption::Required));
    let of = |share| negotiate(&client, &server, &UncPath::new("files", share), Account::User).outcome;
    assert_eq!((of("Finance"), of("projects")), (Outcome::Encrypted, Outcome::NotSigned));
}

#[test]
fn hardened_paths_sign_sysvol_whatever_the_server_says() {
    let (mut client, server) = pair();
    let demands = "RequireMutualAuthentication=1, RequireIntegrity=1";
    client.apply(&Setting::Hardened(HardenedPath::parse(r"\\*\SYSVOL", demands).unwrap()));
    let of = |share| negotiate(&client, &server, &UncPath::new("dc1", share), Account::User);
    let sysvol = of("SYSVOL");
    assert_eq!(sysvol.outcome, Outcome::Signed);
    assert!(rules(&sysvol).contains(&Rule::HardenedIntegrity));
    assert_eq!(sysvol.assumptions, [Assumption::Kerberos]);
    assert_eq!(of("projects").outcome, Outcome::NotSigned);
}

#[test]
fn privacy_of_a_hardened_path_encrypts_or_fails() {
    let (mut client, mut server) = pair();
    client.apply(&Setting::Hardened(HardenedPath::parse(r"\\files\*", "RequirePrivacy=1").unwrap()));
    assert_eq!(ask(&client, &server).outcome, Outcome::Encrypted);
    server.apply(&Setting::MaxDialect(Dialect::Smb210));
    assert_eq!(ask(&client, &server).failure, Some(Failure::CannotEncrypt));
}

#[test]
fn guests_are_never_signed() {
    let guest = |client: &Client, server: &Server| negotiate(client, server, &path(), Account::Guest);
    let (mut client, mut server) = pair();
    client.apply(&Setting::Guests(Guests::Accepted));
    server.apply(&Setting::Require(1));
    assert_eq!(guest(&client, &server).outcome, Outcome::NotSigned);
    server.apply(&Setting::Encryption(Encryption::Required));
    assert_eq!(guest(&client, &server).failure, Some(Failure::GuestSession));
    server.apply(&Setting::Encryption(Encryption::Off));
    client.apply(&Setting::Require(1));
    let decision = guest(&client, &server);
    assert_eq!(decision.failure, Some(Failure::GuestSession));
    assert!(rules(&decision).contains(&Rule::GuestsCannotSign));
    client.apply(&Setting::Require(0));
    client.apply(&Setting::Guests(Guests::Refused));
    assert!(rules(&guest(&client, &server)).contains(&Rule::GuestsRefused));
}

#[test]
fn one_legacy_end_answers_with_the_assumption_where_it_matters() {
    let smb1 = |of_client, of_server| {
        let (mut client, mut server) = pair();
        for (endpoint, (values, generation)) in
            [(&mut client.endpoint, of_client), (&mut server.endpoint, of_server)]
        {
            endpoint.signing = values;
            endpoint.smb1_generation = generation;
            endpoint.dialects = Dialects { smb1: Presence::Present, ..Dialects::up_to(Dialect::Smb1) };
        }
        let decision = ask(&client, &server);
        (decision.outcome, decision.assumptions.contains(&Assumption::MixedGenerations))
    };
    let (disabled, required) = (SigningValues::new(0, 0), SigningValues::new(1, 1));
    let (legacy, current) = (Generation::Legacy, Generation::Current);
    assert_eq!(smb1((disabled, legacy), (required, current)), (Outcome::FailsToConnect, true));
    assert_eq!(smb1((disabled, current), (required, legacy)), (Outcome::Signed, true));
    assert_eq!(smb1((required, current), (disabled, legacy)), (Outcome::FailsToConnect, true));
    let enabled = SigningValues::windows(Side::Client);
    assert_eq!(smb1((enabled, legacy), (required, current)), (Outcome::Signed, false));
}

#[test]
fn the_settings_that_decide_are_those_whose_change_would_change_the_outcome() {
    let named = |client: &Client, server: &Server| -> Vec<_> {
        let found = deciding(client, server, &path(), Account::User);
        found.into_iter().map(|(side, setting)| format!("{}.{}", side.name(), setting.name())).collect()
    };
    let (mut client, mut server) = pair();
    let all = ["client.require", "client.encryption", "server.require", "server.encryption"];
    assert_eq!(named(&client, &server), all);
    server.apply(&Setting::Require(1));
    assert_eq!(named(&client, &server), ["client.encryption", "server.require", "server.encryption"]);
    client.apply(&Setting::Require(1));
    assert_eq!(named(&client, &server), ["client.encryption", "server.encryption"]);
}

#[test]
fn every_way_leads_where_it_says() {
    let (mut client, mut server) = pair();
    client.apply(&Setting::Require(1));
    server.apply(&Setting::Require(1));
    for wanted in Outcome::ALL {
        for way in ways_to(wanted, &client, &server, &path(), Account::User) {
            assert_eq!(way.decision.outcome, wanted);
            let (mut client, mut server) = (client.clone(), server.clone());
            for change in &way.changes {
                match change.side {
                    Side::Client => client.apply(&change.setting),
                    Side::Server => server.apply(&change.setting),
                }
            }
            assert_eq!(ask(&client, &server).outcome, wanted);
        }
    }
    // Both must let go before nothing is signed.
    let unsigned = ways_to(Outcome::NotSigned, &client, &server, &path(), Account::User);
    assert!(!unsigned.is_empty() && unsigned.iter().all(|way| way.changes.len() == 2), "{unsigned:?}");
}

#[test]
fn a_client_may_sign_unasked() {
    let (mut client, server) = pair();
    client.apply(&Setting::Signing(Eagerness::WheneverPossible));
    client.apply(&Setting::Guests(Guests::Accepted));
    let decision = ask(&client, &server);
    assert_eq!(decision.outcome, Outcome::Signed);
    assert!(rules(&decision).contains(&Rule::ClientSignsUnasked));
    // It does not insist: a guest is served.
    assert_eq!(negotiate(&client, &server, &path(), Account::Guest).outcome, Outcome::NotSigned);
}

#[test]
fn smb1_ends_that_exclude_each_other_do_so_for_guests_too() {
    let (mut client, mut server) = pair();
    for endpoint in [&mut client.endpoint, &mut server.endpoint] {
        endpoint.dialects = Dialects { smb1: Presence::Present, ..Dialects::up_to(Dialect::Smb1) };
        endpoint.smb1_generation = Generation::Legacy;
    }
    client.endpoint.signing = SigningValues::new(0, 0);
    server.endpoint.signing = SigningValues::new(1, 1);
    let decision = negotiate(&client, &server, &path(), Account::Guest);
    assert_eq!(decision.failure, Some(Failure::ServerRequiresSigning));
}
